"""Today at a glance, against yesterday and last week up to the same time of day."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db.models import Sum

from accounts.models import Mode
from catalog.models import CountryMapping, ServiceMapping, Supplier
from office.models import Approval
from office.reports.rates import in_shop_currency, rates_at
from office.reports.spans import ONE_DAY, day_of, midnight
from office.sums import HOUR, MONEY, ORDERS, hourly, this_hour
from orders.models import Order, PurchaseAttempt, StrayPurchase, StrayState
from orders.states import CAPTURED, OPEN, AttemptState, Status
from wallet.models import AccountKind, LedgerAccount, TopUp
from webhooks.models import Endpoint
from webhooks.states import EndpointState

WEEK = timedelta(days=7)
CHART_DAYS = 14

_SPENT = {"cost": 1, "cost_back": -1, "loss": 1, "loss_back": -1, "stray": 1}


@dataclass(slots=True)
class Figures:
    """One span of time. Money in minor units of the shop's currency, but `spent` by currency."""

    revenue: int = 0
    spent: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    cost: int | None = 0
    by_status: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    waits: dict[int, int] = field(default_factory=lambda: defaultdict(int))

    @property
    def margin(self) -> int | None:
        return None if self.cost is None else self.revenue - self.cost

    @property
    def orders(self) -> int:
        return sum(self.by_status.values())

    @property
    def success_rate(self) -> float | None:
        """Percent of ended orders that got a code; what was never bought does not count."""
        codes = sum(self.by_status.get(status, 0) for status in CAPTURED)
        ended = codes + sum(self.by_status.get(s, 0) for s in (Status.EXPIRED, Status.CANCELLED))
        return round(100 * codes / ended, 1) if ended else None

    @property
    def median_wait(self) -> int | None:
        """Seconds until the code of the middle order."""
        half, seen = (sum(self.waits.values()) + 1) // 2, 0
        for seconds in sorted(self.waits):
            seen += self.waits[seconds]
            if seen >= half:
                return seconds
        return None


def figures(mode: str, *, since: datetime, until: datetime) -> Figures:
    """Return the figures of a span, exact to the last row."""
    found = Figures()
    where = "mode = %(mode)s"
    for kind, currency, amount, _count in hourly(
        MONEY, since=since, until=until, group="kind, currency", where=where, mode=mode
    ):
        _add_money(found, kind, currency, amount)
    rates = rates_at(until)
    worth = [in_shop_currency(amount, currency, rates) for currency, amount in found.spent.items()]
    found.cost = None if None in worth else sum(filter(None, worth))
    for status, wait, count in hourly(
        ORDERS, since=since, until=until, group="status, wait", where=where, mode=mode
    ):
        found.by_status[status] += count
        if wait is not None:
            found.waits[wait] += count
    return found


def _add_money(found: Figures, kind: str, currency: str, amount: int) -> None:
    if kind == "capture":
        found.revenue += amount
    elif kind == "refund":
        found.revenue -= amount
    elif kind in _SPENT:
        found.spent[currency] += _SPENT[kind] * amount


def compared(mode: str, *, now: datetime) -> dict[str, Figures]:
    """Return today's figures, yesterday's and last week's, each up to this time of day."""
    today = midnight(day_of(now))
    return {
        name: figures(mode, since=today - back, until=now - back)
        for name, back in (("today", timedelta()), ("yesterday", ONE_DAY), ("last_week", WEEK))
    }


def by_day(mode: str, *, now: datetime) -> dict[date, Figures]:
    """Return the money of the last days, today last."""
    first = day_of(now) - timedelta(days=CHART_DAYS - 1)
    days = {first + timedelta(days=n): Figures() for n in range(CHART_DAYS)}
    group = f"(hour AT TIME ZONE '{settings.TIME_ZONE}')::date, kind, currency"
    for day, kind, currency, amount, _count in hourly(
        MONEY, since=midnight(first), until=now, group=group, where="mode = %(mode)s", mode=mode
    ):
        if day in days:
            _add_money(days[day], kind, currency, amount)
    rates = rates_at(now)
    for found in days.values():
        worth = [in_shop_currency(n, currency, rates) for currency, n in found.spent.items()]
        found.cost = None if None in worth else sum(filter(None, worth))
    return days


def by_hour(mode: str, *, now: datetime) -> dict[datetime, dict[str, int]]:
    """Return the orders of each of the last 24 hours by status."""
    first = this_hour(now - ONE_DAY)
    hours: dict[datetime, dict[str, int]] = {first + n * HOUR: {} for n in range(25)}
    for hour, status, count in hourly(
        ORDERS,
        since=now - ONE_DAY,
        until=now,
        group="hour, status",
        where="mode = %(mode)s",
        mode=mode,
    ):
        hours[hour][status] = count
    return hours


@dataclass(frozen=True, slots=True)
class Standing:
    """How things stand at this moment; counts, and money in minor units."""

    active_orders: int
    wallets: int
    unknown: int
    review: int
    mappings: int
    failing_webhooks: int
    approvals: int
    strays: int
    top_ups: int
    suppliers: list[Supplier]


def standing(mode: str) -> Standing:
    """Return what waits for somebody, and what we owe."""
    attempts = PurchaseAttempt.objects.filter(order__mode=mode)
    return Standing(
        active_orders=Order.objects.filter(mode=mode, status__in=OPEN).count(),
        wallets=wallet_liabilities(mode),
        unknown=attempts.filter(state=AttemptState.UNKNOWN).count(),
        review=attempts.filter(state=AttemptState.REVIEW).count(),
        mappings=mappings_waiting(),
        failing_webhooks=Endpoint.objects.kept()
        .filter(mode=mode)
        .exclude(failing_since=None, state=EndpointState.ACTIVE)
        .exclude(state=EndpointState.PAUSED)
        .count(),
        approvals=Approval.objects.pending().count(),
        strays=StrayPurchase.objects.filter(state=StrayState.REVIEW).count(),
        top_ups=TopUp.objects.for_a_person().count(),
        suppliers=list(Supplier.objects.filter(mode=mode).order_by("-is_enabled", "code")),
    )


def mappings_waiting() -> int:
    return sum(model.objects.waiting().count() for model in (ServiceMapping, CountryMapping))


def wallet_liabilities(mode: str) -> int:
    """Return what customers have in their wallets, in minor units of the shop's currency."""
    wallets = LedgerAccount.objects.filter(
        kind=AccountKind.WALLET, mode=mode, currency=settings.SHOP_CURRENCY
    )
    return int(wallets.aggregate(total=Sum("balance"))["total"] or 0)


def mode_shown(wanted: str) -> str:
    return wanted if wanted in Mode.values else Mode.LIVE
