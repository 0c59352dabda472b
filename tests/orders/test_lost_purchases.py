"""Purchases whose answer was lost: found and cancelled upstream, and nobody else's ever."""

import threading

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import User
from catalog.models import Supplier
from orders.actions import SupplierUnavailable, settle_due_attempts, settle_unknown_attempts
from orders.models import AttemptState, Order, PurchaseAttempt, Status
from orders.reports import audit_ledger
from suppliers.base import Goods
from suppliers.simulator.remote import RemoteSimulator
from tests import cast
from tests.orders.sweeps import HOURS, later, poll_all, sweep, sweep_up_to
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
    Supplier.objects.update(failure_count=0, paused_until=None)
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
            Supplier.objects.update(failure_count=0, paused_until=None)
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


def test_an_answer_that_comes_after_the_order_was_given_up(
    alice: User, simulator: RemoteSimulator
) -> None:
    """The buyer's process stood still for a minute, and the sweep took it for dead."""
    simulator.control(faults={"delay": 1}, delay_s=1.5)
    outcome: list[BaseException] = []

    def buy() -> None:
        try:
            cast.buy(alice)
        except SupplierUnavailable as problem:
            outcome.append(problem)
        finally:
            connection.close()

    buying = threading.Thread(target=buy)
    buying.start()
    while not simulator.activations():
        pass
    sweep(61)
    assert Order.objects.get().status == Status.FAILED
    assert cast.balance(alice) == 1_000_000
    buying.join()

    sweep(200)
    poll_all(201)
    sweep(202)

    assert len(outcome) == 1
    assert states(simulator) == ["cancelled"]
    assert cast.balance(alice) == 1_000_000
    assert audit_ledger() == disagreements(simulator) == []
