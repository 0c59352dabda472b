"""Purchases whose answer was lost: found and cancelled upstream, and nobody else's ever."""

import threading
import time
from collections.abc import Iterator

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import User
from catalog.models import Supplier
from nexotp.lib.errors import Problem
from orders.actions import (
    SupplierUnavailable,
    advance_due_orders,
    settle_due_attempts,
    settle_unknown_attempts,
)
from orders.models import Order, PurchaseAttempt
from orders.reports import audit_ledger
from orders.states import AttemptState, Status
from suppliers.base import Goods
from suppliers.simulator.remote import RemoteSimulator
from tests import cast
from tests.orders.sweeps import HOURS, later, sweep, sweep_up_to
from tests.orders.upstream import disagreements
from tests.together import all_at_once, kinds
from wallet.models import Transfer

pytestmark = pytest.mark.usefixtures("committed")


def lose(user: User, simulator: RemoteSimulator) -> Order:
    """Buy a number, with the answer lost on its way."""
    simulator.control(faults={"lose_answer": 1})
    with pytest.raises(SupplierUnavailable):
        cast.buy(user)
    simulator.control(faults={"lose_answer": 0})
    cast.forgive_suppliers()
    return Order.objects.latest("pk")


def states(simulator: RemoteSimulator) -> list[str]:
    return [each["state"] for each in simulator.activations()]


def test_it_is_found_and_cancelled(alice: User, simulator: RemoteSimulator) -> None:
    order = lose(alice, simulator)
    assert (order.status, cast.balance(alice)) == (Status.FAILED, 1_000_000)

    sweep(5)
    assert states(simulator) == ["waiting"]
    sweep(11)

    assert states(simulator) == ["cancelled"]
    assert cast.attempt_of(order).state == AttemptState.CANCELLED
    assert audit_ledger() == disagreements(simulator) == []


def test_it_is_cancelled_when_its_lock_ends(alice: User, simulator: RemoteSimulator) -> None:
    simulator.control(faults={"early_cancel": 1})
    order = lose(alice, simulator)
    sweep(11)
    assert cast.attempt_of(order).state == AttemptState.ORPHANED
    simulator.control(faults={"early_cancel": 0})

    sweep(40)

    assert states(simulator) == ["cancelled"]
    assert cast.attempt_of(order).state == AttemptState.CANCELLED


def test_a_code_makes_it_a_loss(alice: User, simulator: RemoteSimulator) -> None:
    order = lose(alice, simulator)
    (activation,) = simulator.activations()
    simulator.deliver(activation["id"], code="4711")

    sweep(11)

    attempt = cast.attempt_of(order)
    assert attempt.state == AttemptState.LOST
    assert order.messages.get().is_late
    loss = Transfer.objects.get(kind="loss")
    assert (loss.amount, loss.currency) == (activation["cost"], "USD")
    assert states(simulator) == ["finished"]
    assert cast.balance(alice) == 1_000_000
    assert audit_ledger() == disagreements(simulator) == []


def test_several_at_once(alice: User, simulator: RemoteSimulator) -> None:
    simulator.control(faults={"lose_answer": 1})

    outcomes = all_at_once(lambda _: cast.buy(alice), count=12)

    # The breaker may have opened before the last of them.
    assert set(kinds(outcomes)) <= {"SupplierUnavailable", "NoNumbers"}
    assert cast.balance(alice) == 1_000_000
    sweep(11)
    sweep(12)
    assert set(states(simulator)) == {"cancelled"}
    assert audit_ledger() == disagreements(simulator) == []


@pytest.mark.parametrize("round", range(3))
def test_beside_successful_ones_in_flight(
    alice: User, alpha: Supplier, simulator: RemoteSimulator, round: int
) -> None:
    """The sweep runs all the time; it never cancels a number that somebody was given."""
    simulator.control(faults={"lose_answer": 0.3}, latency_ms=10)
    is_over = threading.Event()

    def buy_some(_number: int) -> int:
        bought = 0
        for _ in range(6):
            cast.forgive_suppliers()
            try:
                cast.buy(alice)
                bought += 1
            except SupplierUnavailable:
                pass
        return bought

    def search() -> None:
        try:
            while not is_over.is_set():
                settle_unknown_attempts(alpha, now=later(11))
                settle_due_attempts(now=later(11))
        finally:
            connection.close()

    searching = threading.Thread(target=search)
    searching.start()
    counts = all_at_once(buy_some, count=6)
    is_over.set()
    searching.join()
    simulator.control(faults={"lose_answer": 0}, latency_ms=0)
    sweep_up_to(200)

    waiting = Order.objects.filter(status=Status.WAITING)
    assert waiting.count() == sum(count for count in counts if isinstance(count, int))
    assert states(simulator).count("waiting") == waiting.count()
    assert not PurchaseAttempt.objects.filter(state=AttemptState.REVIEW).exists()
    assert audit_ledger() == disagreements(simulator) == []


