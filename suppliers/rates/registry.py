"""Which sources of exchange rates there are, by the name that the settings give."""

from __future__ import annotations

from suppliers.rates.base import RateSource
from suppliers.rates.ecb import EuropeanCentralBank
from suppliers.rates.open_rates import OpenRates

SOURCES: dict[str, type[RateSource]] = {
    "ecb": EuropeanCentralBank,
    "open-rates": OpenRates,
}


class UnknownSource(ValueError):
    """No source goes by this name."""


def open_source(name: str, address: str = "") -> RateSource:
    """Return the source of that name; nothing is asked yet. Raises UnknownSource."""
    if name not in SOURCES:
        raise UnknownSource(name)
    return SOURCES[name](address)
