"""What must always hold is held by the database, whoever writes."""

from typing import Any

import pytest
from django.db import IntegrityError, models
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import User
from catalog.models import Supplier
from orders.actions import poll_supplier
from orders.models import Order, OrderMessage, PurchaseAttempt
from suppliers.simulator.remote import RemoteSimulator
from tests import cast
from tests.orders.sweeps import later

pytestmark = pytest.mark.usefixtures("committed")

# Changes to a waiting order, or to its purchase, each of which the named constraint refuses.
ORDER_BREAKS: dict[str, dict[str, Any]] = {
    "orders_status_known": {"status": "lost"},
    "orders_mode_known": {"mode": "other"},
    "orders_price_positive": {"price": 0},
    "orders_bought_has_number": {"phone_number": ""},
    "orders_open_is_queued": {"next_action_at": None},
    "orders_final_is_closed": {"closed_at": timezone.now()},
    "orders_closing_knows_its_end": {"status": "closing"},
    "orders_refund_is_the_price": {"refund_amount": 1},
}
ATTEMPT_BREAKS: dict[str, dict[str, Any]] = {
    "orders_attempt_state_known": {"state": "gone"},
    "orders_cost_not_negative": {"cost": -1},
    "orders_activation_has_reference": {"reference": ""},
    "orders_loose_end_is_queued": {"state": "orphaned"},
}
WITH_TESTS_BELOW = {
    "orders_one_order_per_key",
    "orders_activation_once",
    "orders_one_live_attempt",
    "orders_message_once",
}


def broken_by(rows: "QuerySet[Any]", **changes: Any) -> str | None:
    """Return the name of the constraint that refuses these changes."""
    with pytest.raises(IntegrityError) as refused:
        rows.update(**changes)
    name: str | None = refused.value.__cause__.diag.constraint_name  # type: ignore[union-attr]
    return name


def test_every_constraint_has_a_test() -> None:
    classes: list[type[models.Model]] = [Order, PurchaseAttempt, OrderMessage]
    named = {each.name for one in classes for each in one._meta.constraints}

    assert named == ORDER_BREAKS.keys() | ATTEMPT_BREAKS.keys() | WITH_TESTS_BELOW


@pytest.mark.parametrize("constraint", ORDER_BREAKS)
def test_of_orders(constraint: str, alice: User, simulator: RemoteSimulator) -> None:
    order = cast.buy(alice)

    rows = Order.objects.filter(pk=order.pk)

    assert broken_by(rows, **ORDER_BREAKS[constraint]) == constraint


@pytest.mark.parametrize("constraint", ATTEMPT_BREAKS)
def test_of_purchases(constraint: str, alice: User, simulator: RemoteSimulator) -> None:
    order = cast.buy(alice)

    rows = PurchaseAttempt.objects.filter(order=order)

    assert broken_by(rows, **ATTEMPT_BREAKS[constraint]) == constraint


def test_a_key_has_one_order(alice: User, simulator: RemoteSimulator) -> None:
    cast.buy(alice, key="first")
    second = cast.buy(alice, key="second")

    rows = Order.objects.filter(pk=second.pk)

    assert broken_by(rows, idempotency_key="first") == "orders_one_order_per_key"


def test_an_activation_has_one_owner(alice: User, bob: User, simulator: RemoteSimulator) -> None:
    hers, his = cast.attempt_of(cast.buy(alice)), cast.attempt_of(cast.buy(bob))

    rows = PurchaseAttempt.objects.filter(pk=his.pk)

    assert broken_by(rows, reference=hers.reference) == "orders_activation_once"


def test_an_order_has_one_live_purchase(alice: User, simulator: RemoteSimulator) -> None:
    first, second = cast.attempt_of(cast.buy(alice)), cast.attempt_of(cast.buy(alice))

    rows = PurchaseAttempt.objects.filter(pk=second.pk)

    assert broken_by(rows, order=first.order) == "orders_one_live_attempt"


def test_a_message_is_stored_once(alice: User, alpha: Supplier, simulator: RemoteSimulator) -> None:
    order = cast.buy(alice)
    reference = cast.attempt_of(order).reference
    for code in ("1111", "2222"):
        simulator.deliver(reference, code=code)
        poll_supplier(alpha, now=later(0))
    first, second = order.messages.order_by("pk")

    rows = OrderMessage.objects.filter(pk=second.pk)

    assert broken_by(rows, fingerprint=first.fingerprint) == "orders_message_once"
