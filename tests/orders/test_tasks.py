"""Every periodic task may run twice at once: the work is done once."""

from collections.abc import Callable

import pytest
from celery import Task

from accounts.models import User
from catalog.models import Supplier
from nexotp.celery import HARD_LIMIT, QUEUES, app
from orders import tasks
from orders.actions import SupplierUnavailable
from orders.models import Order, OrderMessage
from orders.reports import audit_ledger
from orders.states import Status
from suppliers.simulator.remote import RemoteSimulator
from tests import cast
from tests.orders.sweeps import HOURS, later
from tests.orders.upstream import disagreements
from tests.together import all_at_once
from wallet.models import Transfer

pytestmark = pytest.mark.usefixtures("committed")

# The app knows what was imported.
app.loader.import_default_modules()
OURS: "dict[str, Task[..., None]]" = {
    name: task for name, task in app.tasks.items() if not name.startswith("celery.")
}


def five_times(task: Callable[[], None]) -> None:
    outcomes = all_at_once(lambda _: task(), count=5)

    assert outcomes == [None] * 5


def make_all_due() -> None:
    """Let the time come for every order and purchase."""
    Order.objects.filter(next_action_at__isnull=False).update(
        next_action_at=later(-1), lease_until=None
    )
    for order in Order.objects.all():
        order.attempts.filter(next_action_at__isnull=False).update(next_action_at=later(-1))


def test_every_task_has_a_queue() -> None:
    assert len(OURS) >= 10
    assert set(OURS) == set(QUEUES)
    assert {each["task"] for each in app.conf.beat_schedule.values()} <= set(app.tasks)


@pytest.mark.parametrize("name", OURS)
def test_a_task_has_time_for_what_it_began(name: str) -> None:
    """A sweep that began its last step has longer than that step can take."""
    limit = OURS[name].time_limit or HARD_LIMIT

    assert limit >= tasks._SWEEP_SECONDS + 40


def test_polling(alice: User, alpha: Supplier, simulator: RemoteSimulator) -> None:
    order = cast.buy(alice)
    simulator.deliver(cast.attempt_of(order).reference)

    five_times(lambda: tasks.poll_one_supplier(alpha.pk))

    order.refresh_from_db()
    assert order.status == Status.RECEIVED
    assert OrderMessage.objects.count() == 1
    assert Transfer.objects.filter(kind="capture").count() == 1
    assert audit_ledger() == disagreements(simulator) == []


def test_expiring(alice: User, simulator: RemoteSimulator) -> None:
    for _ in range(20):
        cast.buy(alice)
    make_all_due()

    five_times(tasks.advance_orders)

    assert set(Order.objects.values_list("status", flat=True)) == {Status.EXPIRED}
    assert Transfer.objects.filter(kind="release").count() == 20
    assert cast.balance(alice) == 1_000_000
    assert audit_ledger() == disagreements(simulator) == []


def test_settling(alice: User, alpha: Supplier, simulator: RemoteSimulator) -> None:
    received = cast.buy(alice)
    simulator.deliver(cast.attempt_of(received).reference)
    tasks.poll_one_supplier(alpha.pk)
    simulator.control(faults={"lose_answer": 1})
    with pytest.raises(SupplierUnavailable):
        cast.buy(alice)
    make_all_due()

    five_times(tasks.settle_unknown)
    make_all_due()
    five_times(tasks.advance_orders)
    make_all_due()
    five_times(tasks.settle_attempts)

    assert [each["state"] for each in simulator.activations()] == ["finished", "cancelled"]
    assert audit_ledger() == disagreements(simulator) == []


def test_counting(alice: User, simulator: RemoteSimulator) -> None:
    order = cast.buy(alice)
    make_all_due()
    tasks.advance_orders()

    five_times(tasks.count_deliveries)

    offer = cast.attempt_of(order).offer
    assert offer is not None
    assert (offer.ended_count, offer.delivered_count) == (1, 0)
    Order.objects.update(created_at=later(-15 * 24 * HOURS))
    tasks.count_deliveries()


def test_a_sweep_ends_although_nothing_works(alice: User, simulator: RemoteSimulator) -> None:
    """What cannot be done now is not taken again at once."""
    cast.buy(alice)
    simulator.control(faults={"outage": 1})
    make_all_due()

    tasks.advance_orders()

    assert simulator.control()["counters"]["faults"]["outage"] <= 2


def test_one_suppliers_trouble_is_not_the_others(
    alice: User, alpha: Supplier, simulator: RemoteSimulator
) -> None:
    simulator.control(faults={"lose_answer": 1})
    with pytest.raises(SupplierUnavailable):
        cast.buy(alice)
    make_all_due()
    before = bytes(alpha.api_key_encrypted)
    Supplier.objects.filter(pk=alpha.pk).update(api_key_encrypted=b"rotated away")

    tasks.settle_unknown()

    Supplier.objects.filter(pk=alpha.pk).update(api_key_encrypted=before)
    make_all_due()
    tasks.settle_unknown()
    assert Order.objects.get().attempts.get().state == "orphaned"
