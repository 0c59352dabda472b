"""Cancel and expiry: money goes back when, and only when, the supplier's own end is seen."""

import time

import pytest
from django.utils import timezone

from accounts.models import User
from catalog.models import Supplier
from orders.actions import (
    CancelTooEarly,
    OrderNotCancellable,
    SupplierUnavailable,
    cancel_order,
    poll_supplier,
)
from orders.models import Order
from orders.reports import audit_ledger
from orders.states import AttemptState, Status
from suppliers.simulator.remote import RemoteSimulator
from tests import cast
from tests.orders.sweeps import HOURS, later, poll_all, sweep
from tests.orders.upstream import disagreements

pytestmark = pytest.mark.usefixtures("committed")

UNLOCKED = 130
EXPIRED = 20 * 60


def cancel(order: Order, seconds: float = UNLOCKED) -> Order:
    return cancel_order(order, by=order.user, reason="changed my mind", now=later(seconds))


def state_of(simulator: RemoteSimulator) -> str:
    (only,) = simulator.activations()
    return str(only["state"])


def test_a_cancelled_order_is_refunded(alice: User, simulator: RemoteSimulator) -> None:
    order = cancel(cast.buy(alice))

    assert order.status == Status.CANCELLED
    assert order.refund_amount == order.price
    assert cast.attempt_of(order).state == AttemptState.CANCELLED
    assert state_of(simulator) == "cancelled"
    assert cast.balance(alice) == 1_000_000
    assert audit_ledger() == disagreements(simulator) == []


def test_an_expired_order_is_refunded(alice: User, simulator: RemoteSimulator) -> None:
    order = cast.buy(alice)

    sweep(EXPIRED)

    order.refresh_from_db()
    assert order.status == Status.EXPIRED
    assert state_of(simulator) == "cancelled"
    assert cast.balance(alice) == 1_000_000
    assert audit_ledger() == disagreements(simulator) == []


def test_an_order_is_not_expired_early(alice: User, simulator: RemoteSimulator) -> None:
    order = cast.buy(alice)

    sweep(EXPIRED - 60)

    order.refresh_from_db()
    assert order.status == Status.WAITING


def test_an_order_with_a_code_cannot_be_cancelled(
    alice: User, alpha: Supplier, simulator: RemoteSimulator
) -> None:
    order = cast.buy(alice)
    simulator.deliver(cast.attempt_of(order).reference)
    poll_supplier(alpha, now=timezone.now())

    with pytest.raises(OrderNotCancellable):
        cancel(order)


def test_the_lock_we_know_of_is_not_tried(alice: User, simulator: RemoteSimulator) -> None:
    order = cast.buy(alice)

    with pytest.raises(CancelTooEarly) as refused:
        cancel(order, 60)

    assert 55 <= (refused.value.retry_after or 0) <= 62
    assert "setStatus" not in simulator.control()["counters"]["requests"]


def test_a_lock_that_lasts_longer_says_when(alice: User, simulator: RemoteSimulator) -> None:
    order = cast.buy(alice)
    simulator.control(faults={"early_cancel": 1})

    with pytest.raises(CancelTooEarly):
        cancel(order)

    order.refresh_from_db()
    assert order.status == Status.WAITING
    assert order.cancel_available_at is not None
    assert later(UNLOCKED + 10) < order.cancel_available_at < later(UNLOCKED + 20)
    simulator.control(faults={"early_cancel": 0})
    assert cancel(order, UNLOCKED + 20).status == Status.CANCELLED
    assert audit_ledger() == disagreements(simulator) == []


def test_a_lock_at_the_end_is_outwaited(alice: User, simulator: RemoteSimulator) -> None:
    order = cast.buy(alice)
    simulator.control(faults={"early_cancel": 1})
    sweep(EXPIRED)
    order.refresh_from_db()
    assert order.status == Status.CLOSING
    simulator.control(faults={"early_cancel": 0})

    sweep(EXPIRED + 16)

    order.refresh_from_db()
    assert order.status == Status.EXPIRED
    assert disagreements(simulator) == []


