"""A supplier that is switched off sells nothing more; what it has sold goes on to its end."""

import time

import pytest
from django.utils import timezone

from accounts.models import User
from catalog.models import Supplier
from orders import tasks
from orders.actions import NoNumbers, cancel_order, finish_order, poll_supplier
from orders.models import Order
from orders.reports import audit_ledger
from suppliers.simulator.remote import RemoteSimulator
from tests import cast
from tests.orders.sweeps import HOURS, later, sweep
from tests.orders.upstream import disagreements
from tests.together import all_at_once, kinds

pytestmark = pytest.mark.usefixtures("committed")


def switch_off(supplier: Supplier) -> None:
    Supplier.objects.filter(pk=supplier.pk).update(is_enabled=False)


def test_nothing_is_bought_from_that_moment(
    alice: User, alpha: Supplier, simulator: RemoteSimulator
) -> None:
    switch_off(alpha)

    with pytest.raises(NoNumbers):
        cast.buy(alice)

    assert simulator.control()["counters"]["sold"] == 0


def test_nor_by_an_order_that_was_on_its_way(
    alice: User, beta: Supplier, simulator: RemoteSimulator, second: RemoteSimulator
) -> None:
    """Switched off while alpha is asked, beta is not asked after it."""
    simulator.control(stock=0, latency_ms=500)

    def act(number: int) -> None:
        if number:
            time.sleep(0.2)
            switch_off(beta)
        else:
            cast.buy(alice)

    outcomes = all_at_once(act, count=2)

    assert kinds(outcomes) == {"NoNumbers": 1, "NoneType": 1}
    assert second.control()["counters"]["sold"] == 0
    assert audit_ledger() == []


def test_what_was_sold_is_polled_cancelled_and_finished(
    alice: User, alpha: Supplier, simulator: RemoteSimulator
) -> None:
    received, cancelled, left = (cast.buy(alice) for _ in range(3))
    switch_off(alpha)
    simulator.deliver(cast.attempt_of(received).reference)

    tasks.poll_one_supplier(alpha.pk)
    finish_order(received, by=alice, now=timezone.now())
    cancel_order(cancelled, by=alice, reason="", now=later(130))
    poll_supplier(alpha, now=later(5))
    sweep(HOURS)

    states = [each["state"] for each in simulator.activations()]
    assert states == ["finished", "cancelled", "cancelled"]
    assert [Order.objects.get(pk=order.pk).status for order in (received, cancelled, left)] == [
        *("success", "cancelled", "expired"),
    ]
    assert audit_ledger() == disagreements(simulator) == []
