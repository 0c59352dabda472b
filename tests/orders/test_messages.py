"""What came to a number is stored once, shown once and charged once."""

import pytest
from django.utils import timezone

from accounts.models import Mode, User
from catalog.models import Service, Supplier
from orders.actions import (
    OrderNotActive,
    OrderRequest,
    ResendNotSupported,
    SupplierUnavailable,
    finish_order,
    place_order,
    poll_supplier,
    resend_code,
)
from orders.actions.receiving import _await_another, record_activation
from orders.models import Order
from orders.reports import audit_ledger
from orders.states import Status
from suppliers.base import Activation, ActivationState, ReceivedMessage
from suppliers.simulator.remote import RemoteSimulator
from tests import cast
from tests.orders.sweeps import later, poll_all
from tests.orders.upstream import disagreements
from tests.together import all_at_once, kinds

pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture
def received(alice: User, simulator: RemoteSimulator) -> Order:
    """An order with its first code, 4711."""
    order = cast.buy(alice)
    simulator.deliver(cast.attempt_of(order).reference, code="4711")
    poll_all()
    order.refresh_from_db()
    assert order.status == Status.RECEIVED
    return order


def codes(order: Order) -> list[str | None]:
    return list(order.messages.order_by("pk").values_list("code", flat=True))


def test_a_message_reported_twice_is_stored_once(alice: User, simulator: RemoteSimulator) -> None:
    simulator.control(faults={"duplicate_message": 1})
    order = cast.buy(alice)
    simulator.deliver(cast.attempt_of(order).reference, code="4711")

    for seconds in range(3):
        poll_all(seconds)

    assert codes(order) == ["4711"]
    assert cast.balance(alice) == 1_000_000 - order.price
    assert audit_ledger() == []


@pytest.mark.parametrize("texts", [("Your code is 4711", ""), ("", "Your code is 4711")])
def test_a_message_read_with_and_without_its_text_is_stored_once(
    texts: tuple[str, str], alice: User, simulator: RemoteSimulator
) -> None:
    order = cast.buy(alice)
    attempt = cast.attempt_of(order)

    for text in texts:
        read = Activation(
            reference=attempt.reference,
            state=ActivationState.RECEIVED,
            messages=[ReceivedMessage(code="4711", text=text)],
        )
        record_activation(attempt.pk, read, read_at=timezone.now(), now=timezone.now())

    assert order.messages.get().code == "4711"
    assert audit_ledger() == []


def test_a_second_message_is_not_charged(received: Order, simulator: RemoteSimulator) -> None:
    simulator.deliver(cast.attempt_of(received).reference, code="0815")

    poll_all()

    received.refresh_from_db()
    assert codes(received) == ["4711", "0815"]
    assert received.message_count == 2
    assert cast.balance(received.user) == 1_000_000 - received.price
    assert audit_ledger() == []


def test_a_text_without_a_code_is_a_message(alice: User, simulator: RemoteSimulator) -> None:
    order = cast.buy(alice)
    simulator.deliver(cast.attempt_of(order).reference, text="Call us to verify")

    poll_all()

    message = order.messages.get()
    assert (message.code, message.text) == (None, "Call us to verify")


def test_the_same_digits_after_a_resend_are_a_new_message(
    received: Order, simulator: RemoteSimulator
) -> None:
    reference = cast.attempt_of(received).reference
    resend_code(received, now=timezone.now())
    poll_all()
    assert codes(received) == ["4711"]
    simulator.deliver(reference, code="4711")

    for seconds in range(3):
        poll_all(seconds)

    received.refresh_from_db()
    assert codes(received) == ["4711", "4711"]
    assert received.message_count == 2
    assert received.resend_requested_at is None
    assert audit_ledger() == []


def test_the_same_digits_come_before_the_next_poll(
    received: Order, simulator: RemoteSimulator
) -> None:
    """No poll sees the number wait in between, so it looks as it did before."""
    resend_code(received, now=timezone.now())
    simulator.deliver(cast.attempt_of(received).reference, code="4711")

    for seconds in range(3):
        poll_all(seconds)

    assert codes(received) == ["4711", "4711"]


