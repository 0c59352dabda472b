"""What goes wrong at every supplier, and that each adapter tells it from what did not."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest

from suppliers.base import (
    ActivationState,
    CancelOutcome,
    Credentials,
    OutcomeUnknown,
    RefusalReason,
    Refused,
    SupplierError,
)
from suppliers.registry import open_supplier

ASK_FOR_NO_END_USER = {"smshub", "fivesim", "smspool"}
FINISH_NOTHING = {"smspool"}
CLOSED = {ActivationState.CANCELLED, ActivationState.CLOSED}


@pytest.fixture
def buy(simulated, now):
    def buy(**options):
        return simulated.supplier.buy(
            simulated.goods,
            **{"max_cost": simulated.cost, "reference": "attempt-1", "now": now, **options},
        )

    return buy


@pytest.fixture
def faults(simulated):
    def faults(**probabilities):
        simulated.simulator.control(faults=probabilities)

    return faults


def truth(simulated):
    [activation] = simulated.simulator.activations()
    return activation


@pytest.mark.parametrize("fault", ["lose_answer", "html", "empty"])
def test_an_answer_that_says_nothing_may_have_bought(fault, buy, faults, simulated):
    faults(**{fault: 1})

    with pytest.raises(OutcomeUnknown):
        buy()

    assert len(simulated.simulator.activations()) == 1


@pytest.mark.parametrize("fault", ["outage", "outage_503"])
def test_an_outage_may_have_bought_as_far_as_is_known(fault, buy, faults, simulated):
    faults(**{fault: 1})

    with pytest.raises(OutcomeUnknown):
        buy()

    assert not simulated.simulator.activations()


@pytest.mark.parametrize("ask", ["balance", "countries", "services", "listings", "active"])
@pytest.mark.parametrize("fault", ["html", "empty", "outage_503"])
def test_an_unreadable_list_is_not_an_empty_one(ask, fault, faults, simulated):
    if ask == "active" and not simulated.supplier.has_active_list:
        return
    faults(**{fault: 1})

    with pytest.raises(OutcomeUnknown):
        list(getattr(simulated.supplier, ask)() or ())


@pytest.mark.parametrize("ask", ["status", "cancel", "finish"])
@pytest.mark.parametrize("fault", ["html", "empty", "outage_503"])
def test_an_unreadable_answer_is_never_good_news(ask, fault, buy, faults, simulated, now):
    if ask == "finish" and simulated.protocol in FINISH_NOTHING:
        return
    reference = buy().reference
    simulated.let_code_come(reference, now)
    faults(**{fault: 1})

    with pytest.raises(OutcomeUnknown):
        getattr(simulated.supplier, ask)(reference, now=now)


def test_asking_too_fast_is_a_refusal_that_passes(buy, faults):
    faults(too_fast=1)

    with pytest.raises(Refused) as refusal:
        buy()

    assert refusal.value.reason is RefusalReason.BUSY


def test_nothing_in_stock_is_a_refusal_whatever_the_status(buy, faults):
    faults(no_stock=1)

    with pytest.raises(Refused) as refusal:
        buy()

    assert refusal.value.reason is RefusalReason.NO_NUMBERS


def test_a_price_that_moved_is_a_refusal(buy, faults, simulated):
    faults(price_moved=1)

    with pytest.raises(Refused) as refusal:
        buy()

    assert refusal.value.reason in (RefusalReason.PRICE_MOVED, RefusalReason.NO_NUMBERS)
    assert refusal.value.minimum in (simulated.cost * 3 // 2, None)


def test_no_money_at_the_supplier_is_a_refusal(buy, simulated):
    simulated.simulator.control(balance="0.0001")

    with pytest.raises(Refused) as refusal:
        buy()

    assert refusal.value.reason is RefusalReason.NO_BALANCE


def test_a_ban_is_a_refusal_with_its_end_where_that_is_said(buy, faults, now):
    faults(banned=1)

    with pytest.raises(Refused) as refusal:
        buy()

    assert refusal.value.reason is RefusalReason.BANNED
    until = refusal.value.until
    assert until is None or timedelta(minutes=9) < until - now < timedelta(minutes=11)


def test_a_wrong_key_is_told_so(simulated):
    credentials = Credentials(simulated.simulator.url, "wrong-key")

    with pytest.raises(Refused) as refusal:
        open_supplier(simulated.protocol, credentials).balance()

    assert refusal.value.reason is RefusalReason.BAD_CREDENTIALS


def test_more_charged_than_asked_is_told(buy, faults, simulated):
    faults(wrong_price=1)

    bought = buy()

    assert bought.cost in (simulated.cost * 3 // 2, None)


def test_a_text_without_a_code_arrives(buy, faults, simulated, now):
    faults(no_code=1)
    bought = buy()
    simulated.simulator.deliver(bought.reference, text="Your code is 4711")

    activation = simulated.supplier.status(bought.reference, now=now)

    assert activation.state is ActivationState.RECEIVED
    [message] = activation.messages
    assert (message.code, message.text) == ("4711", "Your code is 4711")


def test_a_live_activation_that_is_denied_is_missing_not_closed(buy, faults, simulated, now):
    bought = buy()
    faults(no_activation=1)

    state = simulated.supplier.status(bought.reference, now=now).state

    assert state is ActivationState.MISSING
    try:
        outcome = simulated.supplier.cancel(bought.reference, now=now).outcome
    except SupplierError:
        return
    assert outcome is CancelOutcome.MISSING


def test_a_code_that_comes_with_the_cancel_wins(buy, faults, simulated, now):
    faults(code_during_cancel=1)
    bought = buy()

    outcome = simulated.supplier.cancel(bought.reference, now=now).outcome

    assert outcome is CancelOutcome.CODE_ARRIVED
    assert simulated.supplier.status(bought.reference, now=now).messages
    assert truth(simulated)["charged"]


def test_a_lying_cancel_is_found_out_by_reading(buy, faults, simulated, now):
    faults(lying_cancel=1)
    bought = buy()

    simulated.supplier.cancel(bought.reference, now=now)

    state = simulated.supplier.status(bought.reference, now=now).state
    assert state is ActivationState.WAITING


def test_a_cancel_too_early_says_when_to_come_back(buy, faults, simulated, now):
    faults(early_cancel=1)
    bought = buy()

    cancellation = simulated.supplier.cancel(bought.reference, now=now)

    assert cancellation.outcome is CancelOutcome.TOO_EARLY
    assert cancellation.retry_after_seconds is None or cancellation.retry_after_seconds > 0
    state = simulated.supplier.status(bought.reference, now=now).state
    assert state is ActivationState.WAITING


def test_a_lifetime_that_ends_is_closed(buy, simulated, now):
    simulated.simulator.control(lifetime_s=0.05)
    bought = buy()
    time.sleep(0.1)

    assert truth(simulated)["state"] == "timed_out"
    assert simulated.supplier.status(bought.reference, now=now).state in CLOSED


def test_a_refund_nobody_asked_for_is_seen(buy, faults, simulated, now):
    faults(refunded=1)
    simulated.simulator.control(lifetime_s=0.2)
    bought = buy()
    time.sleep(0.15)

    assert simulated.supplier.status(bought.reference, now=now).state in CLOSED
    if simulated.supplier.has_history:
        minute = timedelta(minutes=1)
        [past] = simulated.supplier.history(since=now - minute, until=now + minute)
        assert past.state is ActivationState.CANCELLED


def test_a_message_twice_counts_once(buy, faults, simulated, now):
    faults(duplicate_message=1)
    bought = buy()
    simulated.let_code_come(bought.reference, now)

    assert len(truth(simulated)["codes"]) == 2
    assert len(simulated.supplier.status(bought.reference, now=now).messages) == 1


def test_the_end_user_is_told_where_the_supplier_asks(buy, simulated):
    buy(end_user="usr_01JDA7Q2S5W8X1Z3B6C9E0G4HK")

    is_told = simulated.protocol not in ASK_FOR_NO_END_USER
    assert bool(truth(simulated)["end_user"]) is is_told
