"""Each scenario of the sandbox, as a developer meets it. Nobody waits: the clock is handed in."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from accounts.models import Mode, User
from catalog.models import Country, Service, Supplier
from orders.actions import OrderRequest, advance_due_orders, place_order, poll_supplier
from orders.models import Order
from orders.reports import audit_ledger
from tests import cast
from tests.api.calls import Api

pytestmark = pytest.mark.usefixtures("committed")


def place(api: Api, service: str) -> Order:
    data = api.post("/order", {"service": service, "country": "id"}).data
    assert (data["status"], data["providerCode"]) == ("waiting", "sandbox")
    return Order.objects.get(public_id=data["orderId"])


def placed_before(user: User, service: str, *, seconds: int) -> Order:
    """An order that was placed this long ago."""
    request = OrderRequest(
        service=Service.objects.get(code=service), country=Country.objects.get(code="id")
    )
    now = timezone.now() - timedelta(seconds=seconds)
    return place_order(request, user=user, mode=Mode.SANDBOX, now=now).order


def after(order: Order, seconds: float) -> datetime:
    return order.created_at + timedelta(seconds=seconds)


def shown(api: Api, order: Order) -> dict[str, object]:
    data: dict[str, object] = api.get(f"/order/{order.public_id}").data
    return data


def test_a_usual_service_gets_its_code_after_three_seconds(
    sandbox_api: Api, sandbox: Supplier, alice: User
) -> None:
    order = place(sandbox_api, "whatsapp")

    poll_supplier(sandbox, now=after(order, 1))
    early = shown(sandbox_api, order)
    poll_supplier(sandbox, now=after(order, 5))
    late = shown(sandbox_api, order)

    assert (early["status"], early["otp"]) == ("waiting", None)
    assert late["status"] == "received"
    assert len(str(late["otp"])) == 6
    assert cast.balance(alice, mode=Mode.SANDBOX) == 1_000_000 - order.price
    assert cast.balance(alice) == 1_000_000


def test_slow(sandbox_api: Api, sandbox: Supplier) -> None:
    order = place(sandbox_api, "test-slow")

    poll_supplier(sandbox, now=after(order, 29))
    early = shown(sandbox_api, order)
    poll_supplier(sandbox, now=after(order, 31))

    assert early["status"] == "waiting"
    assert shown(sandbox_api, order)["status"] == "received"


def test_no_code_expires_and_is_refunded(sandbox_api: Api, sandbox: Supplier, alice: User) -> None:
    order = place(sandbox_api, "test-no-code")
    assert order.expires_at is not None

    poll_supplier(sandbox, now=order.expires_at - timedelta(seconds=1))
    waiting = shown(sandbox_api, order)
    advance_due_orders(now=order.expires_at)
    ended = shown(sandbox_api, order)

    assert waiting["status"] == "waiting"
    assert (ended["status"], ended["otp"], ended["refunded"]) == ("expired", None, True)
    assert ended["refundAmount"] == order.price
    assert cast.balance(alice, mode=Mode.SANDBOX) == 1_000_000


def test_no_code_can_be_cancelled(sandbox_api: Api, alice: User) -> None:
    order = place(sandbox_api, "test-no-code")

    data = sandbox_api.post(f"/order/{order.public_id}/cancel").data

    assert (data["status"], data["refundAmount"]) == ("cancelled", order.price)
    assert cast.balance(alice, mode=Mode.SANDBOX) == 1_000_000


def test_no_numbers(sandbox_api: Api, alice: User) -> None:
    answer = sandbox_api.post("/order", {"service": "test-no-numbers", "country": "id"})

    assert answer.refusal == (503, "no_numbers")
    assert cast.balance(alice, mode=Mode.SANDBOX) == 1_000_000


def test_resend_brings_another_code(sandbox_api: Api, sandbox: Supplier, alice: User) -> None:
    order = placed_before(alice, "test-resend", seconds=10)
    poll_supplier(sandbox, now=timezone.now())
    first = shown(sandbox_api, order)

    asked = sandbox_api.post(f"/order/{order.public_id}/resend").data
    poll_supplier(sandbox, now=timezone.now() + timedelta(seconds=5))
    second = shown(sandbox_api, order)

    assert (first["canResend"], asked["status"]) == (True, "received")
    assert isinstance(second["messages"], list)
    assert len(second["messages"]) == 2
    assert second["otp"] != first["otp"]
    assert cast.balance(alice, mode=Mode.SANDBOX) == 1_000_000 - order.price


def test_only_test_resend_can_resend(sandbox_api: Api, sandbox: Supplier, alice: User) -> None:
    order = placed_before(alice, "whatsapp", seconds=10)
    poll_supplier(sandbox, now=timezone.now())

    answer = sandbox_api.post(f"/order/{order.public_id}/resend")

    assert answer.refusal == (400, "resend_not_supported")


def test_a_late_code_comes_to_an_order_that_has_ended(
    sandbox_api: Api, sandbox: Supplier, alice: User
) -> None:
    order = place(sandbox_api, "test-late-code")
    assert order.expires_at is not None

    advance_due_orders(now=order.expires_at)
    poll_supplier(sandbox, now=after(order, 80))

    ended = shown(sandbox_api, order)
    assert (ended["status"], ended["otp"], ended["messages"]) == ("expired", None, [])
    assert cast.balance(alice, mode=Mode.SANDBOX) == 1_000_000


def test_the_code_wins_the_cancel_race(sandbox_api: Api, alice: User) -> None:
    order = place(sandbox_api, "test-cancel-race")

    answer = sandbox_api.post(f"/order/{order.public_id}/cancel")

    assert answer.refusal == (400, "order_not_cancellable")
    assert answer.error["details"] == {"status": "received"}
    assert shown(sandbox_api, order)["otp"]
    assert cast.balance(alice, mode=Mode.SANDBOX) == 1_000_000 - order.price


def test_an_early_cancel_is_told_when_it_will_be_taken(sandbox_api: Api, alice: User) -> None:
    young, old = (
        place(sandbox_api, "test-early-cancel"),
        placed_before(alice, "test-early-cancel", seconds=31),
    )

    refused = sandbox_api.post(f"/order/{young.public_id}/cancel")
    taken = sandbox_api.post(f"/order/{old.public_id}/cancel")

    assert refused.refusal == (400, "cancel_too_early")
    assert 0 < int(refused.headers["Retry-After"]) <= 31
    assert taken.data["status"] == "cancelled"


def test_a_live_key_cannot_order_a_scenario(api: Api) -> None:
    answer = api.post("/order", {"service": "test-slow", "country": "id"})

    assert answer.wrong_fields == {"service": "unknown"}


def test_the_sandboxs_books_are_right_as_well(
    sandbox_api: Api, sandbox: Supplier, alice: User
) -> None:
    for service in ("test-slow", "test-no-code", "test-cancel-race", "whatsapp"):
        place(sandbox_api, service)
    race = Order.objects.get(service_id="test-cancel-race")
    sandbox_api.post(f"/order/{race.public_id}/cancel")
    poll_supplier(sandbox, now=timezone.now() + timedelta(seconds=5))

    assert audit_ledger() == []
