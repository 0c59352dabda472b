"""Kept sums: over any span they are what the rows add up to, whatever has been kept so far."""

import itertools
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, connections
from django.utils import timezone

from accounts.models import User
from catalog.models import Supplier
from nexotp.lib.ids import new_id
from office.actions import fold_sums, rebuild_sums, wrong_sums
from office.models import Fold, MoneyHour, OrderHour, SalesDay
from office.reports.close import close_table, daily_close
from office.reports.home import by_day, by_hour, compared, figures
from office.reports.profit import profit
from office.reports.spans import day_of
from office.sums import BEGINNING, MONEY, ORDERS, SALES, Kept, fetch, hourly
from orders.actions import refund_order
from orders.models import Order, PurchaseAttempt
from orders.reports import audit_ledger
from orders.states import Status
from suppliers.simulator.remote import RemoteSimulator
from tests import cast
from tests.office.conftest import receive
from wallet.models import AccountKind, LedgerAccount, Transfer

pytestmark = pytest.mark.usefixtures("committed")

_SEED = random.Random(4711)
_NOW = datetime(2026, 3, 12, 9, 41, 17, 250_000, tzinfo=UTC)


def history(alice: User, alpha: Supplier, *, orders: int = 60) -> None:
    """Orders and their money over the last twelve days, with times to the microsecond."""
    house = {
        (account.kind, account.currency): account.pk
        for account in LedgerAccount.objects.filter(owner=None, mode="live")
    }
    wallet = LedgerAccount.objects.get(owner=alice, mode="live").pk
    transfers = []

    def move(order: Order, kind: str, debit: int, credit: int, at: datetime, **more: Any) -> None:
        values = {"currency": "IDR", "amount": order.price, "reference": new_id("t")} | more
        transfers.append(
            Transfer(
                kind=kind,
                debit_id=debit,
                credit_id=credit,
                order_id=order.pk,
                mode="live",
                created_at=at,
                **values,
            )
        )

    for number in range(orders):
        at = _NOW - timedelta(seconds=_SEED.uniform(0, 12 * 86_400))
        ended = at + timedelta(seconds=_SEED.uniform(1, 900))
        is_open = number % 20 == 0 and ended > _NOW - timedelta(days=1)
        got_code = number % 3 != 0
        status = Status.WAITING if is_open else Status.SUCCESS if got_code else Status.EXPIRED
        order = cast.order_row(
            alice,
            status,
            created_at=at,
            price=_SEED.randrange(1_000, 9_000),
            received_at=ended if got_code and not is_open else None,
            expires_at=at + timedelta(minutes=20),
        )
        used = PurchaseAttempt.objects.create(
            order=order,
            supplier=alpha,
            state="finished" if got_code else "cancelled",
            cost=_SEED.randrange(500, 5_000),
            currency="USD",
            reference=new_id("ref"),
            sent_at=at,
        )
        progress = house[AccountKind.ORDERS_IN_PROGRESS, "IDR"]
        move(order, "hold", wallet, progress, at)
        if is_open:
            continue
        if not got_code:
            move(order, "release", progress, wallet, ended)
            continue
        move(order, "capture", progress, house[AccountKind.SALES_REVENUE, "IDR"], ended)
        prepaid = house[AccountKind.SUPPLIER_PREPAID, "USD"]
        cost = house[AccountKind.COST_OF_SALES, "USD"]
        move(order, "cost", cost, prepaid, ended, currency="USD", amount=used.cost)
        if number % 7 == 0:
            later = ended + timedelta(hours=30)
            move(
                order,
                "refund",
                house[AccountKind.REFUNDS, "IDR"],
                wallet,
                min(later, _NOW - timedelta(milliseconds=1)),
            )
        if number % 11 == 0:
            lost = house[AccountKind.SUPPLIER_LOSSES, "USD"]
            more = {"currency": "USD", "amount": used.cost, "reference": f"loss:{used.pk}"}
            move(order, "loss", lost, prepaid, ended, **more)
    Transfer.objects.bulk_create(transfers)


