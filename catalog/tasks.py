"""The periodic work of the catalogue."""

import structlog
from celery import shared_task
from django.conf import settings
from django.utils import timezone

from catalog import actions, rates
from catalog.models import Supplier
from suppliers.base import SupplierError
from suppliers.rates.base import RatesUnavailable

logger = structlog.get_logger(__name__)


# One that still waits when the next round comes is not needed any more.
_SYNC_EXPIRES = 600
# Millions of lines take minutes.
_SYNC_SECONDS = 25 * 60
_REPRICE_SECONDS = 240


@shared_task(name="catalog.sync_catalogues")
def sync_catalogues() -> None:
    actions.forget_old_runs(now=timezone.now())
    for supplier in Supplier.objects.filter(is_enabled=True).order_by("synced_at"):
        sync_one_catalogue.apply_async((supplier.pk,), expires=_SYNC_EXPIRES)


@shared_task(
    name="catalog.sync_catalogue", soft_time_limit=_SYNC_SECONDS, time_limit=_SYNC_SECONDS + 30
)
def sync_one_catalogue(supplier_id: int, asked: int | None = None) -> None:
    supplier = Supplier.objects.get(pk=supplier_id)
    try:
        actions.sync_catalogue(supplier, now=timezone.now(), asked=asked)
    except actions.SyncUnderWay as other:
        logger.info("sync left to another", reason=str(other))
    except actions.SyncFailed as failure:
        logger.warning("sync failed", error=str(failure))


@shared_task(name="catalog.refresh_balances")
def refresh_balances() -> None:
    for supplier in Supplier.objects.filter(is_enabled=True):
        try:
            actions.refresh_balance(supplier, now=timezone.now())
        except SupplierError as failure:
            logger.warning("balance not read", supplier=supplier.code, error=str(failure))


@shared_task(
    name="catalog.reprice_offers",
    soft_time_limit=_REPRICE_SECONDS + 30,
    time_limit=_REPRICE_SECONDS + 60,
)
def reprice_offers() -> None:
    """Nothing but a few small reads, unless what prices depend on has changed."""
    actions.reprice_offers(now=timezone.now(), within=_REPRICE_SECONDS)


@shared_task(
    name="catalog.count_offers_by_rule",
    soft_time_limit=_REPRICE_SECONDS + 30,
    time_limit=_REPRICE_SECONDS + 60,
)
def count_offers_by_rule() -> None:
    """For what the list of rules says of each; nothing else depends on it."""
    actions.count_offers_by_rule(now=timezone.now())


@shared_task(name="catalog.refresh_rates")
def refresh_rates() -> None:
    """Without a source in the settings rates are managed by hand."""
    if not settings.EXCHANGE_RATE_SOURCE:
        return
    try:
        rates.refresh_rates(now=timezone.now())
    except RatesUnavailable as failure:
        logger.warning("rates not refreshed", error=str(failure))
    except Exception:
        # The rates there are hold until they are too old; people see this in the log.
        logger.exception("rates not refreshed")
