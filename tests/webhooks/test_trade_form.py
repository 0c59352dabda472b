"""Webhooks in SMS-Activate's form: each message, nothing else, by the same safe delivery."""

import json
from typing import Any

import pytest
from django.db import IntegrityError
from django.test import Client
from django.utils import timezone

from accounts.models import Mode, User
from catalog.models import Supplier
from orders.actions import poll_supplier, resend_code
from orders.actions.receiving import record_activation
from orders.models import Order
from suppliers.base import Activation, ActivationState, ReceivedMessage
from suppliers.simulator.remote import RemoteSimulator
from tests import cast
from tests.receiver import Receiver
from tests.webhooks.conftest import deliver
from webhooks import actions
from webhooks.models import Delivery, Endpoint
from webhooks.states import PayloadFormat

pytestmark = pytest.mark.usefixtures("committed", "simulator")


@pytest.fixture
def trade(receiver: Receiver, alice: User) -> Endpoint:
    """Alice's webhook in SMS-Activate's form, at /sms."""
    endpoint, secret = actions.create_endpoint(
        user=alice,
        mode=Mode.LIVE,
        url=receiver.url("/sms"),
        events=["*"],
        payload_format=PayloadFormat.SMSACTIVATE,
        now=timezone.now(),
    )
    receiver.trusts("/sms", secret)
    return endpoint


def bodies() -> list[dict[str, object]]:
    """What has been or will be sent, in order."""
    rows = Delivery.objects.order_by("pk").select_related("event")
    return [json.loads(bytes(row.event.payload)) for row in rows]


def comes(order: Order, code: str, simulator: RemoteSimulator, alpha: Supplier) -> None:
    simulator.deliver(cast.attempt_of(order).reference, code=code)
    poll_supplier(alpha, now=timezone.now())


def test_each_message_and_nothing_else(
    trade: Endpoint, alice: User, alpha: Supplier, simulator: RemoteSimulator, receiver: Receiver
) -> None:
    order = cast.buy(alice)
    comes(order, "4711", simulator, alpha)
    resend_code(order, now=timezone.now())
    comes(order, "0815", simulator, alpha)

    first, second = bodies()

    assert trade.events == ["order.received"]
    message = order.messages.order_by("pk").first()
    assert message is not None
    assert first == {
        "activationId": order.pk,
        "service": "wa",
        "text": message.text,
        "code": "4711",
        "country": 6,
        "receivedAt": f"{message.received_at:%Y-%m-%d %H:%M:%S}",
    }
    assert second["code"] == "0815"
    assert deliver() == 2
    assert not Delivery.objects.exclude(state="delivered").exists()


def test_two_messages_at_once_are_two_bodies(trade: Endpoint, alice: User) -> None:
    order = cast.buy(alice)
    messages = [
        ReceivedMessage(code=code, text=f"code {code}", message_id=code, received_at=None)
        for code in ("1111", "2222")
    ]
    activation = Activation("1", ActivationState.RECEIVED, messages)

    record_activation(
        cast.attempt_of(order).pk, activation, read_at=timezone.now(), now=timezone.now()
    )

    assert [body["code"] for body in bodies()] == ["1111", "2222"]


def test_beside_a_webhook_of_our_own_form(
    trade: Endpoint, endpoint: Endpoint, alice: User, alpha: Supplier, simulator: RemoteSimulator
) -> None:
    order = cast.buy(alice)
    comes(order, "4711", simulator, alpha)

    ours = Delivery.objects.filter(endpoint=endpoint).order_by("pk")
    theirs = Delivery.objects.filter(endpoint=trade)

    assert [row.event.type for row in ours] == ["order.waiting", "order.received"]
    assert [json.loads(bytes(row.event.payload))["code"] for row in theirs] == ["4711"]


def test_a_test_looks_like_the_real_thing(trade: Endpoint) -> None:
    actions.send_test(trade, now=timezone.now())

    [body] = bodies()
    assert set(body) == {"activationId", "service", "text", "code", "country", "receivedAt"}
    assert body["activationId"] == 0
    assert deliver() == 1


def test_the_choice_of_events_does_not_change_it(trade: Endpoint) -> None:
    actions.choose_events(trade, ["wallet.credited"])

    trade.refresh_from_db()
    assert trade.events == ["order.received"]
    with pytest.raises(IntegrityError):
        Endpoint.objects.filter(pk=trade.pk).update(events=["*"])


def test_it_is_chosen_in_the_browser(alice: User, receiver: Receiver) -> None:
    client = Client()
    cast.sign_in(client, alice)

    def send(payload_format: str) -> Any:
        page = client.get("/webhooks/new").content.decode()
        assert page.count('name="payloadFormat"') == 2
        once = page.split('name="once" value="')[1].split('"')[0]
        sent = {"endpoint_url": receiver.url("/sms"), "events": ["*"], "once": once}
        return client.post("/webhooks/new", sent | {"payloadFormat": payload_format})

    refused, done = send("xml"), send("smsactivate")

    assert refused.status_code == 400
    assert done.status_code == 200
    endpoint = Endpoint.objects.get()
    assert endpoint.speaks_trade
    shown = client.get(f"/webhooks/{endpoint.public_id}")
    assert b"SMS-Activate" in shown.content
    assert b"save-events" not in shown.content
