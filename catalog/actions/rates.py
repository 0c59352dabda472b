"""What one currency is worth in another, at a moment."""

from datetime import datetime, timedelta
from decimal import Decimal

from django.conf import settings

from catalog.models import ExchangeRate
from nexotp.lib.db import PreparedRead
from nexotp.lib.money import EXPONENTS


def exchange_rates(now: datetime) -> dict[str, Decimal]:
    """Return, per currency with a fresh rate, shop minor units for one of its minor units."""
    rates = {settings.SHOP_CURRENCY: Decimal(1)}
    oldest = now - timedelta(hours=settings.EXCHANGE_RATE_MAX_AGE_HOURS)
    for (current,) in _CURRENT_RATES.all((now, oldest)):
        shift = EXPONENTS[settings.SHOP_CURRENCY] - EXPONENTS[current.currency]
        rates[current.currency] = current.rate.scaleb(shift)
    return rates


_CURRENT_RATES = PreparedRead(
    "SELECT DISTINCT ON (rate.currency) {0} FROM catalog_exchangerate rate"
    " WHERE rate.as_of <= %s AND rate.as_of >= %s AND NOT rate.needs_review"
    " ORDER BY rate.currency, rate.as_of DESC",
    rate=ExchangeRate,
)
