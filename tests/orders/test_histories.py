"""Every purchase in a supplier's history has its answer in our books, or is a stray."""

import time
from collections import Counter
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from catalog.models import Supplier
from orders import tasks
from orders.actions import poll_supplier, reconcile_history, settle_stray
from orders.actions.reconciling import Finding, _disagreement
from orders.models import Order, PurchaseAttempt, StrayPurchase
from orders.reports import audit_ledger
from orders.states import AttemptState, Status
from suppliers.base import ActivationState, Goods
from suppliers.simulator.remote import RemoteSimulator
from tests import cast
from tests.orders.sweeps import HOURS, later, sweep
from tests.orders.upstream import disagreements
from tests.together import all_at_once
from wallet.models import Transfer

pytestmark = pytest.mark.usefixtures("committed")


def reconcile(supplier: Supplier) -> Counter[Finding]:
    now = timezone.now()
    found = reconcile_history(
        supplier,
        since=now - timedelta(days=1),
        until=now + timedelta(minutes=1),
        now=now,
    )
    return Counter({finding: count for finding, count in found.items() if count})


def by_hand(supplier: Supplier, attempt: PurchaseAttempt) -> str:
    goods = Goods(attempt.supplier_service, attempt.supplier_country)
    client = supplier.client()
    bought = client.buy(goods, max_cost=attempt.cost, reference="by hand", now=timezone.now())
    return bought.reference


def test_ordinary_days_agree(alice: User, alpha: Supplier, simulator: RemoteSimulator) -> None:
    received, _expired = cast.buy(alice), cast.buy(alice)
    simulator.deliver(cast.attempt_of(received).reference)
    poll_supplier(alpha, now=timezone.now())
    sweep(HOURS)
    sweep(HOURS)
    cast.buy(alice)

    assert reconcile(alpha) == {Finding.AGREES: 3}
    assert audit_ledger() == disagreements(simulator) == []


@pytest.fixture
def refunded_upstream(alice: User, alpha: Supplier, simulator: RemoteSimulator) -> Order:
    """An order that got its code, whose cost the supplier gave back without a word."""
    simulator.control(faults={"refunded": 1}, lifetime_s=1)
    order = cast.buy(alice)
    simulator.control(faults={"refunded": 0}, lifetime_s=1200)
    simulator.deliver(cast.attempt_of(order).reference)
    poll_supplier(alpha, now=timezone.now())
    time.sleep(0.6)
    return order


def test_a_cost_that_was_given_back_comes_back(
    alice: User, alpha: Supplier, simulator: RemoteSimulator, refunded_upstream: Order
) -> None:
    balance = cast.balance(alice)

    assert reconcile(alpha) == {Finding.COST_CAME_BACK: 1}

    (back,) = Transfer.objects.filter(kind="cost_back")
    assert back.reference == f"costback:{refunded_upstream.public_id}"
    assert back.amount == Transfer.objects.get(kind="cost").amount
    assert cast.balance(alice) == balance
    assert audit_ledger() == []
    assert reconcile(alpha) == {Finding.AGREES: 1}


def test_it_comes_back_once(alpha: Supplier, refunded_upstream: Order) -> None:
    outcomes = all_at_once(lambda _: reconcile(alpha), count=6)

    found = sum((each for each in outcomes if isinstance(each, Counter)), Counter[Finding]())
    assert found == {Finding.COST_CAME_BACK: 1, Finding.AGREES: 5}
    assert Transfer.objects.filter(kind="cost_back").count() == 1
    assert audit_ledger() == []


def test_what_nobody_made_is_for_a_person(
    alice: User, alpha: Supplier, staff: User, simulator: RemoteSimulator
) -> None:
    order = cast.buy(alice)
    reference = by_hand(alpha, cast.attempt_of(order))

    assert reconcile(alpha) == {Finding.AGREES: 1, Finding.STRAY: 1}
    reconcile(alpha)

    stray = StrayPurchase.objects.get()
    assert stray.reference == reference
    assert stray.cost == cast.attempt_of(order).cost
    all_at_once(lambda _: settle_stray(stray, is_ours=True, by=staff, now=timezone.now()), count=5)
    (loss,) = Transfer.objects.filter(kind="stray")
    assert (loss.amount, loss.by) == (stray.cost, staff)
    assert audit_ledger() == []


