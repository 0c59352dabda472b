"""Money for an account that was deleted meanwhile: a person sees it, and no wallet gets it."""

from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from accounts.models import User
from orders.actions import WalletNotEmpty, delete_account
from orders.reports import audit_ledger
from tests import cast
from tests.together import all_at_once, kinds
from tests.wallet.top_ups import scenes
from wallet.actions import (
    AccountDeleted,
    approve_top_up,
    cancel_top_up,
    check_payment,
    record_payment,
    reject_top_up,
    send_mails,
)
from wallet.gateways.base import PaymentState, PaymentStatus
from wallet.gateways.simulator.server import GatewayServer
from wallet.models import PaymentMethod, TopUp
from wallet.states import Review, TopUpState

pytestmark = pytest.mark.usefixtures("committed")


def cancelled(user: User, method: PaymentMethod) -> TopUp:
    """A top-up whose buyer turned away, but whose payment may still come."""
    return cancel_top_up(scenes.started(user, method), now=timezone.now())


def paid_late(user: User, method: PaymentMethod, gateway: GatewayServer) -> TopUp:
    top_up = cancelled(user, method)
    gateway.books.faults["paid_after_expiry"] = 1
    delete_account(user, give_up=0, now=timezone.now())
    scenes.paid(gateway, top_up)
    return check_payment(scenes.fresh(top_up), now=timezone.now())


def test_it_waits_for_a_person_and_is_not_credited(
    poor: User, online: PaymentMethod, gateway: GatewayServer
) -> None:
    top_up = paid_late(poor, online, gateway)

    assert (top_up.state, top_up.review) == (TopUpState.CANCELLED, Review.ACCOUNT_DELETED)
    assert top_up.paid_amount == 100_000
    assert list(TopUp.objects.for_a_person()) == [top_up]
    assert cast.balance(poor) == 0
    assert audit_ledger() == []


def test_it_cannot_be_approved_only_sent_back(
    poor: User, staff: User, online: PaymentMethod, gateway: GatewayServer
) -> None:
    top_up = paid_late(poor, online, gateway)

    with pytest.raises(AccountDeleted):
        approve_top_up(top_up, received=100_000, by=staff, now=timezone.now())
    mail.outbox.clear()
    reject_top_up(top_up, reason="sent back", by=staff, now=timezone.now())
    again = check_payment(scenes.fresh(top_up), now=timezone.now())

    assert (again.state, again.review, again.paid_amount) == (TopUpState.REJECTED, "", 100_000)
    assert list(TopUp.objects.for_a_person()) == []
    assert send_mails(now=timezone.now()) == 0, "nobody is there to read it"
    assert cast.balance(poor) == 0


@pytest.mark.parametrize("round_", range(4))
def test_of_paying_and_deleting_one_wins_and_the_other_sees_it(
    poor: User, online: PaymentMethod, round_: int
) -> None:
    top_up = cancelled(poor, online)
    paid = PaymentState(top_up.public_id, PaymentStatus.PAID, "IDR", 100_000)

    def act(number: int) -> Any:
        now = timezone.now()
        if number % 2:
            return record_payment(top_up, paid, now=now)
        return delete_account(User.objects.get(pk=poor.pk), give_up=0, now=now)

    outcomes = kinds(all_at_once(act, count=2))

    is_deleted = User.objects.get(pk=poor.pk).deleted_at is not None
    credited = scenes.fresh(top_up).state == TopUpState.CONFIRMED
    assert is_deleted != credited
    assert (outcomes.get(WalletNotEmpty.__name__, 0) == 1) == credited
    assert cast.balance(poor) == (100_000 if credited else 0)
    assert audit_ledger() == []