def fold_all() -> None:
    while fold_sums(now=_NOW):
        pass


def direct(kept: Kept, since: datetime, until: datetime) -> list[tuple[Any, ...]]:
    columns = ", ".join(kept.columns)
    sums = ", ".join(f"sum({name})::bigint" for name in kept.sums)
    query = f"SELECT {columns}, {sums} FROM ({kept.rows}) AS found GROUP BY {columns}"
    return sorted(fetch(query, {"since": since, "until": until}), key=str)


@pytest.fixture
def past(alice: User, alpha: Supplier) -> None:
    history(alice, alpha)


@pytest.mark.usefixtures("past")
@pytest.mark.parametrize("kept", [MONEY, ORDERS], ids=lambda kept: kept.name)
def test_any_span_is_what_its_rows_add_up_to(kept: Kept) -> None:
    spans = [(BEGINNING, _NOW), (_NOW - timedelta(minutes=1), _NOW)]
    for _each in range(40):
        ends = [_NOW - timedelta(seconds=_SEED.uniform(0, 13 * 86_400)) for _end in range(2)]
        spans.append((min(ends), max(ends)))

    for step in range(8):
        for since, until in spans:
            found = hourly(kept, since=since, until=until, group=", ".join(kept.columns))
            assert sorted(found, key=str) == direct(kept, since, until), (step, since, until)
        fold_sums(now=_NOW)

    assert Fold.objects.get(name=kept.name).until > _NOW - timedelta(days=2)


@pytest.mark.usefixtures("past")
def test_what_is_kept_agrees_with_the_rows_and_can_be_made_again() -> None:
    fold_all()
    before = [sorted(m.objects.values_list(*_columns(m))) for m in (MoneyHour, SalesDay)]
    assert all(before)

    rebuild_sums()
    assert not MoneyHour.objects.exists()
    fold_all()

    assert [sorted(m.objects.values_list(*_columns(m))) for m in (MoneyHour, SalesDay)] == before
    assert wrong_sums() == []


def _columns(model: Any) -> list[str]:
    return [field.attname for field in model._meta.concrete_fields if field.name != "id"]


@pytest.mark.usefixtures("past")
@pytest.mark.parametrize("model", [MoneyHour, OrderHour, SalesDay])
def test_a_wrong_sum_is_found(model: Any) -> None:
    fold_all()
    row = model.objects.first()

    model.objects.filter(pk=row.pk).update(count=row.count + 1)

    assert wrong_sums()


@pytest.mark.usefixtures("past")
def test_an_hour_with_an_open_order_is_not_kept(alice: User) -> None:
    cast.order_row(alice, Status.WAITING, created_at=_NOW - timedelta(hours=30))

    fold_all()

    assert Fold.objects.get(name="orders").until <= _NOW - timedelta(hours=30)
    assert Fold.objects.get(name="money").until > _NOW - timedelta(hours=2)


@pytest.mark.usefixtures("past")
def test_nothing_is_kept_while_somebody_may_still_write_into_it() -> None:
    other = connections.create_connection("default")
    try:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_current_xact_id()")
        began = timezone.now()
        while fold_sums(now=began + timedelta(hours=5)):
            pass
        assert Fold.objects.get(name="money").until <= began
    finally:
        other.rollback()
        other.close()


@pytest.mark.usefixtures("past")
def test_the_daily_close_goes_on_where_the_day_before_ended() -> None:
    fold_all()
    days = [day_of(_NOW) - timedelta(days=n) for n in range(13, -1, -1)]

    closes = {day: {c.currency: c for c in daily_close(day, "live")} for day in days}

    for before, after in itertools.pairwise(days):
        for currency, close in closes[after].items():
            assert close.is_balanced
            for kind, line in close.lines.items():
                earlier = closes[before].get(currency)
                held = earlier.lines[kind].closing if earlier and kind in earlier.lines else 0
                assert line.opening == held, (after, currency, kind)
    last = closes[days[-1]]["IDR"].lines
    assert last[AccountKind.ORDERS_IN_PROGRESS].closing == sum(
        Order.objects.filter(status=Status.WAITING).values_list("price", flat=True)
    )
    assert len(list(close_table(list(closes[days[-1]].values())))) > 5


