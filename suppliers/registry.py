"""Which protocols the shop speaks, by the name a supplier's settings give."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from suppliers.base import Credentials, Supplier
from suppliers.fivesim import FiveSim
from suppliers.herosms import HeroSms
from suppliers.sandbox import Sandbox
from suppliers.smsactivate import DIALECTS, SmsActivate
from suppliers.smspool import SmsPool

PROTOCOLS: dict[str, Callable[[Credentials], Supplier]] = {
    "smsactivate": SmsActivate,
    **{name: partial(SmsActivate, dialect=dialect) for name, dialect in DIALECTS.items()},
    "herosms": HeroSms,
    "fivesim": FiveSim,
    "smspool": SmsPool,
    "sandbox": Sandbox,
}


class UnknownProtocol(ValueError):
    """No supplier class goes by this name."""


def open_supplier(protocol: str, credentials: Credentials) -> Supplier:
    """Return the supplier account that `credentials` describe; nothing is sent yet.

    Raises UnknownProtocol, and ValueError where an option is not a number that should be.
    """
    if protocol not in PROTOCOLS:
        raise UnknownProtocol(protocol)
    return PROTOCOLS[protocol](credentials)
