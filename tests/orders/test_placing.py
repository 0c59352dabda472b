"""Buying a number: one charge, one purchase, whatever the supplier says."""

import pytest
from django.utils import timezone

from accounts.models import User
from catalog.models import Supplier
from orders.actions import SupplierUnavailable, poll_supplier
from orders.models import Order
from orders.reports import audit_ledger
from orders.states import AttemptState, Status
from suppliers.simulator.remote import RemoteSimulator
from tests import cast

pytestmark = pytest.mark.usefixtures("committed")


def test_a_code_earns_the_held_price(
    alice: User, alpha: Supplier, simulator: RemoteSimulator
) -> None:
    order = cast.buy(alice)
    simulator.deliver(cast.attempt_of(order).reference, code="4711")

    poll_supplier(alpha, now=timezone.now())

    order.refresh_from_db()
    assert order.status == Status.RECEIVED
    assert order.messages.get().code == "4711"
    assert cast.balance(alice) == 1_000_000 - order.price
    assert audit_ledger() == []


def test_a_lost_answer_refunds_the_customer_at_once(
    alice: User, simulator: RemoteSimulator
) -> None:
    simulator.control(faults={"lose_answer": 1})

    with pytest.raises(SupplierUnavailable):
        cast.buy(alice)

    order = Order.objects.get()
    assert order.status == Status.FAILED
    assert cast.attempt_of(order).state == AttemptState.UNKNOWN
    assert cast.balance(alice) == 1_000_000
    assert audit_ledger() == []
