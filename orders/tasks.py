"""The periodic work of orders; each task may run late, twice or never without harm."""

import time
from datetime import datetime, timedelta
from typing import Protocol

import structlog
from celery import shared_task
from django.utils import timezone

from accounts.models import Mode
from catalog.models import Supplier
from orders import reports
from orders.actions import (
    advance_due_orders,
    compare_balances,
    cool_down_abusers,
    poll_supplier,
    read_hinted,
    reconcile_history,
    settle_due_attempts,
    settle_unknown_attempts,
    watch_floats,
)
from orders.models import PurchaseAttempt
from orders.states import AttemptState
from suppliers.base import SupplierError

logger = structlog.get_logger(__name__)

# A sweep goes on while there is work, but not for longer than this: far below the time limit.
_SWEEP_SECONDS = 15.0
# A purchase made before this has been answered, recorded and searched for.
_SURELY_RECORDED = timedelta(hours=1)
# Suppliers give back, or charge after all, as late as this.
_LOOK_BACK = timedelta(days=2)
_LONGEST_LOOK_BACK = timedelta(days=14)


class Sweep(Protocol):
    """Takes the rows that are due, works on them, and returns how many they were."""

    def __call__(self, *, now: datetime) -> int: ...


def _sweep(work: Sweep) -> None:
    ends_at = time.monotonic() + _SWEEP_SECONDS
    while work(now=timezone.now()) and time.monotonic() < ends_at:
        pass


@shared_task(name="orders.advance_due_orders")
def advance_orders() -> None:
    _sweep(advance_due_orders)


@shared_task(name="orders.poll_suppliers")
def poll_suppliers() -> None:
    """Wake one poller per supplier that has open orders."""
    for supplier in Supplier.objects.order_by("pk"):
        if PurchaseAttempt.objects.open_at(supplier).exists():
            poll_one_supplier.apply_async((supplier.pk,), expires=10)


@shared_task(name="orders.poll_supplier")
def poll_one_supplier(supplier_id: int) -> None:
    supplier = Supplier.objects.get(pk=supplier_id)
    poll_supplier(supplier, now=timezone.now())


@shared_task(name="orders.read_hinted")
def read_hinted_orders(supplier_id: int) -> None:
    read_hinted(Supplier.objects.get(pk=supplier_id), now=timezone.now())


@shared_task(name="orders.settle_due_attempts")
def settle_attempts() -> None:
    _sweep(settle_due_attempts)


@shared_task(name="orders.settle_unknown_attempts")
def settle_unknown() -> None:
    unknown = PurchaseAttempt.objects.filter(state=AttemptState.UNKNOWN)
    for supplier in Supplier.objects.filter(pk__in=unknown.values("supplier")).order_by("pk"):
        try:
            settle_unknown_attempts(supplier, now=timezone.now())
        except Exception:
            # One supplier's trouble must not keep the others' customers waiting.
            logger.exception("unknown purchases not settled", supplier=supplier.code)


@shared_task(name="orders.count_deliveries")
def count_deliveries() -> None:
    reports.count_deliveries(now=timezone.now())


@shared_task(name="orders.cool_down_abusers")
def cool_down() -> None:
    cool_down_abusers(now=timezone.now())


@shared_task(name="orders.reconcile_histories")
def reconcile_histories() -> None:
    for supplier in Supplier.objects.filter(mode=Mode.LIVE).order_by("pk"):
        reconcile_one_history.delay(supplier.pk)


@shared_task(name="orders.reconcile_history", time_limit=280, soft_time_limit=260)
def reconcile_one_history(supplier_id: int) -> None:
    """Compare everything bought since the last time, and two days before it once more."""
    supplier, now = Supplier.objects.get(pk=supplier_id), timezone.now()
    last = supplier.reconciled_until or now
    until = now - _SURELY_RECORDED
    since = max(min(last, until) - _LOOK_BACK, now - _LONGEST_LOOK_BACK)
    try:
        reconcile_history(supplier, since=since, until=until, now=now)
    except SupplierError as failure:
        logger.warning("history not compared", supplier=supplier.code, error=str(failure))
        return
    Supplier.objects.filter(pk=supplier.pk).update(reconciled_until=until)


@shared_task(name="orders.watch_floats")
def watch_supplier_floats() -> None:
    watch_floats(now=timezone.now())
    compare_balances(now=timezone.now())
