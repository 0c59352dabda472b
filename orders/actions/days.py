"""What suppliers say of each day, kept beside our own purchases for the reconciliation report."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta

from django.utils import timezone

from catalog.models import Supplier
from orders.models import SupplierDay
from suppliers.base import Activation, ActivationState

_ONE_DAY = timedelta(days=1)


def note_days(
    supplier: Supplier, read: Iterable[Activation], *, since: datetime, until: datetime
) -> None:
    """Keep a history's sums of each day of the shop's that it was read for from the beginning.

    A purchase without a time belongs to no day.
    """
    days = {day: SupplierDay(supplier=supplier, day=day) for day in _whole_days(since, until)}
    for activation in read:
        if activation.started_at is None or not since <= activation.started_at < until:
            continue
        if (sums := days.get(day_of(activation.started_at))) is None:
            continue
        cost = activation.cost or 0
        sums.count += 1
        sums.cost += cost
        sums.given_back += cost if activation.state == ActivationState.CANCELLED else 0
    for day, sums in days.items():
        sums.compared_until = min(until, _midnight(day + _ONE_DAY))
    _store(days.values(), ["count", "cost", "given_back", "compared_until"])


def note_balance(supplier: Supplier, *, balance: int, drift: int | None, now: datetime) -> None:
    """Keep how the balance stands today; the last word of each day stays."""
    today = SupplierDay(supplier=supplier, day=day_of(now), balance=balance, drift=drift)
    _store([today], ["balance", "drift"])


def day_of(moment: datetime) -> date:
    """Return the shop's day of a moment."""
    return timezone.localtime(moment, timezone.get_default_timezone()).date()


def _store(days: Iterable[SupplierDay], fields: list[str]) -> None:
    SupplierDay.objects.bulk_create(
        days, update_conflicts=True, unique_fields=["supplier", "day"], update_fields=fields
    )


def _whole_days(since: datetime, until: datetime) -> Iterator[date]:
    """Yield the days that begin within the span; the last may not be over."""
    day = day_of(since)
    if _midnight(day) < since:
        day += _ONE_DAY
    while _midnight(day) < until:
        yield day
        day += _ONE_DAY


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min), timezone.get_default_timezone())
