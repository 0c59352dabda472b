"""What staff switches: suppliers on and off, paused for a while, and all buying at once.

A purchase that has been sent is not called back. From the next one on nothing is asked of a
supplier that is off: buyers look again before each.
"""

from datetime import datetime

from django.db.models import QuerySet

from accounts.models import Mode
from catalog.models import PauseReason, Supplier
from catalog.pausing import lift_pauses


def stop_buying(*, now: datetime) -> int:
    """Stop buying from every live supplier; return how many bought until now."""
    return Supplier.objects.filter(mode=Mode.LIVE, stopped_at=None).update(stopped_at=now)


def lift_stop() -> int:
    """Buy again where it was bought before the stop; return of how many suppliers it is lifted."""
    return Supplier.objects.stopped().update(stopped_at=None)


def switch_suppliers(suppliers: QuerySet[Supplier], *, on: bool) -> int:
    """Switch suppliers on, their failures forgotten, or off; return how many were otherwise."""
    if on:
        lift_pauses(suppliers)
    switched = 0
    # Row by row: once it is switched, a set of those that were otherwise is another.
    for pk in list(suppliers.values_list("pk", flat=True)):
        switched += Supplier.objects.filter(pk=pk, is_enabled=not on).update(is_enabled=on)
    return switched


def pause_by_staff(suppliers: QuerySet[Supplier], *, until: datetime) -> int:
    """Buy nothing from these suppliers until a moment, whatever was said before."""
    return suppliers.update(paused_until=until, paused_for=PauseReason.STAFF)