def test_a_list_read_before_the_resend_is_no_news(received: Order) -> None:
    """Nor does it make the same digits, come later, look like what was seen before."""
    attempt = cast.attempt_of(received)
    before = timezone.now()
    text = received.messages.get().text
    stale = Activation(
        attempt.reference, ActivationState.RECEIVED, (ReceivedMessage("4711", text),)
    )
    resend_code(received, now=before)

    record_activation(attempt.pk, stale, read_at=before, now=later(0))

    assert codes(received) == ["4711"]
    assert cast.attempt_of(received).seen == ""
    record_activation(attempt.pk, stale, read_at=later(1), now=later(1))
    assert codes(received) == ["4711", "4711"]


def test_asking_twice_for_another_code_is_asking_once(
    received: Order, simulator: RemoteSimulator
) -> None:
    resend_code(received, now=timezone.now())

    order = resend_code(received, now=timezone.now())

    assert order.resend_requested_at is not None
    simulator.deliver(cast.attempt_of(received).reference, code="0815")
    poll_all()
    assert codes(received) == ["4711", "0815"]


def test_asking_for_another_code_from_ten_places(
    received: Order, simulator: RemoteSimulator
) -> None:
    outcomes = all_at_once(lambda _: resend_code(received, now=timezone.now()), count=10)

    assert kinds(outcomes) == {"Order": 10}
    simulator.deliver(cast.attempt_of(received).reference, code="4711")
    for seconds in range(3):
        poll_all(seconds)
    assert codes(received) == ["4711", "4711"]


def test_an_unanswered_resend_that_was_carried_out_counts(
    received: Order, simulator: RemoteSimulator
) -> None:
    """The supplier carried it out; the answer was an empty one, and so is the next."""
    simulator.control(faults={"empty": 1})
    with pytest.raises(SupplierUnavailable):
        resend_code(received, now=timezone.now())
    simulator.control(faults={"empty": 0})

    resend_code(received, now=timezone.now())

    simulator.deliver(cast.attempt_of(received).reference, code="4711")
    poll_all()
    assert codes(received) == ["4711", "4711"]


def test_a_code_that_comes_before_the_resend_is_recorded_is_stored_once(
    received: Order, simulator: RemoteSimulator
) -> None:
    attempt = cast.attempt_of(received)
    attempt.supplier.client().resend(attempt.reference, now=timezone.now())
    simulator.deliver(attempt.reference, code="0815")
    poll_all()

    _await_another(received, attempt, attempt.reference, now=timezone.now())

    poll_all(1)
    assert codes(received) == ["4711", "0815"]


def test_only_an_order_with_a_code_can_have_another(
    alice: User, simulator: RemoteSimulator
) -> None:
    with pytest.raises(OrderNotActive):
        resend_code(cast.buy(alice), now=timezone.now())


def test_a_finished_order_has_no_more_codes(received: Order) -> None:
    finish_order(received, by=received.user, now=timezone.now())

    with pytest.raises(OrderNotActive):
        resend_code(received, now=timezone.now())


def test_a_sandbox_number_without_resend_says_so(alice: User, simulator: RemoteSimulator) -> None:
    order = cast.buy(alice, mode=Mode.SANDBOX)
    poll_all(5)
    order.refresh_from_db()
    assert order.status == Status.RECEIVED

    with pytest.raises(ResendNotSupported):
        resend_code(order, now=timezone.now())


def test_a_resend_in_the_sandbox(alice: User, simulator: RemoteSimulator) -> None:
    request = OrderRequest(
        service=Service.objects.get(code="test-resend"),
        country=cast.whatsapp_in_indonesia().country,
    )
    order = place_order(request, user=alice, mode=Mode.SANDBOX, now=timezone.now()).order
    poll_all(5)
    order.refresh_from_db()

    resend_code(order, now=later(6))
    poll_all(12)

    assert order.messages.count() == 2


def test_an_order_missing_from_the_list_is_asked_about(
    alice: User, alpha: Supplier, simulator: RemoteSimulator
) -> None:
    order = cast.buy(alice)
    simulator.control(faults={"missing_from_list": 1})
    simulator.deliver(cast.attempt_of(order).reference, code="4711")

    poll_supplier(alpha, now=later(6))

    order.refresh_from_db()
    assert order.status == Status.RECEIVED
    assert codes(order) == ["4711"]
    assert audit_ledger() == disagreements(simulator) == []


def test_missing_from_the_list_is_no_end(
    alice: User, alpha: Supplier, simulator: RemoteSimulator
) -> None:
    order = cast.buy(alice)
    simulator.control(faults={"missing_from_list": 1})

    for seconds in (6, 30, 60):
        poll_supplier(alpha, now=later(seconds))

    order.refresh_from_db()
    assert order.status == Status.WAITING
