"""Many at the same moment: one wins, and the money is credited once."""

from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from nexotp.lib.ids import new_id
from orders.reports import audit_ledger
from tests import cast
from tests.together import all_at_once, kinds
from tests.wallet.top_ups import scenes
from wallet.actions import (
    ProofFile,
    add_proof,
    approve_top_up,
    cancel_top_up,
    check_due_payments,
    check_payment,
    fill_up_sandbox,
    record_payment,
    reject_top_up,
)
from wallet.gateways.base import PaymentState, PaymentStatus
from wallet.gateways.simulator.server import GatewayServer
from wallet.models import PaymentMethod, TopUp, Transfer
from wallet.states import TopUpState

pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture(autouse=True)
def books_are_clean(committed: None) -> Any:
    yield
    assert audit_ledger() == []


def credited(user: User) -> int:
    return Transfer.objects.filter(kind="top_up", credit__owner=user).count()


def paid_state(top_up: TopUp, paid: int = 100_000) -> PaymentState:
    return PaymentState(top_up.public_id, PaymentStatus.PAID, "IDR", paid)


def test_a_callback_doubled_many_times_credits_once(
    poor: User, online: PaymentMethod, gateway: GatewayServer
) -> None:
    top_up = scenes.started(poor, online)
    scenes.paid(gateway, top_up)

    outcomes = all_at_once(lambda _: check_payment(top_up, now=timezone.now()), count=20)

    assert kinds(outcomes) == {"TopUp": 20}
    assert credited(poor) == 1
    assert cast.balance(poor) == 100_000


@pytest.mark.parametrize("round_", range(3))
def test_of_paying_and_expiring_the_money_wins(
    poor: User, online: PaymentMethod, round_: int
) -> None:
    top_up = scenes.long_ago(scenes.started(poor, online))
    unpaid = PaymentState(top_up.public_id, PaymentStatus.ENDED, "IDR")

    def act(number: int) -> TopUp:
        found = paid_state(top_up) if number % 2 else unpaid
        return record_payment(top_up, found, now=timezone.now())

    outcomes = all_at_once(act, count=10)

    assert kinds(outcomes) == {"TopUp": 10}
    assert scenes.fresh(top_up).state == TopUpState.CONFIRMED
    assert credited(poor) == 1


@pytest.mark.parametrize("round_", range(3))
def test_of_paying_and_cancelling_the_money_wins(
    poor: User, online: PaymentMethod, round_: int
) -> None:
    top_up = scenes.started(poor, online)

    def act(number: int) -> TopUp:
        now = timezone.now()
        if number % 2:
            return record_payment(top_up, paid_state(top_up), now=now)
        return cancel_top_up(top_up, now=now)

    outcomes = all_at_once(act, count=8)

    counted = kinds(outcomes)
    # Of four who cancel at most one is told so; the others come too late.
    assert counted["TopUp"] in {4, 5}
    assert counted["TopUp"] + counted.get("TopUpNotCancellable", 0) == 8
    assert scenes.fresh(top_up).state == TopUpState.CONFIRMED
    assert credited(poor) == 1


@pytest.mark.parametrize("round_", range(3))
def test_of_approving_and_a_callback_one_credits(
    poor: User, staff: User, online: PaymentMethod, round_: int
) -> None:
    top_up = scenes.started(poor, online)
    record_payment(top_up, paid_state(top_up, 99_000), now=timezone.now())

    def act(number: int) -> TopUp:
        now = timezone.now()
        if number % 2:
            return approve_top_up(top_up, received=99_000, by=staff, now=now)
        return record_payment(top_up, paid_state(top_up, 100_000), now=now)

    outcomes = all_at_once(act, count=8)

    counted = kinds(outcomes)
    # Those who read are never refused; of those who approve at most one is not.
    assert counted["TopUp"] in {4, 5}
    assert counted["TopUp"] + counted.get("TopUpDecided", 0) == 8
    assert credited(poor) == 1
    assert cast.balance(poor) in {99_000, 100_000}


