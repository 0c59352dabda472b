"""What we note about a supplier's account: its balance, its failures, its pauses."""

from datetime import datetime, timedelta

import structlog
from django.db.models import F

from catalog.models import Supplier
from nexotp.lib.db import release_connection

logger = structlog.get_logger(__name__)

_FIRST_PAUSE = timedelta(seconds=15)
# Short: whether a supplier is well again is seen by the first purchase after a pause only.
_LONGEST_PAUSE = timedelta(minutes=1)
# Single failures happen; a supplier that fails this often in a row is left alone for a while.
_TOLERATED_FAILURES = 3


def refresh_balance(supplier: Supplier, *, now: datetime) -> None:
    """Remember what is left at the supplier. Raises SupplierError."""
    client = supplier.client()
    release_connection()
    balance = client.balance()
    Supplier.objects.filter(pk=supplier.pk).update(balance=balance, balance_at=now)


def note_supplier_answer(supplier: Supplier) -> None:
    """Forget the failures counted so far: the supplier answered a purchase."""
    if supplier.failure_count:
        Supplier.objects.filter(pk=supplier.pk).update(failure_count=0)


def note_supplier_failure(supplier: Supplier, *, now: datetime) -> None:
    """Count a failure and open the breaker, for longer each time, when they come in a row."""
    Supplier.objects.filter(pk=supplier.pk).update(failure_count=F("failure_count") + 1)
    count = Supplier.objects.values_list("failure_count", flat=True).get(pk=supplier.pk)
    if count >= _TOLERATED_FAILURES:
        doubled = _FIRST_PAUSE * 2 ** min(count - _TOLERATED_FAILURES, 10)
        pause_supplier(supplier, until=now + min(doubled, _LONGEST_PAUSE))


def pause_supplier(supplier: Supplier, *, until: datetime) -> None:
    """Stop buying from a supplier until a moment; a longer pause already set stays."""
    logger.warning("supplier paused", supplier=supplier.code, until=until.isoformat())
    Supplier.objects.filter(pk=supplier.pk).exclude(paused_until__gt=until).update(
        paused_until=until
    )
