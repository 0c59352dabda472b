"""What our own orders say about how well suppliers deliver."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from catalog.models import Offer, Supplier
from orders.actions import cancel_order, poll_supplier
from orders.models import Order
from orders.reports import count_deliveries
from suppliers.simulator.remote import RemoteSimulator
from tests import cast
from tests.orders.sweeps import HOURS, later, sweep

pytestmark = pytest.mark.usefixtures("committed")


def counted(offer: Offer) -> tuple[int, int]:
    offer.refresh_from_db()
    return offer.delivered_count, offer.ended_count


@pytest.fixture
def three_ended(alice: User, alpha: Supplier, simulator: RemoteSimulator) -> None:
    """One that got its code, one that expired, and one cancelled at once."""
    received, _expired, regretted = (cast.buy(alice) for _ in range(3))
    simulator.deliver(cast.attempt_of(received).reference)
    poll_supplier(alpha, now=timezone.now())
    cancel_order(regretted, by=alice, reason="", now=later(130))
    Order.objects.filter(pk=regretted.pk).update(closing_since=later(80))
    sweep(HOURS)


@pytest.mark.usefixtures("three_ended")
def test_an_order_cancelled_at_once_says_nothing(offer: Offer, alpha: Supplier) -> None:
    count_deliveries(now=timezone.now())

    assert counted(offer) == (1, 2)
    alpha.refresh_from_db()
    assert (alpha.delivered_count, alpha.ended_count) == (1, 2)


@pytest.mark.usefixtures("three_ended")
def test_one_cancelled_after_a_while_counts(offer: Offer) -> None:
    Order.objects.filter(status="cancelled").update(closing_since=later(91))

    count_deliveries(now=timezone.now())

    assert counted(offer) == (1, 3)


@pytest.mark.usefixtures("three_ended")
def test_what_is_long_ago_is_forgotten(offer: Offer, alpha: Supplier) -> None:
    count_deliveries(now=timezone.now())

    assert count_deliveries(now=timezone.now()) == 0
    assert count_deliveries(now=timezone.now() + timedelta(days=15)) == 1

    assert counted(offer) == (0, 0)
    alpha.refresh_from_db()
    assert alpha.ended_count == 0