def test_a_code_that_outruns_the_cancel_is_delivered(
    alice: User, simulator: RemoteSimulator
) -> None:
    order = cast.buy(alice)
    simulator.control(faults={"code_during_cancel": 1})

    with pytest.raises(OrderNotCancellable) as refused:
        cancel(order)

    assert refused.value.details == {"status": "received"}
    order.refresh_from_db()
    assert order.messages.get().code == simulator.activations()[0]["codes"][0]
    assert cast.balance(alice) == 1_000_000 - order.price
    assert audit_ledger() == disagreements(simulator) == []


def test_a_code_that_outruns_the_expiry_is_delivered(
    alice: User, simulator: RemoteSimulator
) -> None:
    order = cast.buy(alice)
    simulator.control(faults={"code_during_cancel": 1})

    sweep(EXPIRED)

    order.refresh_from_db()
    assert order.status == Status.RECEIVED
    assert cast.balance(alice) == 1_000_000 - order.price
    assert audit_ledger() == disagreements(simulator) == []


def test_a_lying_cancel_is_not_believed(alice: User, simulator: RemoteSimulator) -> None:
    order = cast.buy(alice)
    simulator.control(faults={"lying_cancel": 1}, code_after_s=0.5)

    with pytest.raises(SupplierUnavailable):
        cancel(order)

    assert cast.balance(alice) == 1_000_000 - order.price
    time.sleep(0.6)
    sweep(UNLOCKED + 3)
    order.refresh_from_db()
    assert order.status == Status.RECEIVED
    assert audit_ledger() == disagreements(simulator) == []


def test_no_activation_proves_nothing(alice: User, simulator: RemoteSimulator) -> None:
    order = cast.buy(alice)
    simulator.control(faults={"no_activation": 1})
    with pytest.raises(SupplierUnavailable):
        cancel(order)

    for seconds in range(UNLOCKED, UNLOCKED + 290, 40):
        sweep(seconds)
    order.refresh_from_db()
    assert order.status == Status.CLOSING
    assert cast.balance(alice) == 1_000_000 - order.price

    sweep(UNLOCKED + 361)
    order.refresh_from_db()
    assert order.status == Status.CANCELLED
    assert cast.attempt_of(order).state == AttemptState.REVIEW
    assert cast.balance(alice) == 1_000_000
    assert audit_ledger() == []


def refunded_at_the_limit(user: User, simulator: RemoteSimulator) -> Order:
    """An order refunded although its number lives on."""
    order = cast.buy(user)
    simulator.control(faults={"no_activation": 1})
    with pytest.raises(SupplierUnavailable):
        cancel(order)
    sweep(UNLOCKED + 361)
    simulator.control(faults={"no_activation": 0})
    order.refresh_from_db()
    assert order.status == Status.CANCELLED
    return order


def test_what_was_refunded_at_the_limit_is_still_cancelled(
    alice: User, simulator: RemoteSimulator
) -> None:
    order = refunded_at_the_limit(alice, simulator)

    sweep(UNLOCKED + 500)

    assert cast.attempt_of(order).state == AttemptState.CANCELLED
    assert state_of(simulator) == "cancelled"


def test_a_code_after_the_refund_is_kept_but_not_shown_or_charged(
    alice: User, simulator: RemoteSimulator
) -> None:
    order = refunded_at_the_limit(alice, simulator)
    simulator.deliver(cast.attempt_of(order).reference, code="4711")

    sweep(UNLOCKED + 500)

    order.refresh_from_db()
    message = order.messages.get()
    assert (message.code, message.is_late) == ("4711", True)
    assert (order.status, order.message_count) == (Status.CANCELLED, 0)
    assert cast.attempt_of(order).state == AttemptState.LOST
    assert state_of(simulator) == "finished"
    assert cast.balance(alice) == 1_000_000
    assert audit_ledger() == disagreements(simulator) == []


def test_an_outage_puts_the_end_off(alice: User, simulator: RemoteSimulator) -> None:
    order = cast.buy(alice)
    simulator.control(faults={"outage": 1})
    sweep(EXPIRED)
    sweep(EXPIRED + 3)
    order.refresh_from_db()
    assert order.status == Status.CLOSING
    assert cast.balance(alice) == 1_000_000 - order.price
    simulator.control(faults={"outage": 0})

    sweep(EXPIRED + 60)

    order.refresh_from_db()
    assert order.status == Status.EXPIRED
    assert cast.balance(alice) == 1_000_000
    assert audit_ledger() == disagreements(simulator) == []


