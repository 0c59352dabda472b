"""A number that had been used before: the supplier hears of it, the customer has the price back."""

import pytest
from django.utils import timezone

from accounts.models import User
from catalog.models import Offer, Supplier
from orders.actions import (
    CancelTooEarly,
    OrderNotCancellable,
    SupplierUnavailable,
    cancel_order,
    report_number,
)
from orders.models import Order
from orders.reports import audit_ledger, count_deliveries
from orders.states import AttemptState, Status
from suppliers.simulator.remote import RemoteSimulator
from tests import cast
from tests.orders.sellers import Seller
from tests.orders.sweeps import later, poll_all, sweep
from tests.orders.upstream import disagreements
from tests.together import all_at_once, kinds
from wallet.models import Transfer

pytestmark = pytest.mark.usefixtures("seller", "committed")

UNLOCKED = 130
by_protocol = pytest.mark.parametrize("seller", ["fivesim", "smsactivate"], indirect=True)
at_fivesim = pytest.mark.parametrize("seller", ["fivesim"], indirect=True)
# Who wants to know, and what comes of it there.
_TOLD = {"fivesim": "banned", "smspool": "banned"}


def report(order: Order, seconds: float = UNLOCKED) -> Order:
    return report_number(order, by=order.user, now=later(seconds))


def state_of(simulator: RemoteSimulator) -> str:
    (only,) = simulator.activations()
    return str(only["state"])


def test_it_is_given_back_and_the_supplier_told(alice: User, seller: Seller) -> None:
    order = report(cast.buy(alice))

    assert (order.status, order.refund_amount) == (Status.CANCELLED, order.price)
    assert order.number_reported_at is not None
    assert cast.attempt_of(order).state == AttemptState.CANCELLED
    assert state_of(seller.simulator) == _TOLD.get(seller.supplier.protocol, "cancelled")
    assert cast.balance(alice) == 1_000_000
    assert audit_ledger() == disagreements(seller.simulator) == []


@at_fivesim
def test_what_is_merely_cancelled_is_no_complaint(alice: User, seller: Seller) -> None:
    cancel_order(cast.buy(alice), by=alice, reason="", now=later(UNLOCKED))

    assert state_of(seller.simulator) == "cancelled"


@by_protocol
def test_a_code_that_outruns_the_report_is_delivered(alice: User, seller: Seller) -> None:
    order = cast.buy(alice)
    seller.simulator.control(faults={"code_during_cancel": 1})

    with pytest.raises(OrderNotCancellable):
        report(order)

    order.refresh_from_db()
    assert order.status == Status.RECEIVED
    assert order.messages.get().code == seller.simulator.activations()[0]["codes"][0]
    assert cast.balance(alice) == 1_000_000 - order.price
    assert audit_ledger() == disagreements(seller.simulator) == []


@by_protocol
def test_it_waits_for_the_suppliers_lock(alice: User, seller: Seller) -> None:
    seller.simulator.control(cancel_lock_s=120)
    order = cast.buy(alice)

    with pytest.raises(CancelTooEarly):
        report(order, 60)

    order.refresh_from_db()
    assert (order.status, order.number_reported_at) == (Status.WAITING, None)


@by_protocol
def test_an_order_with_a_code_has_a_good_number(alice: User, seller: Seller) -> None:
    order = cast.buy(alice)
    seller.simulator.deliver(cast.attempt_of(order).reference)
    poll_all()

    with pytest.raises(OrderNotCancellable):
        report(order)

    order.refresh_from_db()
    assert order.number_reported_at is None


@by_protocol
def test_an_unanswered_report_is_repeated(alice: User, seller: Seller) -> None:
    order = cast.buy(alice)
    seller.simulator.control(faults={"outage": 1})
    with pytest.raises(SupplierUnavailable):
        report(order)
    assert cast.balance(alice) == 1_000_000 - order.price
    seller.simulator.control(faults={"outage": 0})

    sweep(UNLOCKED + 10)

    order.refresh_from_db()
    assert order.status == Status.CANCELLED
    assert state_of(seller.simulator) == _TOLD.get(seller.supplier.protocol, "cancelled")
    assert cast.balance(alice) == 1_000_000
    assert audit_ledger() == disagreements(seller.simulator) == []


@by_protocol
def test_reports_and_cancels_at_once_make_one_refund(alice: User, seller: Seller) -> None:
    seller.simulator.control(latency_ms=20)
    order = cast.buy(alice)

    def act(number: int) -> Order:
        if number % 2:
            return report(order)
        return cancel_order(order, by=alice, reason="", now=later(UNLOCKED))

    outcomes = all_at_once(act, count=10)

    assert set(kinds(outcomes)) <= {"Order", "OrderNotCancellable"}
    assert kinds(outcomes)["Order"] >= 1
    assert Transfer.objects.filter(kind="release").count() == 1
    assert cast.balance(alice) == 1_000_000
    assert audit_ledger() == disagreements(seller.simulator) == []


@pytest.mark.parametrize("round", range(3))
@by_protocol
def test_a_report_against_a_code(alice: User, seller: Seller, round: int) -> None:
    order = cast.buy(alice)
    reference = cast.attempt_of(order).reference
    acts = [
        lambda: seller.simulator.deliver(reference, code="4711"),
        lambda: report(order),
        lambda: poll_all(1),
    ]

    all_at_once(lambda number: acts[number](), count=3)

    poll_all(2)
    sweep(UNLOCKED + 5)
    order.refresh_from_db()
    kind = Transfer.objects.get(reference=f"settle:{order.public_id}").kind
    is_earned = order.status == Status.RECEIVED
    assert is_earned or order.status == Status.CANCELLED
    assert kind == ("capture" if is_earned else "release")
    assert cast.balance(alice) == 1_000_000 - (order.price if is_earned else 0)
    assert audit_ledger() == disagreements(seller.simulator) == []


@by_protocol
def test_it_counts_against_the_supplier_however_soon(
    alice: User, seller: Seller, alpha: Supplier
) -> None:
    order = report(cast.buy(alice))
    Order.objects.filter(pk=order.pk).update(closing_since=later(5))

    count_deliveries(now=timezone.now())

    offer = Offer.objects.get(supplier=seller.supplier)
    assert (offer.delivered_count, offer.ended_count) == (0, 1)
