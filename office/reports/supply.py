"""How a supplier does: what came of purchases, how its costs move, and whether its books agree."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import expm1
from typing import Any

from django.conf import settings
from django.db.models import F, Q, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone

from catalog.models import Supplier, SyncRun
from nexotp.lib.brief import briefly
from office.reports.spans import ONE_DAY, day_of, midnight
from office.sums import fetch
from orders.models import StrayPurchase, StrayState, SupplierDay
from orders.reports import PATIENCE
from orders.states import CAPTURED

#: how far back a supplier's success is told
SUCCESS_DAYS = 30
_DRIFT_DAYS = 28
_REMEMBERED_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Served:
    """How purchases of one service went; `ended` is the sample that `rate` is a share of.

    Times are medians: `wait` in seconds from purchase to code, `answer` in milliseconds until the
    supplier had answered to the purchase.
    """

    service: str
    asked: int
    bought: int
    ended: int
    delivered: int
    wait: float | None
    answer: float | None

    @property
    def rate(self) -> float | None:
        return round(100 * self.delivered / self.ended, 1) if self.ended else None


@briefly(seconds=_REMEMBERED_SECONDS)
def served(supplier_id: int, today: date) -> tuple[Served, ...]:
    """Return each service that was asked for in the last days, the most asked for first.

    A last line without a service is all of them together. `today` is the shop's day.
    """
    since = midnight(today - timedelta(days=SUCCESS_DAYS - 1))
    values = {
        "supplier": supplier_id,
        "since": since,
        "patience": PATIENCE,
        "captured": [status.value for status in CAPTURED],
    }
    return tuple(Served(row[0] or "", *row[1:]) for row in fetch(_SERVED, values))


# Ended as the choice of a supplier counts it: whoever cancels soon says nothing about it.
_SERVED = """
SELECT placed.service_id, count(*) AS asked,
    count(*) FILTER (WHERE attempt.reference <> ''),
    count(*) FILTER (WHERE attempt.reference <> '' AND (
        placed.status = ANY(%(captured)s) AND attempt.state IN ('bought', 'finished', 'review')
        OR placed.status = 'expired'
        OR placed.status = 'cancelled' AND (placed.number_reported_at IS NOT NULL
            OR placed.closing_since >= placed.created_at + %(patience)s))),
    count(*) FILTER (WHERE attempt.reference <> '' AND placed.status = ANY(%(captured)s)
        AND attempt.state IN ('bought', 'finished', 'review')),
    percentile_cont(0.5) WITHIN GROUP (
        ORDER BY extract(epoch FROM placed.received_at - attempt.sent_at)
    ) FILTER (WHERE placed.received_at IS NOT NULL
        AND attempt.state IN ('bought', 'finished', 'review')),
    percentile_cont(0.5) WITHIN GROUP (
        ORDER BY 1000 * extract(epoch FROM attempt.answered_at - attempt.sent_at)
    ) FILTER (WHERE attempt.answered_at IS NOT NULL)
