"""GET /order/{id}, and /cancel, /resend, /finish: whose order, in which state."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Mode, User
from catalog.models import Supplier
from orders.actions import advance_due_orders, place_order, poll_supplier
from orders.models import Order
from orders.reports import audit_ledger
from suppliers.simulator.remote import RemoteSimulator
from tests import cast
from tests.api.calls import TIME, Api

pytestmark = pytest.mark.usefixtures("committed", "simulator")


@pytest.fixture
def order(alice: User) -> Order:
    """One that waits for its code, bought so long ago that its cancel lock is over."""
    bought_at = timezone.now() - timedelta(seconds=150)
    wanted = cast.whatsapp_in_indonesia()
    return place_order(wanted, user=alice, mode=Mode.LIVE, now=bought_at).order


@pytest.fixture
def received(order: Order, alpha: Supplier, simulator: RemoteSimulator) -> Order:
    """One whose code came."""
    simulator.deliver(cast.attempt_of(order).reference, code="123456")
    poll_supplier(alpha, now=timezone.now())
    order.refresh_from_db()
    return order


def test_a_waiting_order(api: Api, order: Order) -> None:
    data = api.get(f"/order/{order.public_id}").data

    assert set(data) == {
        *("orderId", "orderNumber", "status", "phoneNumber", "price", "currency", "priceUsd"),
        *("serviceCode", "countryCode", "providerCode", "expiresAt", "cancelAvailableAt"),
        *("createdAt", "otp", "messages", "remainingSeconds", "canCancel", "canResend"),
        *("canFinish", "refunded", "refundAmount", "version", "updatedAt"),
    }
    assert (data["status"], data["otp"], data["messages"]) == ("waiting", None, [])
    assert 1_000 < data["remainingSeconds"] <= 1_200
    assert (data["canCancel"], data["canResend"], data["canFinish"]) == (True, False, False)
    assert (data["refunded"], data["refundAmount"]) == (False, 0)


def test_a_received_order(api: Api, received: Order) -> None:
    data = api.get(f"/order/{received.public_id}").data

    assert (data["status"], data["otp"]) == ("received", "123456")
    assert data["phoneNumber"] == received.phone_number
    assert 1_000 < data["remainingSeconds"] <= 1_200
    [message] = data["messages"]
    assert set(message) == {"messageId", "code", "text", "sender", "receivedAt"}
    assert message["code"] == "123456"
    assert TIME.fullmatch(message["receivedAt"])
    assert (data["canCancel"], data["canFinish"]) == (False, True)


def test_the_number_finds_it_too(api: Api, order: Order) -> None:
    by_id, by_number = api.get(f"/order/{order.public_id}"), api.get(f"/order/{order.pk}")

    assert by_number.data["orderId"] == by_id.data["orderId"] == order.public_id


CALLS = [("GET", ""), ("POST", "/cancel"), ("POST", "/resend"), ("POST", "/finish")]


@pytest.mark.parametrize(("method", "action"), CALLS)
def test_anothers_order_is_forbidden_by_id_and_not_there_by_number(
    bobs_api: Api, order: Order, method: str, action: str
) -> None:
    by_id = bobs_api.call(method, f"/order/{order.public_id}{action}")
    by_number = bobs_api.call(method, f"/order/{order.pk}{action}")

    assert by_id.refusal == (403, "forbidden")
    assert by_number.refusal == (404, "not_found")
    order.refresh_from_db()
    assert order.status == "waiting"


@pytest.mark.parametrize(("method", "action"), CALLS)
def test_a_sandbox_key_sees_no_live_order(
    sandbox_api: Api, order: Order, method: str, action: str
) -> None:
    answers = [
        sandbox_api.call(method, f"/order/{name}{action}") for name in (order.public_id, order.pk)
    ]

    assert [answer.refusal for answer in answers] == [(404, "not_found")] * 2


@pytest.mark.parametrize(("method", "action"), CALLS)
def test_a_live_key_sees_no_sandbox_order(
    api: Api, bobs_api: Api, alice: User, method: str, action: str
) -> None:
    order = cast.buy(alice, mode=Mode.SANDBOX)

    answers = [
        each.call(method, f"/order/{name}{action}")
        for each in (api, bobs_api)
        for name in (order.public_id, order.pk)
    ]

    assert [answer.refusal for answer in answers] == [(404, "not_found")] * 4


@pytest.mark.parametrize(("method", "action"), CALLS)
@pytest.mark.parametrize("name", ["ord_01HX", "ord_01HX0000000000000000000000", "999999999"])
def test_an_order_nobody_has_is_not_there(api: Api, method: str, action: str, name: str) -> None:
    assert api.call(method, f"/order/{name}{action}").refusal == (404, "not_found")


# ---- cancel -----------------------------------------------------------------------------------


@pytest.mark.parametrize("body", [None, {}, {"reason": "user_requested"}, {"reason": None}])
def test_a_cancelled_order_is_refunded(
    api: Api, alice: User, order: Order, body: dict[str, Any] | None
) -> None:
    data = api.post(f"/order/{order.public_id}/cancel", body).data

    assert data == {
        "orderId": order.public_id,
        "status": "cancelled",
        "refunded": True,
        "refundAmount": order.price,
    }
    assert cast.balance(alice) == 1_000_000
    shown = api.get(f"/order/{order.public_id}").data
    assert (shown["status"], shown["remainingSeconds"]) == ("cancelled", 0)
    assert (shown["refunded"], shown["refundAmount"]) == (True, order.price)
    assert audit_ledger() == []


def test_the_reason_is_kept(api: Api, order: Order) -> None:
    api.post(f"/order/{order.public_id}/cancel", {"reason": "user_requested"})

    order.refresh_from_db()
    assert order.closing_reason == "user_requested"


@pytest.mark.parametrize(
    "reason", ["x" * 201, "a\x00b", 7, 0, False, [], {}, ["x"], {"x": 1}, True]
)
def test_a_reason_that_cannot_be(api: Api, order: Order, reason: Any) -> None:
    answer = api.post(f"/order/{order.public_id}/cancel", {"reason": reason})

    assert answer.wrong_fields == {"reason": "invalid"}
    order.refresh_from_db()
    assert order.status == "waiting"


def test_a_second_cancel_refunds_nothing(api: Api, alice: User, order: Order) -> None:
    api.post(f"/order/{order.pk}/cancel")

    answer = api.post(f"/order/{order.pk}/cancel")

    assert answer.refusal == (400, "order_not_cancellable")
    assert answer.error["details"] == {"status": "cancelled"}
    assert cast.balance(alice) == 1_000_000


def test_a_received_order_cannot_be_cancelled(api: Api, received: Order) -> None:
    answer = api.post(f"/order/{received.public_id}/cancel")

    assert answer.refusal == (400, "order_not_cancellable")
    assert answer.error["details"] == {"status": "received"}


def test_before_the_lock_ends_a_cancel_is_too_early(
    api: Api, alice: User, simulator: RemoteSimulator
) -> None:
    simulator.control(cancel_lock_s=120, faults={"early_cancel": 1})
    order = cast.buy(alice)

    answer = api.post(f"/order/{order.public_id}/cancel")

    assert answer.refusal == (400, "cancel_too_early")
    assert TIME.fullmatch(answer.error["details"]["cancelAvailableAt"])
    assert 0 < int(answer.headers["Retry-After"]) <= 122
    assert api.get(f"/order/{order.public_id}").data["status"] == "waiting"


def test_a_supplier_that_does_not_answer_a_cancel_is_a_503(
    api: Api, alice: User, order: Order, simulator: RemoteSimulator
) -> None:
    simulator.control(faults={"outage": 1})

    answer = api.post(f"/order/{order.public_id}/cancel")

    assert answer.refusal == (503, "supplier_unavailable")
    assert api.get(f"/order/{order.public_id}").data["status"] == "waiting"
    simulator.control(faults={"outage": 0})
    order.refresh_from_db()
    assert order.next_action_at is not None
    advance_due_orders(now=order.next_action_at)
    assert api.get(f"/order/{order.public_id}").data["status"] == "cancelled"
    assert cast.balance(alice) == 1_000_000


def test_a_code_that_wins_the_race_is_delivered(
    api: Api, alice: User, order: Order, simulator: RemoteSimulator
) -> None:
    simulator.control(faults={"code_during_cancel": 1})

    answer = api.post(f"/order/{order.public_id}/cancel")

    assert answer.refusal == (400, "order_not_cancellable")
    assert answer.error["details"] == {"status": "received"}
    assert api.get(f"/order/{order.public_id}").data["otp"]
    assert cast.balance(alice) == 1_000_000 - order.price


# ---- resend and finish ------------------------------------------------------------------------


def test_a_received_order_can_be_finished_once(api: Api, received: Order) -> None:
    data = api.post(f"/order/{received.public_id}/finish").data
    again = api.post(f"/order/{received.public_id}/finish")

    assert (data["status"], data["otp"], data["remainingSeconds"]) == ("success", "123456", 0)
    assert (data["canFinish"], data["canResend"]) == (False, False)
    assert again.refusal == (400, "order_not_active")
    assert again.error["details"] == {"status": "success"}


@pytest.mark.parametrize("action", ["resend", "finish"])
def test_without_a_code_there_is_nothing_to_finish_or_resend(
    api: Api, order: Order, action: str
) -> None:
    answer = api.post(f"/order/{order.public_id}/{action}")

    assert answer.refusal == (400, "order_not_active")
    assert answer.error["details"] == {"status": "waiting"}


def test_another_code_comes_after_a_resend(
    api: Api, alpha: Supplier, received: Order, simulator: RemoteSimulator
) -> None:
    assert api.get(f"/order/{received.public_id}").data["canResend"]

    asked = api.post(f"/order/{received.public_id}/resend").data
    simulator.deliver(cast.attempt_of(received).reference, code="777777")
    poll_supplier(alpha, now=timezone.now())

    shown = api.get(f"/order/{received.public_id}").data
    assert asked["status"] == "received"
    assert shown["otp"] == "777777"
    assert [message["code"] for message in shown["messages"]] == ["123456", "777777"]


def test_the_version_counts_up_with_each_change(api: Api, order: Order) -> None:
    before = api.get(f"/order/{order.public_id}").data

    api.post(f"/order/{order.public_id}/cancel")

    after = api.get(f"/order/{order.public_id}").data
    assert after["version"] > before["version"]
    assert after["updatedAt"] >= before["updatedAt"]
