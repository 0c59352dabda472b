"""The periodic work of orders; each task may run late, twice or never without harm."""

from celery import shared_task
from django.utils import timezone

from catalog.models import Supplier
from nexotp.lib.queues import MONEY, POLLING
from orders import reports
from orders.actions import (
    advance_due_orders,
    poll_supplier,
    settle_due_attempts,
    settle_unknown_attempts,
)
from orders.models import PurchaseAttempt
from suppliers.base import SupplierError


@shared_task(name="orders.advance_due_orders", queue=MONEY)
def advance_orders() -> None:
    while advance_due_orders(now=timezone.now()):
        pass


@shared_task(name="orders.poll_suppliers", queue=POLLING)
def poll_suppliers() -> None:
    """Wake one poller per supplier that has open orders."""
    for supplier in Supplier.objects.order_by("pk"):
        if PurchaseAttempt.objects.open_at(supplier).exists():
            poll_one_supplier.apply_async((supplier.pk,), expires=10)


@shared_task(name="orders.poll_supplier", queue=POLLING)
def poll_one_supplier(supplier_id: int) -> None:
    supplier = Supplier.objects.get(pk=supplier_id)
    poll_supplier(supplier, now=timezone.now())


@shared_task(name="orders.settle_due_attempts", queue=MONEY)
def settle_attempts() -> None:
    settle_due_attempts(now=timezone.now())


@shared_task(name="orders.settle_unknown_attempts", queue=MONEY)
def settle_unknown() -> None:
    for supplier in Supplier.objects.order_by("pk"):
        try:
            settle_unknown_attempts(supplier, now=timezone.now())
        except SupplierError:
            # Looked for again on the next tick.
            continue


@shared_task(name="orders.count_deliveries", queue=POLLING)
def count_deliveries() -> None:
    reports.count_deliveries(now=timezone.now())
