"""Keeping sums of what cannot change any more.

A span is summed up once, in one transaction with the mark that says so. An hour counts as past
when nobody can add to it: no transaction that writes is as old, and no order placed in it is open.
"""

from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from office.models import Fold, MoneyHour, OrderHour, SalesDay
from office.sums import HOUR, MONEY, ORDERS, SALES, Kept, fetch, this_hour
from orders.states import OPEN

# A request knows its time before it writes; none takes as long as this.
_MARGIN = timedelta(minutes=5)
# So much is summed up at once, so that no transaction grows without limit.
_STEP = timedelta(days=2)


def fold_sums(*, now: datetime) -> int:
    """Sum up one step of whatever is past; return how many spans were. Call it until it is 0."""
    past = _nobody_writes_before(now)
    done = _fold(MONEY, until=this_hour(past))
    done += _fold(ORDERS, until=this_hour(min(past, _oldest_open() or past)))
    return done + _fold(SALES, until=_midnight(past))


@transaction.atomic
def rebuild_sums() -> None:
    """Throw all sums away; the sweep makes them again."""
    for model in (MoneyHour, OrderHour, SalesDay, Fold):
        model.objects.all().delete()


def _fold(kept: Kept, *, until: datetime) -> int:
    if not Fold.objects.filter(name=kept.name).exists():
        Fold.objects.bulk_create([Fold(name=kept.name, until=_begin(kept))], ignore_conflicts=True)
    with transaction.atomic():
        mark = Fold.objects.select_for_update().get(name=kept.name)
        end = min(until, mark.until + _STEP)
        if kept is SALES:
            # Where clocks are put back, two days are not always 48 hours.
            end = _midnight(end)
        if end <= mark.until:
            return 0
        with connection.cursor() as cursor:
            cursor.execute(kept.insert, {"since": mark.until, "until": end})
        Fold.objects.filter(name=kept.name).update(until=end)
    return 1


def _begin(kept: Kept) -> datetime:
    """The first hour, or the first day, that has anything in it."""
    table = "orders_order" if kept is ORDERS else "wallet_transfer"
    first = fetch(f"SELECT min(created_at) FROM {table}", {})[0][0] or timezone.now() - HOUR
    return _midnight(first) if kept is SALES else this_hour(first)


def _midnight(moment: datetime) -> datetime:
    """The beginning of the shop's day."""
    here = timezone.localtime(moment, timezone.get_default_timezone())
    return here.replace(hour=0, minute=0, second=0, microsecond=0)


def _oldest_open() -> datetime | None:
    query = "SELECT min(created_at) FROM orders_order WHERE status = ANY(%(open)s)"
    found: datetime | None = fetch(query, {"open": [status.value for status in OPEN]})[0][0]
    return found


def _nobody_writes_before(now: datetime) -> datetime:
    """Until when all that was written is there to be read."""
    query = (
        "SELECT min(xact_start) FROM pg_stat_activity"
        " WHERE backend_xid IS NOT NULL AND datname = current_database()"
    )
    oldest: Any = fetch(query, {})[0][0]
    return min(now - _MARGIN, oldest) if oldest else now - _MARGIN
