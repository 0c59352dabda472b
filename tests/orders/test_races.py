"""Whoever is faster wins, once: a code, a cancel, an expiry, or two of the same."""

import random
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Any

import httpx2
import pytest
from django.utils import timezone

from accounts.models import User
from catalog.models import Supplier
from nexotp.lib.errors import Problem
from orders.actions import (
    advance_due_orders,
    cancel_order,
    finish_order,
    poll_supplier,
    refund_order,
    settle_due_attempts,
)
from orders.models import Order, OrderMessage
from orders.reports import audit_ledger
from orders.states import Status
from suppliers.simulator.remote import RemoteSimulator
from tests import cast
from tests.orders.sweeps import later, poll_all, sweep
from tests.orders.upstream import disagreements
from tests.together import all_at_once, kinds
from wallet.models import Transfer

pytestmark = pytest.mark.usefixtures("committed")

UNLOCKED = 130
EXPIRED = 20 * 60
Act = Callable[[], Any]


def together(*acts: Act) -> list[Any]:
    """Do all of these at the same moment, in no particular order; none may fail unexpectedly."""
    shuffled = random.sample(acts, len(acts))
    outcomes = all_at_once(lambda number: shuffled[number](), count=len(acts))
    errors = [each for each in outcomes if isinstance(each, Exception)]
    assert all(isinstance(each, Problem) for each in errors), errors
    return outcomes


def deliver(simulator: RemoteSimulator, reference: str) -> None:
    """Unless the activation ended before, which the supplier refuses."""
    with suppress(httpx2.HTTPStatusError):
        simulator.deliver(reference, code="4711")


def cancel(order: Order) -> Order:
    return cancel_order(order, by=order.user, reason="", now=later(UNLOCKED))


def poll(supplier: Supplier) -> None:
    poll_supplier(supplier, now=later(1))


def expire(now: datetime | None = None) -> None:
    advance_due_orders(now=now or later(EXPIRED))


def settled_once(order: Order, user: User) -> None:
    """The order has one settlement, its status says which, and the wallet agrees."""
    order.refresh_from_db()
    kind = Transfer.objects.get(reference=f"settle:{order.public_id}").kind
    earned = order.status in {Status.RECEIVED, Status.SUCCESS}
    assert kind == ("capture" if earned else "release"), order.status
    assert cast.balance(user) == 1_000_000 - (order.price if earned else 0)
    assert order.message_count == (1 if earned else 0)


@pytest.mark.parametrize("round", range(4))
def test_code_against_cancel(
    alice: User, alpha: Supplier, simulator: RemoteSimulator, round: int
) -> None:
    order = cast.buy(alice)
    reference = cast.attempt_of(order).reference

    together(
        lambda: deliver(simulator, reference),
        lambda: cancel(order),
        lambda: poll(alpha),
    )

    poll_all(2)
    sweep(UNLOCKED + 5)
    settled_once(order, alice)
    assert audit_ledger() == disagreements(simulator) == []


@pytest.mark.parametrize("round", range(4))
def test_code_against_expiry(
    alice: User, alpha: Supplier, simulator: RemoteSimulator, round: int
) -> None:
    order = cast.buy(alice)
    reference = cast.attempt_of(order).reference

    together(lambda: deliver(simulator, reference), expire, expire, lambda: poll(alpha))

    poll_all(2)
    settled_once(order, alice)
    assert audit_ledger() == disagreements(simulator) == []


def test_code_against_cancel_where_the_supplier_decides(
    alice: User, alpha: Supplier, simulator: RemoteSimulator
) -> None:
    simulator.control(faults={"code_during_cancel": 1})
    order = cast.buy(alice)

    together(lambda: cancel(order), expire, lambda: poll(alpha), lambda: poll(alpha))

    settled_once(order, alice)
    assert order.status == Status.RECEIVED
    assert audit_ledger() == disagreements(simulator) == []


