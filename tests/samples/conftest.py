"""What samples are about: orders in the state that a sample needs, one for each language."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Mode, User
from catalog.models import Supplier
from orders.actions import place_order, poll_supplier
from orders.models import Order
from suppliers.simulator.remote import RemoteSimulator
from tests import cast

Place = Callable[..., Order]


@pytest.fixture
def place(alice: User) -> Place:
    """Place an order so long ago that it can be cancelled."""

    def placed(mode: Mode = Mode.LIVE) -> Order:
        moment = timezone.now()
        if mode == Mode.LIVE:
            moment -= timedelta(seconds=150)
        return place_order(cast.whatsapp_in_indonesia(), user=alice, mode=mode, now=moment).order

    return placed


@pytest.fixture
def place_received(place: Place, alpha: Supplier, simulator: RemoteSimulator) -> Place:
    """Place an order whose code has come."""

    def received() -> Order:
        order = place()
        simulator.deliver(cast.attempt_of(order).reference, code="123456")
        poll_supplier(alpha, now=timezone.now())
        order.refresh_from_db()
        return order

    return received
