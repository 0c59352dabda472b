"""An account has at most as many open orders as its plan allows."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Mode, Plan, User
from orders.actions import TooManyOpenOrders, cancel_order, place_order
from orders.models import Order
from orders.reports import audit_ledger
from suppliers.simulator.remote import RemoteSimulator
from tests import cast
from tests.orders.sweeps import later
from tests.together import all_at_once, kinds

pytestmark = pytest.mark.usefixtures("seven_orders", "committed")


@pytest.fixture
def seven_orders(django_db_setup: None, django_db_blocker: Any) -> Iterator[Plan]:
    """A plan that outlives the users who have it."""
    with django_db_blocker.unblock():
        plan = Plan.objects.get(code="pro")
        plan.pk, plan.code, plan.max_open_orders = None, "seven", 7
        plan.save()
        yield plan
        plan.delete()


@pytest.fixture
def buyer(committed: None, seven_orders: Plan) -> User:
    user = cast.open_account("buyer", plan=seven_orders.code)
    cast.give(user, 1_000_000)
    return user


def test_the_cap_holds_for_fifty_at_once(buyer: User, simulator: RemoteSimulator) -> None:
    request = cast.whatsapp_in_indonesia()

    outcomes = all_at_once(
        lambda _: place_order(request, user=buyer, mode=Mode.LIVE, now=timezone.now()), count=50
    )

    assert kinds(outcomes) == {"Placement": 7, "TooManyOpenOrders": 43}
    assert Order.objects.open().count() == 7
    assert simulator.control()["counters"]["sold"] == 7
    assert audit_ledger() == []


def test_an_ended_order_makes_room(buyer: User, simulator: RemoteSimulator) -> None:
    orders = [cast.buy(buyer) for _ in range(7)]
    with pytest.raises(TooManyOpenOrders) as refused:
        cast.buy(buyer)
    cancel_order(orders[0], by=buyer, reason="", now=later(130))

    cast.buy(buyer)

    assert refused.value.details == {"openOrders": 7}
    assert Order.objects.open().count() == 7


def test_the_sandbox_has_a_cap_of_its_own(buyer: User, simulator: RemoteSimulator) -> None:
    for _ in range(7):
        cast.buy(buyer)

    order = cast.buy(buyer, mode=Mode.SANDBOX)

    assert order.mode == Mode.SANDBOX
