"""A supplier that never says how a number was closed: the customer is refunded, a person looks."""

import time

import pytest

from accounts.models import User
from orders.actions import cancel_order
from orders.reports import audit_ledger
from orders.states import AttemptState, Status
from tests import cast
from tests.orders.sellers import Seller
from tests.orders.sweeps import HOURS, later, sweep

pytestmark = pytest.mark.usefixtures("seller", "committed")


@pytest.mark.parametrize(
    ("seller", "state"),
    [("smshub", AttemptState.REVIEW), ("smsactivate", AttemptState.CANCELLED)],
    indirect=["seller"],
)
def test_one_that_was_closed_before_we_asked(
    alice: User, seller: Seller, state: AttemptState
) -> None:
    seller.simulator.control(lifetime_s=1)
    order = cast.buy(alice)
    time.sleep(1.1)

    sweep(1)
    sweep(HOURS)

    order.refresh_from_db()
    assert (order.status, cast.balance(alice)) == (Status.EXPIRED, 1_000_000)
    attempt = cast.attempt_of(order)
    assert (attempt.state, attempt.next_action_at) == (state, None)
    assert audit_ledger() == []


@pytest.mark.parametrize("seller", ["smshub"], indirect=True)
def test_one_that_we_cancelled_is_clear(alice: User, seller: Seller) -> None:
    order = cast.buy(alice)

    cancel_order(order, by=alice, reason="", now=later(130))

    assert cast.attempt_of(order).state == AttemptState.CANCELLED
