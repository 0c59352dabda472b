"""What suppliers push is never believed, always answered, and read at once."""

import json
import time
from typing import Any

import pytest
from celery import current_app
from django.test import Client

from accounts.models import User
from catalog.models import Supplier
from orders import tasks
from orders.models import Order, PurchaseAttempt
from orders.reports import audit_ledger
from suppliers.simulator.remote import RemoteSimulator
from tests import cast
from tests.orders.upstream import disagreements
from tests.together import all_at_once

pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture
def address(alpha: Supplier) -> str:
    alpha.renew_push_token()
    alpha.save()
    return f"/hooks/supplier/alpha/{alpha.push_token}"


@pytest.fixture
def woken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tasks that would be sent; there is no worker here."""
    sent: list[str] = []
    monkeypatch.setattr(current_app, "send_task", lambda name, *_args, **_kw: sent.append(name))
    return sent


def push(address: str, body: Any, **headers: Any) -> int:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = Client(enforce_csrf_checks=True).post(
        address, content, content_type="application/json", headers=headers
    )
    assert answer.content == b"OK"
    return answer.status_code


def hinted() -> int:
    return PurchaseAttempt.objects.filter(hinted_at__isnull=False).count()


def test_a_push_has_the_code_read_from_the_supplier(
    alice: User, alpha: Supplier, simulator: RemoteSimulator, address: str, woken: list[str]
) -> None:
    order, other = cast.buy(alice), cast.buy(alice)
    reference = cast.attempt_of(order).reference
    simulator.deliver(reference, code="4711")

    status = push(address, {"activationId": int(reference), "code": "666", "text": "a lie"})

    assert (status, woken) == (200, ["orders.read_hinted"])
    tasks.read_hinted_orders(alpha.pk)
    order.refresh_from_db()
    other.refresh_from_db()
    assert (order.status, other.status) == ("received", "waiting")
    assert [message.code for message in order.messages.all()] == ["4711"]
    assert hinted() == 0
    assert audit_ledger() == disagreements(simulator) == []


def test_a_lie_changes_nothing(
    alice: User, alpha: Supplier, simulator: RemoteSimulator, address: str, woken: list[str]
) -> None:
    order = cast.buy(alice)

    push(address, {"activationId": cast.attempt_of(order).reference, "code": "666"})
    tasks.read_hinted_orders(alpha.pk)

    order.refresh_from_db()
    assert order.status == "waiting"
    assert not order.messages.exists()


def test_eight_times_wake_once(
    alice: User, simulator: RemoteSimulator, address: str, woken: list[str]
) -> None:
    reference = cast.attempt_of(cast.buy(alice)).reference

    outcomes = all_at_once(lambda _: push(address, {"id": reference}), count=8)

    assert outcomes == [200] * 8
    assert woken == ["orders.read_hinted"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x00\xff not json",
        b"[]",
        b"null",
        b"<html>",
        b'{"activationId": null}',
        b'{"activationId": "no such"}',
        b'{"activationId": [[["deep"]]]}',
        b'{"activationId": "' + b"9" * 20_000 + b'"}',
        b"&".join(b"id=%d" % number for number in range(200)),
    ],
)
def test_nonsense_is_answered_too(
    alice: User, simulator: RemoteSimulator, address: str, woken: list[str], body: bytes
) -> None:
    cast.buy(alice)

    assert push(address, body) == 200
    assert woken == []
    assert hinted() == 0


@pytest.mark.parametrize(
    "body", ["id={}", '{{"data": {{"order_id": "{}"}}}}', '[1, {{"OrderId": "{}"}}]']
)
def test_other_shapes(
    alice: User, simulator: RemoteSimulator, address: str, woken: list[str], body: str
) -> None:
    reference = cast.attempt_of(cast.buy(alice)).reference

    push(address, body.format(reference).encode())

    assert hinted() == (0 if body.startswith("[") else 1)


def test_who_does_not_know_the_address_wakes_nobody(
    alice: User, alpha: Supplier, simulator: RemoteSimulator, address: str, woken: list[str]
) -> None:
    reference = cast.attempt_of(cast.buy(alice)).reference
    old = address
    alpha.renew_push_token()
    alpha.save()

    for wrong in (old, "/hooks/supplier/alpha/guess", "/hooks/supplier/nobody/guess"):
        assert push(wrong, {"id": reference}) == 200

    assert woken == []


def test_only_known_sources_where_they_are_known(
    alice: User, alpha: Supplier, simulator: RemoteSimulator, address: str, woken: list[str]
) -> None:
    reference = cast.attempt_of(cast.buy(alice)).reference
    before = dict(alpha.options)
    Supplier.objects.filter(pk=alpha.pk).update(options={"push_networks": "192.0.2.0/24"})

    push(address, {"id": reference})
    assert woken == []
    Supplier.objects.filter(pk=alpha.pk).update(options={"push_networks": "127.0.0.1, 192.0.2.1"})
    push(address, {"id": reference})

    Supplier.objects.filter(pk=alpha.pk).update(options=before)
    assert woken == ["orders.read_hinted"]


def test_an_ended_order_is_not_read_again(
    alice: User, simulator: RemoteSimulator, address: str, woken: list[str]
) -> None:
    order = cast.buy(alice)
    Order.objects.filter(pk=order.pk).update(
        status="cancelled", closed_at=order.created_at, next_action_at=None
    )

    push(address, {"id": cast.attempt_of(order).reference})

    assert woken == []


def test_the_poll_takes_a_hint_that_nobody_read(
    alice: User, alpha: Supplier, simulator: RemoteSimulator, address: str, woken: list[str]
) -> None:
    order = cast.buy(alice)
    push(address, {"id": cast.attempt_of(order).reference})

    tasks.poll_one_supplier(alpha.pk)

    assert hinted() == 0


def test_a_broker_that_is_away_delays_no_answer(
    alice: User, simulator: RemoteSimulator, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kombu.exceptions import OperationalError

    def fail(*_args: object, **_options: object) -> None:
        raise OperationalError("away")

    monkeypatch.setattr(current_app, "send_task", fail)
    reference = cast.attempt_of(cast.buy(alice)).reference

    begun = time.monotonic()
    assert push(address, {"id": reference}) == 200

    assert time.monotonic() - begun < 3
    assert hinted() == 1
