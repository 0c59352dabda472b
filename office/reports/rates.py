"""What amounts in suppliers' currencies are worth, for reports only: never for the ledger."""

from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from django.conf import settings

from catalog.models import ExchangeRate
from nexotp.lib.money import to_decimal, to_minor


def rates_at(moment: datetime) -> dict[str, Decimal]:
    """Return how much of the shop's currency one unit of each currency was worth."""
    believed = ExchangeRate.objects.filter(needs_review=False, as_of__lte=moment)
    newest = believed.order_by("currency", "-as_of").distinct("currency")
    return {settings.SHOP_CURRENCY: Decimal(1)} | dict(newest.values_list("currency", "rate"))


def in_shop_currency(amount: int, currency: str, rates: dict[str, Decimal]) -> int | None:
    """Return minor units of the shop's currency, None where no rate is known."""
    if amount == 0:
        return 0
    rate = rates.get(currency)
    if rate is None:
        return None
    exact = to_decimal(amount, currency) * rate
    exponent = Decimal(1).scaleb(-_decimals())
    return to_minor(str(exact.quantize(exponent, ROUND_HALF_UP)), settings.SHOP_CURRENCY)


def _decimals() -> int:
    exponent = to_decimal(1, settings.SHOP_CURRENCY).as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0
