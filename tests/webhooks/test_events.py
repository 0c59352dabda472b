"""What customers are told, and when: in the transaction in which it happens, or not at all."""

import pytest
from django.db import transaction
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import Mode, User
from catalog.models import Supplier
from orders import presentation
from orders.actions import (
    NoNumbers,
    cancel_order,
    finish_order,
    poll_supplier,
    refund_order,
    resend_code,
)
from orders.actions.receiving import record_activation
from orders.models import Order
from suppliers.base import Activation, ActivationState, ReceivedMessage
from suppliers.simulator.remote import RemoteSimulator
from tests import cast
from tests.orders.sweeps import later, sweep
from tests.receiver import Receiver
from tests.webhooks.conftest import MakeEndpoint, deliver, make_due
from wallet.actions import adjust_wallet
from webhooks.actions import emit
from webhooks.models import Delivery, Endpoint, Event
from webhooks.states import EventType

pytestmark = pytest.mark.usefixtures("committed", "simulator")


def told(order: Order) -> list[str]:
    """The types of an order's events, in the order in which they happened."""
    events = Event.objects.order_by("pk")
    return [each.type for each in events if order.public_id.encode() in bytes(each.payload)]


def code_comes(order: Order, simulator: RemoteSimulator, alpha: Supplier) -> None:
    simulator.deliver(cast.attempt_of(order).reference)
    poll_supplier(alpha, now=timezone.now())


def cancel(order: Order) -> None:
    """Cancel once the supplier's lock is over."""
    cancel_order(order, by=None, reason="", now=later(130))


def test_a_number_bought(endpoint: Endpoint, alice: User) -> None:
    order = cast.buy(alice)

    assert told(order) == ["order.waiting"]


def test_a_code_that_comes_and_an_order_that_is_finished(
    endpoint: Endpoint, alice: User, alpha: Supplier, simulator: RemoteSimulator
) -> None:
    order = cast.buy(alice)
    code_comes(order, simulator, alpha)
    finish_order(order, by=alice, now=timezone.now())

    assert told(order) == ["order.waiting", "order.received", "order.success"]


def test_each_further_code_is_told(
    endpoint: Endpoint, alice: User, alpha: Supplier, simulator: RemoteSimulator
) -> None:
    order = cast.buy(alice)
    code_comes(order, simulator, alpha)
    resend_code(order, now=timezone.now())
    code_comes(order, simulator, alpha)

    assert told(order) == ["order.waiting", "order.received", "order.received"]


def test_a_cancel_is_told_once_and_closing_is_not(endpoint: Endpoint, alice: User) -> None:
    order = cast.buy(alice)
    cancel(order)

    assert told(order) == ["order.waiting", "order.cancelled"]


def test_an_expiry(endpoint: Endpoint, alice: User) -> None:
    order = cast.buy(alice)
    sweep(20 * 60)

    assert told(order) == ["order.waiting", "order.expired"]


def test_an_order_that_got_no_number(
    endpoint: Endpoint, alice: User, simulator: RemoteSimulator
) -> None:
    simulator.control(stock=0)

    with pytest.raises(NoNumbers):
        cast.buy(alice)

    assert told(Order.objects.get()) == ["order.failed"]


def test_a_late_code_is_not_told(
    endpoint: Endpoint, alice: User, alpha: Supplier, simulator: RemoteSimulator
) -> None:
    order = cast.buy(alice)
    sweep(20 * 60)
    before = told(order)

    attempt = cast.attempt_of(order)
    message = ReceivedMessage(code="123456", text="late", message_id="1")
    activation = Activation(attempt.reference, ActivationState.RECEIVED, [message])
    record_activation(attempt.pk, activation, read_at=later(1), now=later(1))

    assert order.messages.filter(is_late=True).exists()
    assert told(order) == before


def test_the_data_is_the_order_as_the_api_shows_it(
    endpoint: Endpoint,
    alice: User,
    alpha: Supplier,
    simulator: RemoteSimulator,
    receiver: Receiver,
) -> None:
    order = cast.buy(alice)
    code_comes(order, simulator, alpha)
    deliver()

    event = next(e for e in receiver.events() if e["type"] == "order.received")
    order.refresh_from_db()
    shown = presentation.detail(order, order.shown_messages(), now=timezone.now())
    passing = {"remainingSeconds", "canCancel"}
    assert set(event) == {"id", "type", "createdAt", "mode", "data"}
    assert event["mode"] == "live"
    assert set(event["data"]) == set(shown)
    assert {k: v for k, v in event["data"].items() if k not in passing} == {
        k: v for k, v in shown.items() if k not in passing
    }
    assert event["data"]["otp"]