def test_ten_cancels_make_one_refund(alice: User, simulator: RemoteSimulator) -> None:
    simulator.control(latency_ms=30)
    order = cast.buy(alice)

    outcomes = all_at_once(lambda _: cancel(order), count=10)

    # Whoever came while the first was at it learns what it came to.
    assert kinds(outcomes)["Order"] >= 1
    assert set(kinds(outcomes)) <= {"Order", "OrderNotCancellable"}
    settled_once(order, alice)
    assert order.status == Status.CANCELLED
    assert Transfer.objects.filter(kind="release").count() == 1
    assert audit_ledger() == disagreements(simulator) == []


def test_expiry_against_cancel(alice: User, simulator: RemoteSimulator) -> None:
    simulator.control(latency_ms=20)
    orders = [cast.buy(alice) for _ in range(6)]

    together(*[lambda order=order: cancel(order) for order in orders], expire, expire, expire)

    for order in orders:
        order.refresh_from_db()
        assert order.status in {Status.CANCELLED, Status.EXPIRED}
    assert cast.balance(alice) == 1_000_000
    assert Transfer.objects.filter(kind="release").count() == 6
    assert audit_ledger() == disagreements(simulator) == []


def test_two_polls_store_one_message(
    alice: User, alpha: Supplier, simulator: RemoteSimulator
) -> None:
    """Even where the lease does not keep them apart."""
    order = cast.buy(alice)
    simulator.deliver(cast.attempt_of(order).reference, code="4711")

    def poll_without_lease() -> None:
        Supplier.objects.filter(pk=alpha.pk).update(poll_lease_until=None)
        poll(alpha)

    together(*[poll_without_lease] * 8)

    settled_once(order, alice)
    assert OrderMessage.objects.count() == 1
    assert Transfer.objects.filter(kind="capture").count() == 1
    assert audit_ledger() == disagreements(simulator) == []


def test_one_supplier_is_polled_by_one(
    alice: User, alpha: Supplier, simulator: RemoteSimulator
) -> None:
    simulator.control(latency_ms=100)
    cast.buy(alice)

    outcomes = all_at_once(lambda _: poll_supplier(alpha, now=later(1)), count=8)

    assert kinds(outcomes) == {"PollResult": 1, "NoneType": 7}
    assert simulator.control()["counters"]["requests"]["getActiveActivations"] == 1


@pytest.mark.parametrize("round", range(3))
def test_poll_against_cancel_of_many(
    alice: User, alpha: Supplier, simulator: RemoteSimulator, round: int
) -> None:
    """Half of them have a code that nobody has seen yet."""
    orders = [cast.buy(alice) for _ in range(8)]
    for order in orders[::2]:
        simulator.deliver(cast.attempt_of(order).reference, code="4711")

    together(
        *[lambda order=order: cancel(order) for order in orders],
        lambda: poll(alpha),
        expire,
    )

    poll_all(2)
    statuses = [Order.objects.get(pk=order.pk).status for order in orders]
    assert set(statuses[::2]) == {Status.RECEIVED}
    assert set(statuses[1::2]) <= {Status.CANCELLED, Status.EXPIRED}
    assert audit_ledger() == disagreements(simulator) == []


def test_finishing_from_ten_places(
    alice: User, alpha: Supplier, simulator: RemoteSimulator
) -> None:
    order = cast.buy(alice)
    simulator.deliver(cast.attempt_of(order).reference)
    poll(alpha)

    outcomes = all_at_once(lambda _: finish_order(order, by=alice, now=timezone.now()), count=10)

    assert kinds(outcomes) == {"Order": 1, "OrderNotActive": 9}
    together(*[lambda: settle_due_attempts(now=later(1))] * 4)
    settled_once(order, alice)
    assert audit_ledger() == disagreements(simulator) == []


def test_goodwill_is_given_once(
    alice: User, staff: User, alpha: Supplier, simulator: RemoteSimulator
) -> None:
    order = cast.buy(alice)
    simulator.deliver(cast.attempt_of(order).reference)
    poll(alpha)

    outcomes = all_at_once(
        lambda _: refund_order(order, by=staff, reason="not accepted", now=timezone.now()),
        count=10,
    )

    assert kinds(outcomes) == {"Order": 1, "OrderNotRefundable": 9}
    assert cast.balance(alice) == 1_000_000
    assert audit_ledger() == []
