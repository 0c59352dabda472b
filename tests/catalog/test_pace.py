"""We ask a supplier no faster than it allows, all processes together, and purchases go first."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from django.utils import timezone

from accounts import limits
from accounts.models import User
from catalog.actions import sync_catalogue
from catalog.models import Supplier
from catalog.pace import Turn, paced
from orders.actions import NoNumbers, poll_supplier
from suppliers.base import Limits, RefusalReason
from suppliers.base import Supplier as SupplierClient
from suppliers.pacing import OutOfTurn, wait_turn
from suppliers.simulator.catalogue import Catalogue
from suppliers.simulator.remote import RemoteSimulator
from suppliers.simulator.server import running
from tests import cast
from tests.orders.sellers import Seller, only_seller
from tests.orders.sweeps import later
from tests.together import all_at_once

pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture
def client(alpha: Supplier) -> SupplierClient:
    """Ten calls at once, twenty a second."""
    found = alpha.client()
    found.limits = Limits(requests_per_second=20, burst=10)
    return found


def calls_within(client: SupplierClient, seconds: float, turn: Turn = Turn.READ) -> int:
    ends_at = time.monotonic() + seconds
    count = 0
    with paced(client, turn):
        while time.monotonic() < ends_at:
            wait_turn()
            count += 1
    return count


@pytest.mark.parametrize("redis", ["there", "away"])
def test_many_together_keep_one_pace(
    request: pytest.FixtureRequest, client: SupplierClient, redis: str
) -> None:
    if redis == "away":
        request.getfixturevalue("redis_is_dead")

    counts = all_at_once(lambda _: calls_within(client, 1.0), count=8)

    # six at once, twenty a second, and one that each of eight still waits for
    total = sum(count for count in counts if isinstance(count, int))
    assert 15 <= total <= 6 + 20 + 8


@pytest.mark.parametrize("turn", [Turn.READ, Turn.CATALOGUE])
def test_purchases_find_room_that_others_leave(client: SupplierClient, turn: Turn) -> None:
    reading = threading.Thread(target=calls_within, args=(client, 0.5, turn))
    reading.start()
    time.sleep(0.2)

    begun = time.monotonic()
    with paced(client, Turn.PURCHASE):
        for _ in range(4):
            wait_turn()
    took = time.monotonic() - begun

    reading.join()
    assert took < 0.2


def test_who_would_wait_too_long_does_not_ask(client: SupplierClient) -> None:
    client.limits = replace(client.limits, requests_per_second=0.05, burst=1)
    with paced(client, Turn.PURCHASE):
        wait_turn()

    with paced(client, Turn.PURCHASE), pytest.raises(OutOfTurn) as late:
        wait_turn()

    assert late.value.reason == RefusalReason.BUSY


def test_nobody_waits_outside_of_a_block(client: SupplierClient) -> None:
    with paced(client):
        wait_turn()

    begun = time.monotonic()
    for _ in range(100):
        wait_turn()
    assert time.monotonic() - begun < 0.1


def test_a_purchase_out_of_turn_bought_nothing_and_pauses_nobody(
    alice: User, alpha: Supplier, simulator: RemoteSimulator
) -> None:
    slow = {"requests_per_second": "0.05", "burst": "1"}
    Supplier.objects.filter(pk=alpha.pk).update(options=slow)
    try:
        cast.buy(alice)
        with pytest.raises(NoNumbers):
            cast.buy(alice)
    finally:
        Supplier.objects.filter(pk=alpha.pk).update(options=cast.FAST)
        limits.forget_all()

    alpha.refresh_from_db()
    assert (alpha.paused_until, alpha.failure_count) == (None, 0)
    assert simulator.control()["counters"]["sold"] == 1
    assert cast.buy(alice).phone_number


def test_a_busy_supplier_is_asked_less_and_less(
    alice: User, alpha: Supplier, simulator: RemoteSimulator
) -> None:
    order = cast.buy(alice)
    simulator.control(faults={"outage_503": 1})
    asked = []

    for seconds in range(120):
        alpha.refresh_from_db()
        if poll_supplier(alpha, now=later(seconds)) is not None:
            asked.append(seconds)

    assert asked == [0, 5, 15, 35, 75, 115]
    simulator.control(faults={"outage_503": 0})
    simulator.deliver(cast.attempt_of(order).reference)
    alpha.refresh_from_db()
    poll_supplier(alpha, now=later(160))
    order.refresh_from_db()
    alpha.refresh_from_db()
    assert (order.status, alpha.poll_failure_count) == ("received", 0)


@pytest.fixture
def seller(committed: None) -> Iterator[Seller]:
    """A supplier whose list is read country by country."""
    with (
        running("fivesim", catalogue=Catalogue(0, services=5, countries=4)) as simulator,
        only_seller("fivesim", simulator) as found,
    ):
        yield found


def test_a_price_list_is_read_at_the_suppliers_pace(seller: Seller) -> None:
    """Three at once, twenty a second, where polls may use six at once."""
    pace = {"requests_per_second": "20", "burst": "10"}
    Supplier.objects.filter(pk=seller.supplier.pk).update(options=pace)
    seller.supplier.refresh_from_db()
    before = seller.simulator.control()["counters"]["requests"]

    begun = time.monotonic()
    sync_catalogue(seller.supplier, now=timezone.now())
    took = time.monotonic() - begun

    after = seller.simulator.control()["counters"]["requests"]
    count = sum(after.values()) - sum(before.values())
    assert count >= 3 + 4
    assert took >= (count - 3 - 1) / 20