def test_steady_demand_does_not_put_it_off(
    alice: User, bob: User, alpha: Supplier, simulator: RemoteSimulator
) -> None:
    """There is always a purchase of the same goods in flight, but never the same one."""
    order = lose(alice, simulator)
    simulator.control(latency_ms=60)
    is_over = threading.Event()

    def keep_buying() -> None:
        try:
            while not is_over.is_set():
                cast.buy(bob)
        finally:
            connection.close()

    buyers = [threading.Thread(target=keep_buying) for _ in range(3)]
    for buyer in buyers:
        buyer.start()
    settle_unknown_attempts(alpha, now=later(11))
    is_over.set()
    for buyer in buyers:
        buyer.join()

    assert cast.attempt_of(order).state == AttemptState.ORPHANED
    simulator.control(latency_ms=0)
    sweep(15)
    assert disagreements(simulator) == []


def test_more_than_we_asked_for_is_for_a_person(
    alice: User, alpha: Supplier, simulator: RemoteSimulator
) -> None:
    """Somebody buys at the supplier by hand: which of the two is ours cannot be known."""
    order = lose(alice, simulator)
    offer = cast.attempt_of(order).offer
    assert offer is not None
    alpha.client().buy(
        Goods(offer.supplier_service, offer.supplier_country),
        max_cost=offer.cost,
        reference="by hand",
        now=timezone.now(),
    )

    sweep(11)

    attempt = cast.attempt_of(order)
    assert attempt.state == AttemptState.REVIEW
    assert all(each["id"] in attempt.error for each in simulator.activations())
    assert states(simulator) == ["waiting", "waiting"]


def test_other_goods_are_left_alone(
    alice: User, alpha: Supplier, simulator: RemoteSimulator
) -> None:
    order = lose(alice, simulator)
    (mine,) = simulator.activations()
    alpha.client().buy(
        Goods("tg", mine["country"]), max_cost=10**6, reference="by hand", now=timezone.now()
    )

    sweep(11)

    assert cast.attempt_of(order).state == AttemptState.CANCELLED
    assert states(simulator) == ["cancelled", "waiting"]


def test_nothing_bought_is_believed_after_the_last_look(
    alice: User, simulator: RemoteSimulator
) -> None:
    simulator.control(faults={"outage": 1})
    with pytest.raises(SupplierUnavailable):
        cast.buy(alice)
    simulator.control(faults={"outage": 0})
    order = Order.objects.get()

    for seconds in (11, 22, 43, 84):
        sweep(seconds)
        assert cast.attempt_of(order).state == AttemptState.UNKNOWN
    sweep(145)

    assert cast.attempt_of(order).state == AttemptState.NOTHING
    assert audit_ledger() == []


def test_an_outage_does_not_count_as_a_look(alice: User, simulator: RemoteSimulator) -> None:
    order = lose(alice, simulator)
    simulator.control(faults={"outage": 1})
    sweep_up_to(600)
    assert cast.attempt_of(order).state == AttemptState.UNKNOWN
    simulator.control(faults={"outage": 0})

    sweep(700)

    assert states(simulator) == ["cancelled"]


def test_a_supplier_gone_for_good_is_for_a_person(alice: User, simulator: RemoteSimulator) -> None:
    order = lose(alice, simulator)
    simulator.control(faults={"outage": 1})

    sweep(25 * 3600)

    assert cast.attempt_of(order).state == AttemptState.REVIEW


def test_two_searches_at_once_agree(
    alice: User, alpha: Supplier, simulator: RemoteSimulator
) -> None:
    for _ in range(5):
        lose(alice, simulator)

    all_at_once(lambda _: settle_unknown_attempts(alpha, now=later(11)), count=6)
    all_at_once(lambda _: settle_due_attempts(now=later(12)), count=6)

    # They may have left one to each other, which the next look finds.
    sweep_up_to(100, step=25)
    assert set(PurchaseAttempt.objects.values_list("state", flat=True)) == {"cancelled"}
    assert set(states(simulator)) == {"cancelled"}
    assert audit_ledger() == disagreements(simulator) == []


