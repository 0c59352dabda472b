"""One request for all of a supplier's open orders, and no more queries than there is news."""

import time

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Mode, User
from catalog.models import Supplier
from orders.actions import poll_supplier
from orders.models import Order, PurchaseAttempt
from orders.reports import audit_ledger
from orders.states import Status
from suppliers.simulator.remote import RemoteSimulator
from tests import cast
from tests.orders.sweeps import later
from tests.orders.upstream import disagreements
from tests.together import all_at_once

pytestmark = pytest.mark.usefixtures("committed")


def queries_of_a_poll(alpha: Supplier, seconds: float) -> int:
    with CaptureQueriesContext(connection) as captured:
        poll_supplier(alpha, now=later(seconds))
    return len(captured)


def requests(simulator: RemoteSimulator) -> dict[str, int]:
    counted: dict[str, int] = simulator.control()["counters"]["requests"]
    return {name: count for name, count in counted.items() if name != "getNumberV2"}


def test_two_hundred_orders_with_one_request(
    alice: User, alpha: Supplier, simulator: RemoteSimulator
) -> None:
    trader = cast.open_account("trader", plan="unlimited")
    cast.give(trader, 10_000_000)
    for _ in range(3):
        cast.buy(alice)
    poll_supplier(alpha, now=timezone.now())
    with_three = queries_of_a_poll(alpha, 2)
    all_at_once(lambda _: [cast.buy(trader) for _ in range(25)], count=8)
    poll_supplier(alpha, now=later(4))
    before = requests(simulator)

    with_many = queries_of_a_poll(alpha, 6)

    assert Order.objects.open().count() == 203
    assert with_many == with_three
    after = requests(simulator)
    assert after.pop("getActiveActivations") == before.pop("getActiveActivations") + 1
    assert after == before


def test_only_what_changed_is_written(
    alice: User, alpha: Supplier, simulator: RemoteSimulator
) -> None:
    orders = [cast.buy(alice) for _ in range(20)]
    poll_supplier(alpha, now=timezone.now())
    quiet = queries_of_a_poll(alpha, 1)
    for order in orders[:2]:
        simulator.deliver(cast.attempt_of(order).reference)

    result = poll_supplier(alpha, now=later(2))

    assert result is not None
    assert (result.open_count, result.changed, result.requests) == (20, 2, 1)
    assert queries_of_a_poll(alpha, 3) == quiet
    assert Order.objects.filter(status=Status.RECEIVED).count() == 2
    assert audit_ledger() == disagreements(simulator) == []


def test_nothing_open_asks_nothing(alpha: Supplier, simulator: RemoteSimulator) -> None:
    poll_supplier(alpha, now=timezone.now())

    assert requests(simulator) == {}


def test_an_outage_is_not_asked_about_again_at_once(
    alice: User, alpha: Supplier, simulator: RemoteSimulator
) -> None:
    cast.buy(alice)
    simulator.control(faults={"outage": 1})
    now = timezone.now()

    first, then = poll_supplier(alpha, now=now), poll_supplier(alpha, now=now)

    assert first is not None
    assert then is None
    simulator.control(faults={"outage": 0})
    again = poll_supplier(alpha, now=later(6))
    assert again is not None
    assert again.open_count == 1


def test_a_poll_neither_opens_nor_closes_the_breaker(
    alice: User, alpha: Supplier, simulator: RemoteSimulator
) -> None:
    """Who lists well may sell badly, and the breaker is about buying."""
    cast.buy(alice)
    Supplier.objects.filter(pk=alpha.pk).update(failure_count=2)
    alpha.refresh_from_db()

    poll_supplier(alpha, now=timezone.now())
    simulator.control(faults={"outage": 1})
    poll_supplier(alpha, now=later(1))

    alpha.refresh_from_db()
    assert (alpha.failure_count, alpha.paused_until) == (2, None)


def test_a_dead_pollers_lease_runs_out(
    alice: User, alpha: Supplier, simulator: RemoteSimulator
) -> None:
    cast.buy(alice)
    Supplier.objects.filter(pk=alpha.pk).update(poll_lease_until=later(40))

    assert poll_supplier(alpha, now=later(1)) is None
    assert poll_supplier(alpha, now=later(41)) is not None


def test_a_poller_that_was_overtaken_leaves_the_lease_alone(
    alice: User, alpha: Supplier, simulator: RemoteSimulator
) -> None:
    cast.buy(alice)
    simulator.control(latency_ms=200)
    theirs = later(100)

    def overtake(number: int) -> None:
        if number:
            time.sleep(0.1)
            Supplier.objects.filter(pk=alpha.pk).update(poll_lease_until=theirs)
        else:
            poll_supplier(alpha, now=timezone.now())

    all_at_once(overtake, count=2)

    alpha.refresh_from_db()
    assert alpha.poll_lease_until == theirs


def test_one_broken_order_does_not_stop_the_others(
    alice: User, alpha: Supplier, simulator: RemoteSimulator
) -> None:
    """Its settlement is taken already, which cannot happen; still, the others get their codes."""
    broken, fine = cast.buy(alice), cast.buy(alice)
    PurchaseAttempt.objects.filter(order=fine).update(sent_at=later(1))
    for order in (broken, fine):
        simulator.deliver(cast.attempt_of(order).reference)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO wallet_transfer (public_id, kind, debit_id, credit_id, currency, mode,"
            " amount, reference, reason, request_id, created_at) SELECT 'txn_broken', 'release',"
            " debit_id, credit_id, currency, mode, 1, %s, '', '', now()"
            " FROM wallet_transfer WHERE kind = 'hold' LIMIT 1",
            [f"settle:{broken.public_id}"],
        )

    poll_supplier(alpha, now=later(2))

    fine.refresh_from_db()
    broken.refresh_from_db()
    assert (fine.status, broken.status) == (Status.RECEIVED, Status.WAITING)


def test_without_a_list_old_orders_are_asked_about_less_often(
    alice: User, simulator: RemoteSimulator
) -> None:
    sandbox = Supplier.objects.get(code="sandbox")
    cast.buy(alice, mode=Mode.SANDBOX)
    asked = []

    for seconds in [*range(0, 6), *range(90, 96), *range(400, 412)]:
        result = poll_supplier(sandbox, now=later(seconds))
        assert result is not None
        asked.append(result.requests)

    assert sum(asked[:6]) == 3
    assert sum(asked[6:12]) == 2
    assert sum(asked[12:]) == 2
