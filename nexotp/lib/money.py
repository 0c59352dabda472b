"""Amounts are integers in minor units; how many decimals that means belongs to the currency.

Supplier currencies keep four decimals, since suppliers quote four. No float anywhere.
"""

import re
from decimal import Decimal, InvalidOperation

EXPONENTS = {"IDR": 0, "USD": 4, "EUR": 4, "RUB": 4, "CNY": 4}
_WHOLE = re.compile(r"[+-]?\d{1,18}", re.ASCII)


def to_decimal(amount: int, currency: str) -> Decimal:
    """Return minor units as an exact decimal of the currency."""
    return Decimal(amount).scaleb(-EXPONENTS[currency])


def to_minor(text: str, currency: str) -> int:
    """Return a decimal text as minor units.

    Raises ValueError for anything that is not a finite number with at most the currency's decimals.
    """
    try:
        amount = Decimal(text)
    except InvalidOperation as error:
        raise ValueError(f"not a number: {text!r}") from error
    if not amount.is_finite():
        raise ValueError(f"not a finite number: {text!r}")
    minor = amount.scaleb(EXPONENTS[currency])
    if minor != minor.to_integral_value():
        raise ValueError(f"{currency} has {EXPONENTS[currency]} decimals: {text!r}")
    return int(minor)


def typed_minor(text: str, currency: str) -> int:
    """Return what a person typed as minor units.

    250.000 is a quarter of a million to one reader and 250 to another, so that no more decimals
    are taken than the currency has, be they zeros. Raises ValueError as `to_minor` does.
    """
    whole, point, part = text.strip().partition(".")
    if len(part) > EXPONENTS[currency] or (point and not part) or not _WHOLE.fullmatch(whole):
        raise ValueError(f"not a plain number of {currency}: {text!r}")
    return to_minor(text.strip(), currency)


def to_json(amount: int, currency: str) -> int | float:
    """Return minor units as the JSON number the API shows, whole where there are no decimals."""
    if EXPONENTS[currency] == 0:
        return amount
    return float(to_decimal(amount, currency))