FROM orders_purchaseattempt attempt
JOIN orders_order placed ON placed.id = attempt.order_id
WHERE attempt.supplier_id = %(supplier)s AND attempt.sent_at >= %(since)s
GROUP BY ROLLUP (placed.service_id)
ORDER BY placed.service_id IS NULL, asked DESC, placed.service_id
"""


@dataclass(frozen=True, slots=True)
class CostDay:
    """How costs moved on one day of the shop, in percent, and since a week before it."""

    day: date
    moved: float
    in_a_week: float
    dearer: int
    cheaper: int
    added: int
    vanished: int


def cost_days(supplier: Supplier, *, now: datetime) -> list[CostDay]:
    """Return how costs moved day by day, today first, by all price lists that were stored.

    What is compared are offers in stock before and after, so neither what is new nor what is gone
    moves the figure.
    """
    today = day_of(now)
    first = today - timedelta(days=_DRIFT_DAYS - 1)
    runs = SyncRun.objects.filter(
        supplier=supplier, began_at__gte=midnight(first - timedelta(days=6))
    )
    by_day: dict[date, Any] = {
        row["day"]: row
        for row in runs.annotate(day=TruncDate("began_at", tzinfo=timezone.get_default_timezone()))
        .values("day")
        .annotate(
            shift=Sum("cost_shift"),
            dearer=Sum("dearer_count"),
            cheaper=Sum("cheaper_count"),
            added=Sum("added_count"),
            vanished=Sum("vanished_count"),
        )
    }
    days = []
    for back in range(_DRIFT_DAYS):
        day = today - timedelta(days=back)
        row = by_day.get(day, {})
        week = sum(by_day.get(day - n * ONE_DAY, {}).get("shift", 0) for n in range(7))
        days.append(
            CostDay(
                day,
                100 * expm1(row.get("shift", 0)),
                100 * expm1(week),
                *(row.get(name, 0) for name in ("dearer", "cheaper", "added", "vanished")),
            )
        )
    return days


@dataclass(frozen=True, slots=True)
class Reconciled:
    """One day at one supplier, in its currency: our purchases, and what it says of them.

    `theirs` is None where its history was not read. `kept` is what was not given back. `strays`
    are purchases without an order that began that day.
    """

    day: date
    our_count: int
    our_cost: int
    our_kept: int
    stray_count: int
    stray_cost: int
    theirs: SupplierDay | None
    balance: int | None
    drift: int | None

    @property
    def their_kept(self) -> int | None:
        return None if self.theirs is None else self.theirs.cost - self.theirs.given_back

    @property
    def difference(self) -> int | None:
        """What the supplier kept above what our books and the strays explain."""
        kept = self.their_kept
        return None if kept is None else kept - self.our_kept - self.stray_cost

    @property
    def count_difference(self) -> int | None:
        if self.theirs is None:
            return None
        return self.theirs.count - self.our_count - self.stray_count


def reconciled(supplier: Supplier, *, first: date, last: date) -> list[Reconciled]:
    """Return the days of a span, the last first; both ends are included."""
    since, until = midnight(first), midnight(last + ONE_DAY)
    names = {"since": since, "until": until, "zone": settings.TIME_ZONE}
    site = {"protocol": supplier.protocol, "address": supplier.base_url, "supplier": supplier.pk}
    ours = {row[0]: row[1:] for row in fetch(_OURS, names | site)}
    said = {
        each.day: each
        for each in SupplierDay.objects.filter(supplier=supplier, day__range=(first, last))
    }
    strays = _strays(supplier, since, until)
    days = []
    for back in range((last - first).days + 1):
        day = last - timedelta(days=back)
        count, cost, kept = ours.get(day, (0, 0, 0))
        stray_count, stray_cost = strays.get(day, (0, 0))
        told = said.get(day)
        days.append(
            Reconciled(
                *(day, count, cost, kept, stray_count, stray_cost),
                theirs=told if told is not None and told.compared_until is not None else None,
                balance=told.balance if told else None,
                drift=told.drift if told else None,
            )
        )
    return days


def _strays(supplier: Supplier, since: datetime, until: datetime) -> dict[date, tuple[int, int]]:
    """Purchases that are not among ours; one that was given to an order is."""
    found: dict[date, tuple[int, int]] = {}
    loose = StrayPurchase.objects.filter(
        ~Q(state=StrayState.ASSIGNED), supplier=supplier, started_at__range=(since, until)
    )
    for started_at, cost in loose.values_list(F("started_at"), F("cost")):
        count, total = found.get(day_of(started_at), (0, 0))
        found[day_of(started_at)] = (count + 1, total + cost)
    return found


# Of a day that was compared before its end, only what was bought until then. Two of our suppliers
# may be one account of theirs, and share its history.
_OURS = """
SELECT (attempt.sent_at AT TIME ZONE %(zone)s)::date AS day, count(*), sum(attempt.cost)::bigint,
    coalesce(sum(attempt.cost) FILTER (
        WHERE attempt.returned_at IS NULL AND attempt.state <> 'cancelled'), 0)::bigint
FROM orders_purchaseattempt attempt
JOIN catalog_supplier seller ON seller.id = attempt.supplier_id
LEFT JOIN orders_supplierday told ON told.supplier_id = %(supplier)s
    AND told.day = (attempt.sent_at AT TIME ZONE %(zone)s)::date
WHERE seller.protocol = %(protocol)s AND seller.base_url = %(address)s
  AND attempt.reference <> '' AND attempt.sent_at >= %(since)s AND attempt.sent_at < %(until)s
  AND attempt.sent_at < coalesce(told.compared_until, %(until)s)
GROUP BY 1
"""