def test_versions_tell_which_event_is_newer(
    endpoint: Endpoint, alice: User, receiver: Receiver
) -> None:
    order = cast.buy(alice)
    cancel(order)
    make_due()
    deliver()

    versions = {e["type"]: e["data"]["version"] for e in receiver.events()}
    order.refresh_from_db()
    assert versions["order.waiting"] < versions["order.cancelled"] == order.version


def test_what_does_not_commit_is_not_told(endpoint: Endpoint, alice: User) -> None:
    with transaction.atomic():
        emit(EventType.ORDER_WAITING, user_id=alice.pk, mode="live", data=dict, now=timezone.now())
        transaction.set_rollback(True)

    assert not Event.objects.exists()


def test_an_event_outside_a_transaction_is_refused(endpoint: Endpoint, alice: User) -> None:
    with pytest.raises(AssertionError):
        emit(EventType.ORDER_WAITING, user_id=alice.pk, mode="live", data=dict, now=timezone.now())


def test_without_endpoints_it_costs_one_read(
    alice: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    def never() -> dict[str, object]:
        raise AssertionError("nobody wants to know")

    # The read is the driver's own, and so not even counted among Django's.
    with transaction.atomic(), django_assert_num_queries(0):
        emit(EventType.ORDER_WAITING, user_id=alice.pk, mode="live", data=never, now=timezone.now())


@pytest.mark.parametrize(
    ("events", "told_of"),
    [("order.cancelled", 1), ("order.waiting,order.cancelled", 2), ("*", 2), ("order.failed", 0)],
)
def test_only_what_was_chosen(
    make_endpoint: MakeEndpoint, alice: User, events: str, told_of: int
) -> None:
    make_endpoint(events=events)

    order = cast.buy(alice)
    cancel(order)

    assert len(told(order)) == told_of


def test_modes_and_accounts_do_not_meet(
    make_endpoint: MakeEndpoint, alice: User, bob: User
) -> None:
    make_endpoint("/sandbox", mode=Mode.SANDBOX)
    make_endpoint("/bob", user=bob)

    cast.buy(alice)

    assert not Delivery.objects.exists()


def test_money_that_comes(endpoint: Endpoint, alice: User, receiver: Receiver) -> None:
    cast.give(alice, 5_000)
    adjust_wallet(user=alice, amount=700, adjustment_id="1", reason="gift", by=None)
    adjust_wallet(user=alice, amount=-300, adjustment_id="2", reason="error", by=None)
    deliver()

    data = [e["data"] for e in receiver.events() if e["type"] == "wallet.credited"]
    assert {(each["kind"], each["amount"]) for each in data} == {
        ("top_up", 5_000),
        ("adjustment", 700),
    }
    assert {each["currency"] for each in data} == {"IDR"}


def test_a_refund_is_money_that_comes_and_a_release_is_not(
    endpoint: Endpoint,
    alice: User,
    staff: User,
    alpha: Supplier,
    simulator: RemoteSimulator,
    receiver: Receiver,
) -> None:
    cancelled, kept = cast.buy(alice), cast.buy(alice)
    cancel(cancelled)
    code_comes(kept, simulator, alpha)
    refund_order(kept, by=staff, reason="sorry", now=timezone.now())
    make_due()
    deliver()

    data = [e["data"] for e in receiver.events() if e["type"] == "wallet.credited"]
    assert [(each["kind"], each["orderId"]) for each in data] == [("refund", kept.public_id)]


def test_a_repeated_credit_is_told_once(endpoint: Endpoint, alice: User) -> None:
    for _ in range(2):
        adjust_wallet(user=alice, amount=700, adjustment_id="1", reason="gift", by=None)

    assert Event.objects.count() == 1


def test_a_low_balance_is_told_when_it_becomes_low(
    endpoint: Endpoint, alice: User, settings: Settings, receiver: Receiver
) -> None:
    settings.LOW_BALANCE_THRESHOLD = cast.balance(alice)
    cast.buy(alice)
    cast.buy(alice)
    deliver()

    data = [e["data"] for e in receiver.events() if e["type"] == "wallet.low_balance"]
    assert [each["threshold"] for each in data] == [settings.LOW_BALANCE_THRESHOLD]
    assert data[0]["balance"] < settings.LOW_BALANCE_THRESHOLD
