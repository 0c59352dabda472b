"""The table of states is whole, and the database holds what must always be true."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import User
from tests.wallet.top_ups import scenes
from wallet.models import PaymentMethod, TopUp
from wallet.states import TRANSITIONS, IllegalTransition, TopUpState

pytestmark = pytest.mark.usefixtures("committed")


def test_every_state_is_in_the_table_and_reached() -> None:
    assert set(TRANSITIONS) == set(TopUpState)
    assert set().union(*TRANSITIONS.values()) == set(TopUpState) - {TopUpState.PENDING}


def test_only_what_is_credited_is_the_end() -> None:
    ends = {state for state, following in TRANSITIONS.items() if not following}

    assert ends == {TopUpState.CONFIRMED}


@pytest.mark.parametrize("to", [TopUpState.PENDING, TopUpState.EXPIRED, TopUpState.CANCELLED])
def test_what_the_table_does_not_know_is_refused(
    poor: User, bank: PaymentMethod, to: TopUpState
) -> None:
    top_up = scenes.opened(poor, bank)
    top_up.move(TopUpState.CANCELLED, now=timezone.now(), next_check_at=None)

    with pytest.raises(IllegalTransition):
        top_up.move(to, now=timezone.now())


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("state_known", {"state": "lost", "ended_at": timezone.now()}),
        ("confirmed_is_credited", {"state": "confirmed", "ended_at": timezone.now()}),
        ("confirmed_is_credited", {"credited": 5}),
        ("ended_knows_when", {"state": "expired"}),
        ("ended_knows_when", {"ended_at": timezone.now()}),
        ("rejected_says_why", {"state": "rejected", "ended_at": timezone.now()}),
        ("pending_is_queued", {"next_check_at": None}),
        ("amounts", {"amount": 1}),
        ("amounts", {"asked": 0, "amount": 0}),
    ],
)
def test_the_database_refuses_what_cannot_be(
    poor: User, bank: PaymentMethod, name: str, changes: dict[str, Any]
) -> None:
    top_up = scenes.opened(poor, bank)

    with pytest.raises(IntegrityError, match=f"wallet_topup_{name}"), transaction.atomic():
        TopUp.objects.filter(pk=top_up.pk).update(**changes)


def test_two_transfers_of_one_amount_do_not_wait_at_once(poor: User, bank: PaymentMethod) -> None:
    first, second = scenes.opened(poor, bank), scenes.opened(poor, bank)

    with (
        pytest.raises(IntegrityError, match="wallet_topup_amount_unique_while_pending"),
        transaction.atomic(),
    ):
        TopUp.objects.filter(pk=second.pk).update(amount=first.amount)


def test_an_amount_that_has_ended_may_wait_again(poor: User, bank: PaymentMethod) -> None:
    first, second = scenes.opened(poor, bank), scenes.opened(poor, bank)
    first.move(TopUpState.EXPIRED, now=timezone.now(), next_check_at=None)

    TopUp.objects.filter(pk=second.pk).update(amount=first.amount)

    assert TopUp.objects.filter(amount=first.amount).count() == 2
