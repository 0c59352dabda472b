"""Bringing exchange rates in from a source, as far as they can be believed."""

from datetime import datetime, timedelta
from decimal import Decimal

import structlog
from django.conf import settings
from django.db import transaction

from catalog.actions import reprice_offers
from catalog.models import ExchangeRate
from nexotp.lib.db import release_connection
from nexotp.lib.money import EXPONENTS
from suppliers.rates.base import RateSheet, RatesUnavailable
from suppliers.rates.registry import open_source

logger = structlog.get_logger(__name__)

# As the column holds them.
_GRAIN = Decimal("0.00000001")
_LARGEST = Decimal(10) ** 10
# Clocks differ; a rate further ahead is not of our time.
_AHEAD = timedelta(minutes=10)


def refresh_rates(*, now: datetime) -> list[ExchangeRate]:
    """Store what the source of the settings says that is new, reprice, and return what was stored.

    A rate that moved too far from the last one believed is kept for review and prices nothing.
    Raises RatesUnavailable, and UnknownSource for a name in the settings that is none.
    """
    source = open_source(settings.EXCHANGE_RATE_SOURCE, settings.EXCHANGE_RATE_URL)
    release_connection()
    sheet = source.sheet()
    _check_age(sheet, now)
    with transaction.atomic():
        stored = [
            rate
            for currency in EXPONENTS
            if currency != settings.SHOP_CURRENCY and (rate := _store(sheet, currency))
        ]
    if any(not rate.needs_review for rate in stored):
        reprice_offers(now=now)
    return stored


def accept_rate(rate: ExchangeRate, *, now: datetime) -> None:
    """Believe a rate that was kept for review, and reprice: a person has looked at it."""
    ExchangeRate.objects.filter(pk=rate.pk).update(needs_review=False)
    reprice_offers(now=now)


def _check_age(sheet: RateSheet, now: datetime) -> None:
    """Raises RatesUnavailable."""
    oldest = now - timedelta(hours=settings.EXCHANGE_RATE_MAX_AGE_HOURS)
    if not oldest <= sheet.as_of <= now + _AHEAD:
        raise RatesUnavailable(f"rates of {sheet.as_of.isoformat()}")


def _store(sheet: RateSheet, currency: str) -> ExchangeRate | None:
    """Store a currency's rate unless it is missing, or there already."""
    worth = sheet.worth(currency, into=settings.SHOP_CURRENCY)
    value = worth.quantize(_GRAIN) if worth and worth < _LARGEST else Decimal(0)
    if not value:
        logger.warning("rate missing", currency=currency, source=settings.EXCHANGE_RATE_SOURCE)
        return None
    known = {"source": settings.EXCHANGE_RATE_SOURCE, "as_of": sheet.as_of, "currency": currency}
    if ExchangeRate.objects.filter(**known).exists():
        return None
    moved = _moved(currency, value)
    is_far = moved > settings.EXCHANGE_RATE_LARGEST_MOVE_PERCENT
    if is_far:
        logger.warning(
            "rate not believed", currency=currency, rate=str(value), moved_percent=round(moved, 1)
        )
    return ExchangeRate.objects.create(**known, rate=value, needs_review=is_far)


def _moved(currency: str, value: Decimal) -> Decimal:
    """Return how far a rate is from the last one believed, in percent; 0 for the first one."""
    believed = ExchangeRate.objects.filter(currency=currency, needs_review=False)
    last = believed.order_by("-as_of").values_list("rate", flat=True).first()
    return abs(value / last - 1) * 100 if last else Decimal(0)