def test_an_outage_without_end_does_not_keep_the_money(
    alice: User, simulator: RemoteSimulator
) -> None:
    order = cast.buy(alice)
    simulator.control(faults={"outage": 1})

    for seconds in range(0, 420, 60):
        sweep(EXPIRED + seconds)

    order.refresh_from_db()
    assert order.status == Status.EXPIRED
    assert cast.attempt_of(order).state == AttemptState.REVIEW
    assert cast.balance(alice) == 1_000_000
    assert audit_ledger() == []


def test_a_key_that_cannot_be_read_does_not_keep_the_money(
    alice: User, alpha: Supplier, simulator: RemoteSimulator
) -> None:
    order = cast.buy(alice)
    before = bytes(alpha.api_key_encrypted)
    Supplier.objects.filter(pk=alpha.pk).update(api_key_encrypted=b"rotated away")

    for seconds in range(0, 420, 60):
        sweep(EXPIRED + seconds)

    Supplier.objects.filter(pk=alpha.pk).update(api_key_encrypted=before)
    order.refresh_from_db()
    assert order.status == Status.EXPIRED
    assert cast.balance(alice) == 1_000_000


def test_a_number_the_supplier_takes_back_ends_the_order(
    alice: User, alpha: Supplier, simulator: RemoteSimulator
) -> None:
    order = cast.buy(alice)
    alpha.client().cancel(cast.attempt_of(order).reference, now=timezone.now())

    poll_all(6)
    sweep(7)

    order.refresh_from_db()
    assert order.status == Status.EXPIRED
    assert cast.balance(alice) == 1_000_000
    assert audit_ledger() == disagreements(simulator) == []


def test_a_number_that_times_out_upstream_first(alice: User, simulator: RemoteSimulator) -> None:
    simulator.control(lifetime_s=1)
    order = cast.buy(alice)
    time.sleep(1.1)

    sweep(1)

    order.refresh_from_db()
    assert order.status == Status.EXPIRED
    assert state_of(simulator) == "timed_out"
    assert cast.balance(alice) == 1_000_000
    assert audit_ledger() == disagreements(simulator) == []


def test_a_code_that_came_and_went_unseen_is_still_delivered(
    alice: User, simulator: RemoteSimulator
) -> None:
    """The supplier charged for it and has closed the number, so it says STATUS_CANCEL."""
    simulator.control(lifetime_s=2)
    order = cast.buy(alice)
    simulator.deliver(cast.attempt_of(order).reference, code="4711")
    time.sleep(2.1)
    assert state_of(simulator) == "finished"

    sweep(2)

    order.refresh_from_db()
    assert order.status == Status.RECEIVED
    assert order.messages.get().code == "4711"
    assert audit_ledger() == disagreements(simulator) == []


def test_a_used_number_is_finished_upstream(
    alice: User, alpha: Supplier, simulator: RemoteSimulator
) -> None:
    order = cast.buy(alice)
    simulator.deliver(cast.attempt_of(order).reference)
    poll_supplier(alpha, now=timezone.now())

    sweep(EXPIRED)

    order.refresh_from_db()
    assert order.status == Status.SUCCESS
    assert cast.attempt_of(order).state == AttemptState.FINISHED
    assert state_of(simulator) == "finished"


def test_what_cannot_be_finished_goes_to_a_person(
    alice: User, alpha: Supplier, simulator: RemoteSimulator
) -> None:
    order = cast.buy(alice)
    simulator.deliver(cast.attempt_of(order).reference)
    poll_supplier(alpha, now=timezone.now())
    simulator.control(faults={"outage": 1})
    sweep(EXPIRED)
    assert cast.attempt_of(order).state == AttemptState.BOUGHT

    sweep(HOURS)

    attempt = cast.attempt_of(order)
    assert (attempt.state, attempt.next_action_at) == (AttemptState.REVIEW, None)
    assert audit_ledger() == []
