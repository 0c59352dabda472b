"""The periodic work by hand, at any time one likes."""

from datetime import datetime, timedelta

from django.utils import timezone

from catalog.models import Supplier
from orders.actions import (
    advance_due_orders,
    poll_supplier,
    settle_due_attempts,
    settle_unknown_attempts,
)

# Longer than any lifetime, lock, lease or look.
HOURS = 3 * 60 * 60


def later(seconds: float) -> datetime:
    return timezone.now() + timedelta(seconds=seconds)


def sweep(seconds: float = 0) -> None:
    """Do everything once that is due after so many seconds, except polling."""
    now = later(seconds)
    advance_due_orders(now=now)
    for supplier in Supplier.objects.order_by("pk"):
        settle_unknown_attempts(supplier, now=now)
    settle_due_attempts(now=now)


def sweep_up_to(seconds: float, *, step: float = 70) -> None:
    """Let that much time pass, sweep by sweep."""
    moment = 0.0
    while moment <= seconds:
        sweep(moment)
        moment += step


def poll_all(seconds: float = 0) -> None:
    for supplier in Supplier.objects.order_by("pk"):
        poll_supplier(supplier, now=later(seconds))
