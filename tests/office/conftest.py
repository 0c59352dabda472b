"""Staff with the rights of one group, and an order whose code came."""

from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone, translation

from accounts.models import User
from catalog.models import Supplier
from orders.actions import poll_supplier
from orders.models import Order
from suppliers.simulator.remote import RemoteSimulator
from tests import cast

Colleague = Callable[..., User]


@pytest.fixture
def colleague(committed: None) -> Colleague:
    """Take somebody on, in one of the groups; a second name is a second person."""

    def take_on(role: str, name: str = "") -> User:
        user = cast.open_account(name or role)
        user.is_staff = True
        user.save()
        cast.give_second_step(user)
        if role in {"support", "pricing", "finance", "owner"}:
            user.groups.add(Group.objects.get(name=role))
        return user

    return take_on


def desk_of(user: User) -> Client:
    """A browser with this person signed in."""
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(user)
    return client


@pytest.fixture
def in_english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture
def received(alice: User, alpha: Supplier, simulator: RemoteSimulator) -> Order:
    """An order whose code came."""
    return receive(alice, alpha, simulator)


def receive(user: User, supplier: Supplier, simulator: RemoteSimulator) -> Order:
    order = cast.buy(user)
    simulator.deliver(cast.attempt_of(order).reference, code="4711")
    poll_supplier(supplier, now=timezone.now())
    order.refresh_from_db()
    return order
