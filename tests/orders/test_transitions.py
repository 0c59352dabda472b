"""Which status may follow which."""

import pytest
from django.utils import timezone

from orders.models import Order
from orders.states import CAPTURED, FINAL, OPEN, TRANSITIONS, IllegalTransition, Status

PAIRS = [(before, after) for before in Status for after in Status]
LEGAL = {
    ("purchasing", "waiting"),
    ("purchasing", "failed"),
    ("waiting", "received"),
    ("waiting", "closing"),
    ("closing", "received"),
    ("closing", "cancelled"),
    ("closing", "expired"),
    ("closing", "waiting"),
    ("received", "success"),
}


def test_every_status_is_in_the_table() -> None:
    assert set(TRANSITIONS) == set(Status)


def test_the_table_is_what_the_design_says() -> None:
    listed = {(str(a), str(b)) for a, following in TRANSITIONS.items() for b in following}

    assert listed == LEGAL


def test_every_status_can_be_reached_and_left() -> None:
    reached = {Status.PURCHASING}.union(*TRANSITIONS.values())

    assert reached == set(Status)
    assert {Status.SUCCESS, Status.EXPIRED, Status.CANCELLED, Status.FAILED} == FINAL
    assert set(Status) == OPEN | FINAL
    assert not OPEN & FINAL
    assert set(Status) > CAPTURED


@pytest.mark.parametrize(
    ("before", "after"), [pair for pair in PAIRS if (str(pair[0]), str(pair[1])) not in LEGAL]
)
def test_anything_else_is_refused(before: Status, after: Status) -> None:
    order = Order(status=before, version=7)

    with pytest.raises(IllegalTransition):
        order.move(after, now=timezone.now())

    assert (order.status, order.version) == (before, 7)


@pytest.mark.parametrize(
    ("status", "shown"),
    [("purchasing", "waiting"), ("closing", "waiting"), ("waiting", "waiting")],
)
def test_customers_see_no_inner_states(status: str, shown: str) -> None:
    assert Order(status=status).public_status == shown