def test_a_stray_that_is_not_ours_moves_no_money(
    alice: User, alpha: Supplier, staff: User, simulator: RemoteSimulator
) -> None:
    by_hand(alpha, cast.attempt_of(cast.buy(alice)))
    reconcile(alpha)

    settle_stray(StrayPurchase.objects.get(), is_ours=False, by=staff, now=timezone.now())

    assert not Transfer.objects.filter(kind="stray").exists()
    assert audit_ledger() == []


def test_a_lost_purchase_that_was_given_up_is_found_after_all(
    alice: User, alpha: Supplier, simulator: RemoteSimulator
) -> None:
    simulator.control(faults={"lose_answer": 1})
    with pytest.raises(Exception, match="supplier_unavailable"):
        cast.buy(alice)
    simulator.control(faults={"lose_answer": 0})
    PurchaseAttempt.objects.update(state=AttemptState.NOTHING, next_action_at=None)

    assert reconcile(alpha) == {Finding.TIED: 1}

    sweep(200)
    assert PurchaseAttempt.objects.get().state == AttemptState.CANCELLED
    assert audit_ledger() == disagreements(simulator) == []


def test_one_that_had_got_a_code_is_a_loss(
    alice: User, alpha: Supplier, simulator: RemoteSimulator
) -> None:
    simulator.control(faults={"lose_answer": 1})
    with pytest.raises(Exception, match="supplier_unavailable"):
        cast.buy(alice)
    simulator.control(faults={"lose_answer": 0})
    PurchaseAttempt.objects.update(state=AttemptState.NOTHING, next_action_at=None)
    (number,) = simulator.activations()
    simulator.deliver(number["id"])
    alpha.client().finish(number["id"], now=timezone.now())

    assert reconcile(alpha) == {Finding.TIED: 1}

    assert PurchaseAttempt.objects.get().state == AttemptState.LOST
    assert Transfer.objects.get(kind="loss").amount == number["cost"]
    assert audit_ledger() == disagreements(simulator) == []


def test_the_task_remembers_how_far_it_came(
    alice: User, alpha: Supplier, simulator: RemoteSimulator
) -> None:
    cast.buy(alice)
    simulator.control(faults={"outage": 1})
    tasks.reconcile_one_history(alpha.pk)
    assert not Supplier.objects.exclude(reconciled_until=None).exists()
    simulator.control(faults={"outage": 0})

    tasks.reconcile_one_history(alpha.pk)

    alpha.refresh_from_db()
    assert alpha.reconciled_until is not None
    assert alpha.reconciled_until < later(-3500)


@pytest.mark.parametrize(
    ("order", "attempt", "theirs", "finding"),
    [
        ("waiting", "bought", "cancelled", Finding.AGREES),
        ("received", "bought", "cancelled", Finding.COST_CAME_BACK),
        ("success", "finished", "cancelled", Finding.COST_CAME_BACK),
        ("success", "finished", "finished", Finding.AGREES),
        ("failed", "lost", "cancelled", Finding.LOSS_CAME_BACK),
        ("cancelled", "cancelled", "cancelled", Finding.AGREES),
        ("cancelled", "cancelled", "closed", Finding.AGREES),
        ("cancelled", "cancelled", "missing", Finding.AGREES),
        ("cancelled", "cancelled", "finished", Finding.CHARGED_AFTER_ALL),
        ("expired", "cancelled", "waiting", Finding.OPEN_AFTER_ALL),
        ("expired", "cancelled", "received", Finding.OPEN_AFTER_ALL),
        ("expired", "review", "cancelled", Finding.SETTLED),
        ("expired", "review", "finished", Finding.CHARGED_AFTER_ALL),
        ("success", "review", "finished", Finding.SETTLED),
        ("expired", "review", "missing", Finding.AGREES),
        ("expired", "review", "waiting", Finding.AGREES),
        ("failed", "orphaned", "waiting", Finding.AGREES),
    ],
)
def test_what_the_supplier_did_decides(
    order: str, attempt: str, theirs: str, finding: Finding
) -> None:
    ours = PurchaseAttempt(
        order=Order(status=Status(order)), state=AttemptState(attempt), cost=1_000
    )

    assert _disagreement(ours, ActivationState(theirs)) is finding
