"""What every source of exchange rates offers the shop."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import ClassVar

from suppliers.base import SupplierError
from suppliers.transport import get

# No currency is worth a billion of another, and no source gives twenty digits.
_HIGHEST_RATE = Decimal(1_000_000_000)
_LONGEST_RATE = 20


class RatesUnavailable(Exception):
    """The source did not answer, or not with rates. The text is safe to log."""


@dataclass(frozen=True, slots=True)
class RateSheet:
    """What one unit of `base` was worth in other currencies at `as_of`, an aware UTC time."""

    base: str
    as_of: datetime
    rates: Mapping[str, Decimal]

    def worth(self, currency: str, *, into: str) -> Decimal | None:
        """Return what one unit of a currency is worth in another; None where one is missing."""
        known = {**self.rates, self.base: Decimal(1)}
        if currency not in known or into not in known:
            return None
        return known[into] / known[currency]


class RateSource(ABC):
    """One publisher of rates, at its usual address or at another that speaks alike."""

    address: ClassVar[str]

    def __init__(self, address: str = "") -> None:
        self._address = address or self.address

    def sheet(self) -> RateSheet:
        """Return the newest rates. Raises RatesUnavailable."""
        try:
            answer = get(self._address, {})
        except SupplierError as error:
            raise RatesUnavailable(error.text) from error
        if answer.status != 200:
            raise RatesUnavailable(f"status {answer.status}")
        try:
            return self.read(answer.body.decode())
        except (ValueError, OverflowError, OSError) as error:
            raise RatesUnavailable(f"unreadable: {type(error).__name__}") from error

    @abstractmethod
    def read(self, text: str) -> RateSheet:
        """Return the rates that an answer gives. Raises ValueError where it gives none."""


def readable(rates: Mapping[str, object]) -> dict[str, Decimal]:
    """Return those of the rates, given as numbers or texts, that can be ones.

    Raises ValueError where none can.
    """
    found = {code: value for code, raw in rates.items() if (value := _rate(raw)) is not None}
    if not found:
        raise ValueError("no rates")
    return found


def _rate(raw: object) -> Decimal | None:
    text = str(raw)
    if len(text) > _LONGEST_RATE or not text.isascii() or isinstance(raw, bool | float):
        return None
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    return value if value.is_finite() and 0 < value < _HIGHEST_RATE else None
