"""One key, one order, one charge."""

import pytest
from django.utils import timezone

from accounts.models import Mode, User
from orders.actions import (
    IdempotencyInProgress,
    IdempotencyKeyReused,
    Placement,
    SupplierUnavailable,
    cancel_order,
    place_order,
)
from orders.models import Order
from orders.reports import audit_ledger
from orders.states import Status
from suppliers.simulator.remote import RemoteSimulator
from tests import cast
from tests.orders.sweeps import later
from tests.orders.upstream import disagreements
from tests.together import all_at_once, kinds
from wallet.models import Transfer

pytestmark = pytest.mark.usefixtures("committed")


def place(user: User, **options: str) -> Placement:
    request = cast.whatsapp_in_indonesia(**options)
    return place_order(request, user=user, mode=Mode.LIVE, now=timezone.now())


def test_fifty_identical_requests_make_one_order(alice: User, simulator: RemoteSimulator) -> None:
    simulator.control(latency_ms=150)

    outcomes = all_at_once(lambda _: place(alice, key="same"), count=50)

    assert kinds(outcomes).keys() <= {"Placement", "IdempotencyInProgress"}, kinds(outcomes)
    assert sum(isinstance(each, Placement) and not each.is_replay for each in outcomes) == 1
    order = Order.objects.get()
    again = all_at_once(lambda _: place(alice, key="same"), count=50)
    assert {each.order.pk for each in again if isinstance(each, Placement)} == {order.pk}
    assert kinds(again) == {"Placement": 50}
    assert simulator.control()["counters"]["sold"] == 1
    assert Transfer.objects.filter(kind="hold").count() == 1
    assert cast.balance(alice) == 1_000_000 - order.price
    assert audit_ledger() == []
    assert disagreements(simulator) == []


def test_a_request_in_flight_is_named(alice: User, simulator: RemoteSimulator) -> None:
    simulator.control(latency_ms=300)

    outcomes = all_at_once(lambda _: place(alice, key="same"), count=2)

    waiting = next(each for each in outcomes if isinstance(each, IdempotencyInProgress))
    assert waiting.details == {"orderId": Order.objects.get().public_id}
    assert waiting.retry_after == 2


def test_fifty_requests_for_the_last_money(alice: User, simulator: RemoteSimulator) -> None:
    price = cast.buy(alice).price
    spare = 1_000_000 // price - 1
    keys = [f"key-{number // 2}" for number in range(50)]

    outcomes = all_at_once(lambda number: place(alice, key=keys[number]), count=50)

    placed = {each.order.pk for each in outcomes if isinstance(each, Placement)}
    assert len(placed) == min(25, spare) == Order.objects.count() - 1
    assert cast.balance(alice) == 1_000_000 - price * (len(placed) + 1)
    assert audit_ledger() == []


def test_another_payload_is_refused(alice: User, simulator: RemoteSimulator) -> None:
    place(alice, key="k")

    with pytest.raises(IdempotencyKeyReused):
        place(alice, key="k", provider="alpha")

    assert Order.objects.count() == 1


def test_a_failed_order_gives_its_key_back(alice: User, simulator: RemoteSimulator) -> None:
    simulator.control(faults={"lose_answer": 1})
    with pytest.raises(SupplierUnavailable):
        place(alice, key="k")
    simulator.control(faults={"lose_answer": 0})

    placement = place(alice, key="k")

    assert not placement.is_replay
    assert placement.order.status == Status.WAITING
    assert cast.balance(alice) == 1_000_000 - placement.order.price


def test_fifty_requests_that_all_fail(alice: User, simulator: RemoteSimulator) -> None:
    """Each failure gives the key back in the moment the others wait for it."""
    simulator.control(stock=0)

    outcomes = all_at_once(lambda _: place(alice, key="same"), count=50)

    assert kinds(outcomes).keys() <= {"NoNumbers", "IdempotencyInProgress"}, kinds(outcomes)
    assert cast.balance(alice) == 1_000_000
    assert audit_ledger() == []


def test_an_ended_order_keeps_its_key(alice: User, simulator: RemoteSimulator) -> None:
    first = place(alice, key="k").order
    cancel_order(first, by=alice, reason="", now=later(130))

    placement = place(alice, key="k")

    assert placement.is_replay
    assert placement.order.pk == first.pk
    assert placement.order.status == Status.CANCELLED


def test_keys_belong_to_an_account(alice: User, bob: User, simulator: RemoteSimulator) -> None:
    hers, his = place(alice, key="k"), place(bob, key="k")

    assert hers.order.pk != his.order.pk
    assert not his.is_replay


def test_the_cap_does_not_hide_the_first_answer(alice: User, simulator: RemoteSimulator) -> None:
    alice.plan.max_open_orders = 1
    first = place(alice, key="k")

    again = place(alice, key="k")

    assert again.order.pk == first.order.pk