def test_of_many_who_approve_one_does(poor: User, staff: User, bank: PaymentMethod) -> None:
    top_up = scenes.with_proof(poor, bank)

    outcomes = all_at_once(
        lambda _: approve_top_up(top_up, received=top_up.amount, by=staff, now=timezone.now()),
        count=10,
    )

    assert kinds(outcomes) == {"TopUp": 1, "TopUpDecided": 9}
    assert credited(poor) == 1


@pytest.mark.parametrize("round_", range(3))
def test_of_approving_and_rejecting_the_credit_is_never_taken_back(
    poor: User, staff: User, bank: PaymentMethod, round_: int
) -> None:
    top_up = scenes.with_proof(poor, bank)

    def act(number: int) -> TopUp:
        now = timezone.now()
        if number % 2:
            return approve_top_up(top_up, received=top_up.amount, by=staff, now=now)
        return reject_top_up(top_up, reason="no money", by=staff, now=now)

    all_at_once(act, count=8)

    # Rejected first, it can still be approved; approved, nothing follows.
    assert scenes.fresh(top_up).state == TopUpState.CONFIRMED
    assert credited(poor) == 1


@pytest.mark.parametrize("round_", range(3))
def test_a_proof_that_comes_as_the_time_ends_is_looked_at(
    poor: User, bank: PaymentMethod, round_: int
) -> None:
    top_up = scenes.long_ago(scenes.started(poor, bank))

    def act(number: int) -> object:
        now = timezone.now()
        if number:
            return check_due_payments(now=now)
        return add_proof(top_up, ProofFile("png", scenes.PNG), now=now)

    outcomes = all_at_once(act, count=4)

    assert kinds(outcomes) == {"Proof": 1, "int": 3}
    assert scenes.fresh(top_up).is_being_checked
    assert TopUp.objects.for_a_person().count() == 1


def test_a_form_sent_many_times_makes_one_top_up(poor: User, bank: PaymentMethod) -> None:
    key = new_id("form")

    outcomes = all_at_once(lambda _: scenes.opened(poor, bank, form_key=key), count=10)

    assert kinds(outcomes) == {"TopUp": 10}
    assert TopUp.objects.count() == 1


def test_many_who_ask_for_the_same_sum_get_amounts_of_their_own(bank: PaymentMethod) -> None:
    people = [cast.open_account(f"buyer{number}") for number in range(30)]

    outcomes = all_at_once(lambda number: scenes.opened(people[number], bank), count=30)

    assert kinds(outcomes) == {"TopUp": 30}
    amounts = set(TopUp.objects.values_list("amount", flat=True))
    assert len(amounts) == 30
    assert all(100_000 < amount <= 100_999 for amount in amounts)


def test_many_at_once_open_no_more_than_the_limit(poor: User, bank: PaymentMethod) -> None:
    outcomes = all_at_once(lambda _: scenes.opened(poor, bank), count=12)

    assert kinds(outcomes) == {"TopUp": 5, "TooManyOpenTopUps": 7}


def test_of_many_sweeps_each_payment_is_read_by_one(
    poor: User, online: PaymentMethod, gateway: GatewayServer
) -> None:
    for _each in range(4):
        scenes.paid(gateway, scenes.started(poor, online))
    TopUp.objects.update(next_check_at=timezone.now())
    gateway.books.calls.clear()

    outcomes = all_at_once(lambda _: check_due_payments(now=timezone.now()), count=12)

    taken = sum(each for each in outcomes if isinstance(each, int))
    assert taken == 4
    assert gateway.books.calls["read"] == 4
    assert credited(poor) == 4


def test_a_sandbox_wallet_filled_up_by_many_is_full_and_no_fuller(alice: User) -> None:
    cast.buy(alice, mode="sandbox")
    before = cast.balance(alice, mode="sandbox")
    assert before < 1_000_000

    outcomes = all_at_once(lambda _: fill_up_sandbox(user=alice), count=10)

    assert kinds(outcomes) == {"Transfer": 1, "NoneType": 9}
    assert cast.balance(alice, mode="sandbox") == 1_000_000
