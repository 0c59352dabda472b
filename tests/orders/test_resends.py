"""A code sent again may come to another activation: the order owns both, and nobody else can."""

from collections import Counter
from datetime import timedelta

import pytest
from django.db import IntegrityError
from django.utils import timezone

from accounts.models import User
from catalog.models import Offer
from orders.actions import (
    SupplierUnavailable,
    finish_order,
    reconcile_history,
    resend_code,
    settle_due_attempts,
    settle_unknown_attempts,
)
from orders.actions.following import OwnedByAnother, follow
from orders.actions.reconciling import Finding
from orders.models import Order, PurchaseAttempt, StrayPurchase
from orders.reports import audit_ledger, count_deliveries
from orders.states import AttemptState, Status
from tests import cast
from tests.orders.sellers import Seller
from tests.orders.sweeps import HOURS, later, poll_all, sweep
from tests.together import all_at_once, kinds

pytestmark = [
    pytest.mark.usefixtures("seller", "committed"),
    pytest.mark.parametrize("seller", ["smspool"], indirect=True),
]


@pytest.fixture
def received(alice: User, seller: Seller) -> Order:
    """An order with its first code, 4711."""
    return receive(alice, seller)


def receive(user: User, seller: Seller) -> Order:
    order = cast.buy(user)
    seller.simulator.deliver(cast.attempt_of(order).reference, code="4711")
    poll_all()
    order.refresh_from_db()
    assert order.status == Status.RECEIVED
    return order


def activations(order: Order) -> list[tuple[str, str]]:
    return list(order.attempts.order_by("pk").values_list("reference", "state"))


def reconcile(seller: Seller) -> Counter[Finding]:
    now = timezone.now()
    span = {"since": now - timedelta(days=1), "until": now + timedelta(minutes=1)}
    found = reconcile_history(seller.supplier, **span, now=now)
    return Counter({finding: count for finding, count in found.items() if count})


def sold(seller: Seller) -> list[str]:
    return [each["id"] for each in seller.simulator.activations()]


def test_the_order_owns_both(received: Order, seller: Seller) -> None:
    resend_code(received, now=timezone.now())

    first, second = sold(seller)
    assert activations(received) == [(first, "finished"), (second, "bought")]
    assert reconcile(seller) == {Finding.AGREES: 2}
    assert not StrayPurchase.objects.exists()
    assert audit_ledger() == []


def test_the_second_code_comes_and_costs_nothing(
    alice: User, received: Order, seller: Seller
) -> None:
    resend_code(received, now=timezone.now())
    seller.simulator.deliver(sold(seller)[1], code="0815")

    for seconds in range(3):
        poll_all(seconds)

    received.refresh_from_db()
    assert [message.code for message in received.messages.order_by("pk")] == ["4711", "0815"]
    assert cast.balance(alice) == 1_000_000 - received.price
    finish_order(received, by=alice, now=timezone.now())
    settle_due_attempts(now=later(1))
    assert {state for _reference, state in activations(received)} == {"finished"}
    assert reconcile(seller) == {Finding.AGREES: 2}
    assert audit_ledger() == []


def test_what_brings_no_second_code_is_no_cost_given_back(received: Order, seller: Seller) -> None:
    resend_code(received, now=timezone.now())
    seller.supplier.client().cancel(sold(seller)[1], now=timezone.now())
    sweep(HOURS)

    assert reconcile(seller) == {Finding.AGREES: 2}

    received.refresh_from_db()
    assert received.status == Status.SUCCESS
    assert audit_ledger() == []


def test_asking_again_and_again_goes_on(received: Order, seller: Seller) -> None:
    for code in ("0815", "0816"):
        resend_code(received, now=timezone.now())
        seller.simulator.deliver(sold(seller)[-1], code=code)
        poll_all()
        received.refresh_from_db()

    assert received.message_count == 3
    assert [reference for reference, _state in activations(received)] == sold(seller)
    assert reconcile(seller) == {Finding.AGREES: 3}


