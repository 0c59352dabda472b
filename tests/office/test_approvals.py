"""Money by hand: at once up to a limit, above it with a second person, and always once."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from catalog.models import Supplier
from office.actions import (
    AlreadyAsked,
    AlreadyDecided,
    NotYourOwn,
    approve,
    ask_adjustment,
    ask_refund,
    refuse,
)
from office.models import Act, Approval, ApprovalState, AuditEntry
from orders.actions import OrderNotRefundable
from orders.models import Order
from orders.reports import audit_ledger
from suppliers.simulator.remote import RemoteSimulator
from tests import cast
from tests.office.conftest import Colleague, desk_of, receive
from tests.together import all_at_once, kinds
from wallet.actions import InsufficientFunds
from wallet.models import Transfer

pytestmark = pytest.mark.usefixtures("committed", "in_english")


@pytest.fixture
def support(colleague: Colleague) -> User:
    return colleague("support")


@pytest.fixture
def finance(colleague: Colleague) -> User:
    return colleague("finance")


@pytest.fixture
def dear(settings: Settings, received: Order) -> Order:
    """An order whose refund is more than one person may give."""
    settings.REFUND_LIMIT = received.price - 1
    return received


def ask_for(order: Order, by: User) -> Approval:
    asked = ask_refund(order, by=by, reason="did not work", now=timezone.now())
    assert asked is not None
    return asked


def test_a_small_refund_goes_back_at_once(received: Order, support: User, alice: User) -> None:
    assert ask_refund(received, by=support, reason="late", now=timezone.now()) is None

    assert cast.balance(alice) == 1_000_000
    entry = AuditEntry.objects.get(act=Act.REFUNDED)
    assert (entry.by, entry.row_id, entry.reason) == (support, str(received.pk), "late")
    assert audit_ledger() == []


def test_a_large_refund_waits_and_moves_nothing(dear: Order, support: User, alice: User) -> None:
    asked = ask_for(dear, support)

    assert asked.is_pending
    assert cast.balance(alice) == 1_000_000 - dear.price
    with pytest.raises(AlreadyAsked):
        ask_for(dear, support)


def test_a_colleague_approves_once(dear: Order, support: User, finance: User, alice: User) -> None:
    asked = ask_for(dear, support)

    approve(asked, by=finance, now=timezone.now())
    with pytest.raises(AlreadyDecided):
        approve(asked, by=finance, now=timezone.now())

    assert cast.balance(alice) == 1_000_000
    refund = Transfer.objects.get(kind="refund")
    assert (refund.by, refund.reason) == (finance, "did not work")
    assert audit_ledger() == []


def test_whoever_asked_cannot_approve(dear: Order, colleague: Colleague, alice: User) -> None:
    owner = colleague("owner")
    asked = ask_for(dear, owner)

    for decide in (approve, refuse):
        with pytest.raises(NotYourOwn):
            decide(asked, by=owner, now=timezone.now())
    with pytest.raises(IntegrityError, match="office_approval_by_another"), transaction.atomic():
        Approval.objects.filter(pk=asked.pk).update(
            state=ApprovalState.APPROVED, decided_by=owner, decided_at=timezone.now()
        )

    assert cast.balance(alice) == 1_000_000 - dear.price


def test_a_refused_refund_can_be_asked_for_again(dear: Order, support: User, finance: User) -> None:
    refuse(ask_for(dear, support), by=finance, now=timezone.now())

    assert ask_for(dear, support).is_pending
    assert not Transfer.objects.filter(kind="refund").exists()


def test_what_became_impossible_meanwhile_still_waits(
    dear: Order, support: User, finance: User, settings: Settings
) -> None:
    asked = ask_for(dear, support)
    settings.REFUND_LIMIT = dear.price
    ask_refund(dear, by=finance, reason="by phone", now=timezone.now())

    with pytest.raises(OrderNotRefundable):
        approve(asked, by=finance, now=timezone.now())

    asked.refresh_from_db()
    assert asked.is_pending
    assert Transfer.objects.filter(kind="refund").count() == 1


def test_the_days_limit_of_one_person(
    alice: User,
    alpha: Supplier,
    simulator: RemoteSimulator,
    colleague: Colleague,
    settings: Settings,
) -> None:
    orders = [receive(alice, alpha, simulator) for _each in range(3)]
    settings.REFUND_DAILY_LIMIT = 2 * orders[0].price
    one, another = colleague("support"), colleague("support", "second")

    asked = [ask_refund(order, by=one, reason="x", now=timezone.now()) for order in orders]

    assert [each is None for each in asked] == [True, True, False]
    refuse_all = [each for each in asked if each]
    refuse(refuse_all[0], by=another, now=timezone.now())
    assert ask_refund(orders[2], by=another, reason="x", now=timezone.now()) is None


def test_the_days_limit_holds_for_refunds_at_the_same_moment(
    alice: User, alpha: Supplier, simulator: RemoteSimulator, support: User, settings: Settings
) -> None:
    orders = [receive(alice, alpha, simulator) for _each in range(4)]
    settings.REFUND_DAILY_LIMIT = 2 * orders[0].price

    outcomes = all_at_once(
        lambda n: ask_refund(orders[n], by=support, reason="x", now=timezone.now()), count=4
    )

    assert kinds(outcomes) == {"NoneType": 2, "Approval": 2}
    assert Transfer.objects.filter(kind="refund").count() == 2
    assert audit_ledger() == []


def test_many_approvals_at_once_have_one_winner(
    dear: Order, support: User, colleague: Colleague, alice: User
) -> None:
    asked = ask_for(dear, support)
    deciders = [colleague("finance", f"finance-{n}") for n in range(8)]

    outcomes = all_at_once(
        lambda n: (approve if n % 2 else refuse)(asked, by=deciders[n], now=timezone.now()),
        count=8,
    )

    assert kinds(outcomes) == {"Approval": 1, "AlreadyDecided": 7}
    asked.refresh_from_db()
    given = Transfer.objects.filter(kind="refund").count()
    assert given == (1 if asked.state == ApprovalState.APPROVED else 0)
    assert cast.balance(alice) == 1_000_000 - (0 if given else dear.price)
    assert audit_ledger() == []


def test_many_questions_at_once_are_one(dear: Order, colleague: Colleague) -> None:
    askers = [colleague("support", f"support-{n}") for n in range(6)]

    outcomes = all_at_once(lambda n: ask_for(dear, askers[n]), count=6)

    assert kinds(outcomes) == {"Approval": 1, "AlreadyAsked": 5}


def test_a_correction_below_the_limit_is_made_and_above_it_waits(
    alice: User, finance: User, colleague: Colleague, settings: Settings
) -> None:
    settings.ADJUSTMENT_LIMIT = 5_000
    options: dict[str, Any] = {
        "mode": "live",
        "by": finance,
        "reason": "bank",
        "now": timezone.now(),
    }

    assert ask_adjustment(alice, amount=-5_000, **options) is None
    asked = ask_adjustment(alice, amount=5_001, **options)

    assert asked is not None
    assert cast.balance(alice) == 995_000
    approve(asked, by=colleague("finance", "second"), now=timezone.now())
    assert cast.balance(alice) == 1_000_001
    assert audit_ledger() == []


def test_nobody_takes_more_than_there_is(alice: User, finance: User, settings: Settings) -> None:
    settings.ADJUSTMENT_LIMIT = 10**9

    with pytest.raises(InsufficientFunds):
        ask_adjustment(
            alice, amount=-1_000_001, mode="live", by=finance, reason="x", now=timezone.now()
        )

    assert cast.balance(alice) == 1_000_000
    assert not AuditEntry.objects.filter(act=Act.ADJUSTED).exists()


def test_the_whole_way_in_the_admin(dear: Order, support: User, finance: User, alice: User) -> None:
    refund = reverse("admin:orders_order_refund", args=[dear.pk])
    assert desk_of(support).get(refund).status_code == 200
    assert not Approval.objects.exists(), "a link alone changes nothing"

    said = desk_of(support).post(refund, {"reason": "asked by phone"}, follow=True)
    asked = Approval.objects.get()
    own = reverse("admin:office_approval_approve", args=[asked.pk])
    assert desk_of(support).post(own, {"sure": "on"}).status_code == 403
    desk_of(finance).post(own, {"sure": "on"})

    assert "colleague" in str(next(iter(said.context["messages"])))
    assert cast.balance(alice) == 1_000_000
    page = desk_of(support).get(reverse("admin:orders_order_change", args=[dear.pk]))
    titles = [each.title for each in page.context["happenings"]]
    assert titles[0].startswith("Ordered: WhatsApp, Indonesia")
    assert {"Asked for approval", "Approved"} <= set(titles)


def test_a_correction_in_the_admin(alice: User, finance: User) -> None:
    address = reverse("admin:office_approval_add")
    fields = {"email": alice.email, "mode": "live", "amount": "2500", "reason": "bank 4711"}

    wrong = [
        desk_of(finance).post(address, fields | change).status_code
        for change in (
            {"email": "nobody@example.test"},
            {"amount": "0"},
            {"amount": "1.5"},
            {"amount": "NaN"},
            {"reason": ""},
            {"amount": "-1000001"},
        )
    ]
    answer = desk_of(finance).post(address, fields)

    # The last of the wrong ones is above the limit, so it would only wait.
    assert wrong == [422, 422, 422, 422, 422, 302]
    assert answer.status_code == 302
    assert cast.balance(alice) == 1_002_500
    assert Transfer.objects.get(kind="adjustment").by == finance
