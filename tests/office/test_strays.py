"""Purchases that suppliers have and we do not: given to an order or closed, once."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from catalog.models import Supplier
from office.models import Act, AuditEntry
from office.reports.spans import day_of
from office.reports.supply import reconciled
from orders.actions import (
    NoLostPurchase,
    StrayNotOpen,
    SupplierUnavailable,
    assign_stray,
    reconcile_history,
    settle_stray,
)
from orders.actions.floats import expected_balance
from orders.models import Order, PurchaseAttempt, StrayPurchase, StrayState, SupplierDay
from orders.reports import audit_ledger
from orders.states import AttemptState
from suppliers.base import Goods
from suppliers.simulator.remote import RemoteSimulator
from tests import cast
from tests.office.conftest import Colleague, desk_of
from tests.orders.sweeps import HOURS, sweep
from tests.together import all_at_once, kinds

pytestmark = pytest.mark.usefixtures("committed", "in_english")


@pytest.fixture
def lost(alice: User, alpha: Supplier, simulator: RemoteSimulator) -> PurchaseAttempt:
    """A purchase whose answer was lost long ago; nobody knows what came of it."""
    simulator.control(faults={"outage": 1})
    with pytest.raises(SupplierUnavailable):
        cast.buy(alice)
    simulator.control(faults={"outage": 0})
    attempt = PurchaseAttempt.objects.get()
    # Too long before the purchase that is found for both to be tied by their times.
    attempt.sent_at -= timedelta(minutes=30)
    attempt.save(update_fields=["sent_at"])
    assert attempt.state == AttemptState.UNKNOWN
    return attempt


@pytest.fixture
def stray(lost: PurchaseAttempt, alpha: Supplier) -> StrayPurchase:
    goods = Goods(lost.supplier_service, lost.supplier_country)
    alpha.client().buy(goods, max_cost=lost.cost, reference="x", now=timezone.now())
    compare(alpha)
    return StrayPurchase.objects.get()


def compare(supplier: Supplier) -> None:
    now = timezone.now()
    reconcile_history(
        supplier, since=now - timedelta(days=2), until=now + timedelta(minutes=1), now=now
    )


def test_it_is_given_to_the_order_whose_answer_was_lost(
    alpha: Supplier, stray: StrayPurchase, lost: PurchaseAttempt, colleague: Colleague
) -> None:
    finance = colleague("finance")
    address = reverse("admin:orders_straypurchase_assign", args=[stray.pk])
    expected = expected_balance(alpha)

    wrong = desk_of(finance).post(address, {"order": "#99999999", "reason": "found it"})
    desk_of(finance).post(address, {"order": lost.order.public_id, "reason": "found it"})

    stray.refresh_from_db()
    lost.refresh_from_db()
    assert wrong.status_code == 422
    assert (stray.state, stray.attempt, stray.settled_by) == ("assigned", lost, finance)
    assert (lost.state, lost.reference) == (AttemptState.ORPHANED, stray.reference)
    assert expected_balance(alpha) == expected
    assert AuditEntry.objects.get(act=Act.SETTLED).reason == "found it"
    sweep(HOURS)
    lost.refresh_from_db()
    assert lost.state in {AttemptState.CANCELLED, AttemptState.LOST}
    assert audit_ledger() == []


def test_an_order_that_lost_nothing_gets_nothing(
    alice: User, alpha: Supplier, stray: StrayPurchase, staff: User
) -> None:
    other = cast.buy(alice)

    with pytest.raises(NoLostPurchase):
        assign_stray(stray, order=other, by=staff, reason="x", now=timezone.now())

    stray.refresh_from_db()
    assert stray.state == StrayState.REVIEW


def test_of_many_answers_at_once_one_counts(
    stray: StrayPurchase, lost: PurchaseAttempt, staff: User
) -> None:
    order = Order.objects.get(pk=lost.order_id)

    def answer(n: int) -> object:
        now = timezone.now()
        if n % 2:
            return assign_stray(stray, order=order, by=staff, reason="x", now=now)
        return settle_stray(stray, is_ours=True, by=staff, reason="x", now=now)

    outcomes = kinds(all_at_once(answer, count=8))

    stray.refresh_from_db()
    if stray.state == StrayState.ASSIGNED:
        assert outcomes == {"PurchaseAttempt": 1, "StrayNotOpen": 3, "StrayPurchase": 4}
    else:
        assert outcomes == {"StrayPurchase": 4, "StrayNotOpen": 4}
        assert stray.state == StrayState.LOST
    assert audit_ledger() == []
    with pytest.raises(StrayNotOpen):
        assign_stray(stray, order=order, by=staff, reason="x", now=timezone.now())


def test_closing_asks_for_a_reason_and_closes_once(
    stray: StrayPurchase, colleague: Colleague
) -> None:
    desk = desk_of(colleague("finance"))
    address = reverse("admin:orders_straypurchase_changelist")
    ticked = {"action": "disown", "_selected_action": [stray.pk]}

    assert desk.post(address, ticked).status_code == 200
    stray.refresh_from_db()
    assert stray.state == StrayState.REVIEW
    for reason in ("another shop's", "again"):
        desk.post(address, ticked | {"asked": "1", "reason": reason})

    stray.refresh_from_db()
    assert (stray.state, stray.reason) == (StrayState.NOT_OURS, "another shop's")
    assert AuditEntry.objects.filter(act=Act.SETTLED).count() == 1


def test_a_day_is_told_with_both_books_and_what_explains_them(
    alice: User, alpha: Supplier, stray: StrayPurchase
) -> None:
    cast.buy(alice)
    compare(alpha)

    today = day_of(timezone.now())
    (line,) = reconciled(alpha, first=today, last=today)

    assert (line.our_count, line.stray_count) == (1, 1)
    assert line.theirs is not None
    assert (line.theirs.count, line.count_difference, line.difference) == (2, 0, 0)
    SupplierDay.objects.filter(supplier=alpha, day=today).update(cost=line.theirs.cost + 500)
    (off,) = reconciled(alpha, first=today, last=today)
    assert off.difference == 500