def test_an_orphan_that_cannot_be_cancelled_is_for_a_person(
    alice: User, simulator: RemoteSimulator
) -> None:
    order = lose(alice, simulator)
    sweep(11)
    PurchaseAttempt.objects.update(state=AttemptState.ORPHANED, next_action_at=timezone.now())
    simulator.control(faults={"no_activation": 1})

    sweep(HOURS)

    assert cast.attempt_of(order).state == AttemptState.REVIEW


@pytest.fixture
def slow_purchase(alice: User, simulator: RemoteSimulator) -> Iterator[threading.Thread]:
    """A purchase whose answer takes so long that the sweep takes the buyer's process for dead."""
    simulator.control(faults={"delay": 1}, delay_s=1)

    buying = threading.Thread(target=_buy_in_vain, args=(alice,))
    buying.start()
    while not simulator.control()["counters"]["requests"].get("getNumberV2"):
        time.sleep(0.01)
    advance_due_orders(now=later(61))
    assert Order.objects.get().status == Status.FAILED
    assert cast.balance(alice) == 1_000_000
    yield buying
    buying.join()


def by_hand(alpha: Supplier, attempt: PurchaseAttempt) -> str:
    """Buy and cancel a number that is none of ours; returns its reference."""
    goods = Goods(attempt.supplier_service, attempt.supplier_country)
    client = alpha.client()
    bought = client.buy(goods, max_cost=attempt.cost, reference="by hand", now=timezone.now())
    client.cancel(bought.reference, now=timezone.now())
    return bought.reference


def test_an_answer_that_comes_after_the_order_was_given_up(
    alice: User, simulator: RemoteSimulator, slow_purchase: threading.Thread
) -> None:
    slow_purchase.join()
    attempt = PurchaseAttempt.objects.get()
    assert attempt.state == AttemptState.ORPHANED

    sweep(200)

    assert states(simulator) == ["cancelled"]
    assert cast.balance(alice) == 1_000_000
    assert audit_ledger() == disagreements(simulator) == []


def test_an_answer_that_comes_after_its_number_was_found(
    alice: User, simulator: RemoteSimulator, slow_purchase: threading.Thread
) -> None:
    sweep(62)
    assert states(simulator) == ["cancelled"]

    slow_purchase.join()

    assert PurchaseAttempt.objects.get().state == AttemptState.CANCELLED
    assert cast.balance(alice) == 1_000_000
    assert audit_ledger() == disagreements(simulator) == []


def test_an_answer_that_comes_after_another_number_was_found_in_its_place(
    alice: User, alpha: Supplier, simulator: RemoteSimulator, slow_purchase: threading.Thread
) -> None:
    attempt = PurchaseAttempt.objects.get()
    simulator.control(faults={"delay": 0})
    reference = by_hand(alpha, attempt)
    PurchaseAttempt.objects.update(
        state=AttemptState.CANCELLED, reference=reference, next_action_at=None
    )

    slow_purchase.join()

    assert set(PurchaseAttempt.objects.values_list("state", flat=True)) == {
        "cancelled",
        "orphaned",
    }
    sweep(200)
    assert states(simulator) == ["cancelled", "cancelled"]
    assert audit_ledger() == disagreements(simulator) == []


def test_a_refusal_that_comes_after_the_order_was_given_up(
    alice: User, alpha: Supplier, simulator: RemoteSimulator
) -> None:
    """It asks nobody else, and does not undo what the sweep has found out meanwhile."""
    cast.buy(alice)
    other = PurchaseAttempt.objects.get()
    simulator.control(stock=0, latency_ms=600)
    buying = threading.Thread(target=_buy_in_vain, args=(alice,))
    buying.start()
    while Order.objects.count() < 2:
        time.sleep(0.01)
    order = Order.objects.latest("pk")
    Order.objects.filter(pk=order.pk).update(next_action_at=timezone.now())
    advance_due_orders(now=timezone.now())
    tied = order.attempts.get()
    PurchaseAttempt.objects.filter(pk=other.pk).update(state="nothing", reference="")
    PurchaseAttempt.objects.filter(pk=tied.pk).update(
        state=AttemptState.ORPHANED, reference=other.reference
    )

    buying.join()

    tied.refresh_from_db()
    assert tied.state == AttemptState.ORPHANED
    assert Order.objects.get(pk=order.pk).attempts.count() == 1


def _buy_in_vain(user: User) -> None:
    try:
        with pytest.raises(Problem):
            cast.buy(user)
    finally:
        connection.close()