@pytest.mark.usefixtures("past")
def test_profit_by_each_is_the_whole(alpha: Supplier) -> None:
    first, last = day_of(_NOW) - timedelta(days=13), day_of(_NOW)
    options: dict[str, Any] = {"first": first, "last": last, "mode": "live", "now": _NOW}
    unkept = {by: profit(by=by, **options) for by in ("supplier", "service", "country")}
    fold_all()
    kept = {by: profit(by=by, **options) for by in ("supplier", "service", "country")}

    captured = sum(Transfer.objects.filter(kind="capture").values_list("amount", flat=True))
    spent = sum(Transfer.objects.filter(kind__in=["cost", "loss"]).values_list("amount", flat=True))
    for lines in (*unkept.values(), *kept.values()):
        assert sum(line.revenue for line in lines) == captured
        assert sum(line.spent.get("USD", 0) for line in lines) == spent
    assert kept["supplier"][0].name == alpha.code
    assert [line.revenue for line in kept["service"]] == [
        line.revenue for line in unkept["service"]
    ]


@pytest.mark.usefixtures("past")
def test_the_home_pages_figures_are_the_rows(alice: User) -> None:
    fold_all()
    spans = compared("live", now=_NOW)
    since = timezone.localtime(_NOW).replace(hour=0, minute=0, second=0, microsecond=0)
    orders = Order.objects.filter(created_at__gte=since, created_at__lt=_NOW)
    captured = Transfer.objects.filter(kind="capture", created_at__gte=since, created_at__lt=_NOW)

    assert spans["today"].orders == orders.count()
    whole = figures("live", since=BEGINNING, until=_NOW)
    assert whole.orders == Order.objects.count()
    waits = sorted(
        int((order.received_at - order.created_at).total_seconds())
        for order in Order.objects.exclude(received_at=None)
        if order.received_at
    )
    assert whole.median_wait == waits[(len(waits) - 1) // 2]
    refunded = sum(Transfer.objects.filter(kind="refund").values_list("amount", flat=True))
    earned = sum(Transfer.objects.filter(kind="capture").values_list("amount", flat=True))
    assert whole.revenue == earned - refunded
    assert len(by_day("live", now=_NOW)) == 14
    assert (
        sum(captured.values_list("amount", flat=True))
        >= by_day("live", now=_NOW)[day_of(_NOW)].revenue
    )
    assert sum(sum(c.values()) for c in by_hour("live", now=_NOW).values()) == sum(
        1 for _ in Order.objects.filter(created_at__gte=_NOW - timedelta(days=1))
    )


def test_real_orders_are_in_the_figures(
    alice: User, alpha: Supplier, simulator: RemoteSimulator, staff: User
) -> None:
    received, refunded = (receive(alice, alpha, simulator) for _each in range(2))
    refund_order(refunded, by=staff, reason="x", now=timezone.now())

    today = compared("live", now=timezone.now() + timedelta(seconds=1))["today"]

    assert today.revenue == received.price
    assert today.by_status[Status.RECEIVED] == 2
    assert today.success_rate == 100
    assert today.spent["USD"] == sum(PurchaseAttempt.objects.values_list("cost", flat=True))
    assert audit_ledger() == []
    connection.close()


def test_the_sandbox_is_apart(alice: User) -> None:
    cast.order_row(alice, Status.SUCCESS, mode="sandbox", received_at=timezone.now())

    now = timezone.now() + timedelta(seconds=1)
    assert compared("live", now=now)["today"].orders == 0
    assert compared("sandbox", now=now)["today"].orders == 1
    assert SALES.name == "sales"