def test_it_counts_as_one_delivery(received: Order, seller: Seller) -> None:
    resend_code(received, now=timezone.now())

    count_deliveries(now=timezone.now())

    offer = Offer.objects.get(supplier=seller.supplier)
    assert (offer.delivered_count, offer.ended_count) == (1, 1)


def test_asking_from_six_places_is_one_activation(received: Order, seller: Seller) -> None:
    seller.simulator.control(latency_ms=10)

    outcomes = all_at_once(lambda _: resend_code(received, now=timezone.now()), count=6)

    assert set(kinds(outcomes)) <= {"Order", "ResendNotSupported", "SupplierUnavailable"}
    assert kinds(outcomes)["Order"] >= 1
    first, second = sold(seller)
    assert activations(received) == [(first, "finished"), (second, "bought")]
    assert audit_ledger() == []


def test_a_resend_whose_answer_was_lost_is_found(received: Order, seller: Seller) -> None:
    (first,) = sold(seller)
    again = seller.supplier.client().resend(first, now=timezone.now())

    resend_code(received, now=timezone.now())

    assert activations(received) == [(first, "finished"), (again, "bought")]


def test_one_that_comes_after_the_end_is_cancelled(
    alice: User, received: Order, seller: Seller
) -> None:
    attempt = cast.attempt_of(received)
    again = seller.supplier.client().resend(attempt.reference, now=timezone.now())
    finish_order(received, by=alice, now=timezone.now())
    received.refresh_from_db()

    followed = follow(received, attempt, again, now=timezone.now())

    assert followed.state == AttemptState.ORPHANED
    sweep(10)
    assert seller.simulator.activations()[1]["state"] == "cancelled"
    assert audit_ledger() == []


def test_nobody_shares_anothers(alice: User, bob: User, seller: Seller) -> None:
    hers, his = receive(alice, seller), receive(bob, seller)
    attempt, other = cast.attempt_of(hers), cast.attempt_of(his)
    resend_code(his, now=timezone.now())

    for reference in (other.reference, cast.attempt_of(his).reference):
        with pytest.raises(OwnedByAnother):
            follow(hers, attempt, reference, now=timezone.now())

    assert activations(hers) == [(attempt.reference, "bought")]


def test_two_that_are_given_the_same_at_once(alice: User, bob: User, seller: Seller) -> None:
    orders = [receive(alice, seller), receive(bob, seller)]
    attempts = [cast.attempt_of(order) for order in orders]

    outcomes = all_at_once(
        lambda number: follow(orders[number], attempts[number], "SAME", now=timezone.now()),
        count=2,
    )

    assert kinds(outcomes)["PurchaseAttempt"] == 1
    (refused,) = [each for each in outcomes if isinstance(each, Exception)]
    assert isinstance(refused, OwnedByAnother | IntegrityError)
    assert PurchaseAttempt.objects.filter(reference="SAME").count() == 1


def test_the_customer_of_a_shared_one_hears_of_it(
    alice: User, bob: User, seller: Seller, monkeypatch: pytest.MonkeyPatch
) -> None:
    hers, his = receive(alice, seller), receive(bob, seller)
    taken = cast.attempt_of(his).reference
    client = type(seller.supplier.client())
    monkeypatch.setattr(client, "resend", lambda _self, _reference, *, now: taken)

    with pytest.raises(SupplierUnavailable):
        resend_code(hers, now=timezone.now())

    assert cast.attempt_of(hers).state == AttemptState.BOUGHT


def test_the_search_for_lost_purchases_leaves_it_alone(
    alice: User, received: Order, seller: Seller
) -> None:
    """A resend that has been asked for, and is not recorded yet, is in the list, too."""
    seller.simulator.control(faults={"lose_answer": 1})
    with pytest.raises(SupplierUnavailable):
        cast.buy(alice)
    seller.simulator.control(faults={"lose_answer": 0})
    lost = Order.objects.latest("pk")
    again = seller.supplier.client().resend(sold(seller)[0], now=timezone.now())

    settle_unknown_attempts(seller.supplier, now=later(11))

    assert cast.attempt_of(lost).reference not in {"", again}
    resend_code(received, now=timezone.now())
    assert cast.attempt_of(received).reference == again
