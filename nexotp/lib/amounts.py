"""How an amount is written for people, in the language they read."""

from decimal import Decimal

from django.utils import formats

from nexotp.lib.money import EXPONENTS, to_decimal

_SYMBOLS = {"IDR": "Rp", "USD": "US$", "EUR": "€", "RUB": "₽", "CNY": "CN¥"}


def amount_text(amount: int, currency: str) -> str:
    """Return minor units as text, such as `Rp 8.800`; its space does not break."""
    number = formats.number_format(
        abs(to_decimal(amount, currency)),
        decimal_pos=EXPONENTS[currency],
        use_l10n=True,
        force_grouping=True,
    )
    sign = "−" if amount < 0 else ""
    return f"{sign}{_SYMBOLS[currency]}\N{NO-BREAK SPACE}{number}"


def fine_amount_text(amount: Decimal, currency: str) -> str:
    """Return minor units with two more decimals than the currency has, for sums not yet rounded."""
    places = EXPONENTS[currency] + 2
    major = to_decimal(1, currency) * abs(amount)
    number = formats.number_format(
        major.quantize(Decimal(1).scaleb(-places)),
        decimal_pos=places,
        use_l10n=True,
        force_grouping=True,
    )
    sign = "−" if amount < 0 else ""
    return f"{sign}{_SYMBOLS[currency]}\N{NO-BREAK SPACE}{number}"


def signed_amount_text(amount: int, currency: str) -> str:
    """Return an amount with its sign, plus too, as statements show it."""
    return f"{'+' if amount > 0 else ''}{amount_text(amount, currency)}"
