"""What every adapter promises, whatever it speaks."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest

from suppliers.base import (
    ActivationState,
    CancelOutcome,
    Purchase,
    RefusalReason,
    Refused,
)

CLOSED = {ActivationState.CANCELLED, ActivationState.CLOSED}


def buy(stage, now, *, goods=None, reference="attempt-1") -> Purchase:
    purchase: Purchase = stage.supplier.buy(
        goods or stage.goods, max_cost=1_000_0000, reference=reference, now=now
    )
    return purchase


def test_the_balance_is_an_integer(stage):
    assert type(stage.supplier.balance()) is int


def test_countries_and_services_have_codes_and_names(stage):
    for named in (stage.supplier.countries(), stage.supplier.services()):
        assert named
        assert len({one.code for one in named}) == len(named)
        assert all(one.code and one.name for one in named)


def test_listings_name_known_codes_and_cost_something(stage):
    countries = {country.code for country in stage.supplier.countries()}
    services = {service.code for service in stage.supplier.services()}

    listings = list(stage.supplier.listings())

    assert {listing.goods.country for listing in listings} <= countries
    assert {listing.goods.service for listing in listings} <= services
    assert all(type(line.cost) is int and line.cost > 0 <= line.stock for line in listings)


def test_a_purchase_says_all_there_is_to_know(stage, now):
    bought = buy(stage, now)

    assert bought.reference
    assert re.fullmatch(r"\+[1-9]\d{5,14}", bought.phone_number)
    assert bought.cost == stage.cost
    assert bought.lifetime_seconds >= 60
    assert bought.cancel_lock_seconds >= 0


def test_two_purchases_are_two_numbers(stage, now):
    first, second = buy(stage, now), buy(stage, now, reference="attempt-2")

    assert first.reference != second.reference
    assert first.phone_number != second.phone_number


def test_a_price_above_the_limit_is_refused_and_named(stage, now):
    with pytest.raises(Refused) as refusal:
        stage.supplier.buy(stage.goods, max_cost=stage.cost - 1, reference="a", now=now)

    assert refusal.value.reason is RefusalReason.PRICE_MOVED
    assert refusal.value.minimum == stage.cost


def test_what_is_not_in_stock_is_refused(stage, now):
    with pytest.raises(Refused) as refusal:
        buy(stage, now, goods=stage.never_in_stock)

    assert refusal.value.reason is RefusalReason.NO_NUMBERS


def test_a_new_activation_waits(stage, now):
    bought = buy(stage, now)

    activation = stage.supplier.status(bought.reference, now=now)

    assert activation.reference == bought.reference
    assert activation.state is ActivationState.WAITING
    assert not activation.messages


def test_a_code_arrives_with_its_text(stage, now):
    bought = buy(stage, now)
    later = stage.let_code_come(bought.reference, now)

    activation = stage.supplier.status(bought.reference, now=later)

    assert activation.state is ActivationState.RECEIVED
    [message] = activation.messages
    assert message.code in message.text


def test_reading_again_gives_the_same_messages(stage, now):
    bought = buy(stage, now)
    later = stage.let_code_come(bought.reference, now)

    first = stage.supplier.status(bought.reference, now=later)
    second = stage.supplier.status(bought.reference, now=later + timedelta(seconds=1))

    assert first.messages == second.messages


def test_the_active_list_agrees_with_the_single_read(stage, now):
    bought = buy(stage, now)
    waiting = buy(stage, now, reference="attempt-2")
    later = stage.let_code_come(bought.reference, now)
    if not stage.supplier.has_active_list:
        with pytest.raises(Refused):
            stage.supplier.active()
        return

    listed = {activation.reference: activation for activation in stage.supplier.active()}

    assert set(listed) == {bought.reference, waiting.reference}
    single = stage.supplier.status(bought.reference, now=later)
    assert listed[bought.reference].messages == single.messages
    assert listed[bought.reference].state is single.state
    assert listed[waiting.reference].state is ActivationState.WAITING
    assert listed[waiting.reference].phone_number == waiting.phone_number
    assert listed[waiting.reference].cost == waiting.cost
    assert listed[waiting.reference].goods.service == stage.goods.service
    assert abs(listed[waiting.reference].started_at - now) < timedelta(seconds=30)


def test_a_waiting_activation_can_be_cancelled(stage, now):
    bought = buy(stage, now, goods=stage.unlock(False))

    cancellation = stage.supplier.cancel(bought.reference, now=now)

    assert cancellation.outcome is CancelOutcome.CANCELLED
    followed = cancellation.reference or bought.reference
    assert stage.supplier.status(followed, now=now).state in CLOSED


def test_cancelling_twice_says_closed(stage, now):
    bought = buy(stage, now, goods=stage.unlock(False))
    first = stage.supplier.cancel(bought.reference, now=now)

    second = stage.supplier.cancel(first.reference or bought.reference, now=now)

    assert second.outcome is CancelOutcome.CLOSED


def test_a_code_beats_a_cancel(stage, now):
    bought = buy(stage, now, goods=stage.unlock(False))
    later = stage.let_code_come(bought.reference, now)

    cancellation = stage.supplier.cancel(bought.reference, now=later)

    assert cancellation.outcome is CancelOutcome.CODE_ARRIVED
    followed = cancellation.reference or bought.reference
    assert stage.supplier.status(followed, now=later).state is ActivationState.RECEIVED


def test_a_cancel_within_the_lock_is_too_early(stage, now):
    bought = buy(stage, now, goods=stage.unlock(True))

    cancellation = stage.supplier.cancel(bought.reference, now=now)

    assert cancellation.outcome is CancelOutcome.TOO_EARLY
    assert 0 < cancellation.retry_after_seconds <= bought.cancel_lock_seconds
    state = stage.supplier.status(bought.reference, now=now).state
    assert state is ActivationState.WAITING


def test_finishing_twice_is_no_error(stage, now):
    bought = buy(stage, now)
    later = stage.let_code_come(bought.reference, now)

    stage.supplier.finish(bought.reference, now=later)
    stage.supplier.finish(bought.reference, now=later)


def test_a_resend_waits_and_brings_another_code(stage, now):
    bought = buy(stage, now, goods=stage.resendable)
    assert bought.can_resend
    later = stage.let_code_come(bought.reference, now)
    first = stage.supplier.status(bought.reference, now=later).messages

    followed = stage.supplier.resend(bought.reference, now=later)

    assert stage.supplier.status(followed, now=later).state is ActivationState.WAITING
    latest = stage.let_code_come(followed, later)
    activation = stage.supplier.status(followed, now=latest)
    assert activation.state is ActivationState.RECEIVED
    assert activation.messages[-1].code != first[-1].code


def test_a_resend_before_any_code_is_refused(stage, now):
    bought = buy(stage, now, goods=stage.resendable)

    with pytest.raises(Refused) as refusal:
        stage.supplier.resend(bought.reference, now=now)

    assert refusal.value.reason is RefusalReason.BAD_REQUEST


def test_what_nobody_knows_is_missing(stage, now: datetime):
    assert stage.supplier.status("17", now=now).state is ActivationState.MISSING
    assert stage.supplier.cancel("17", now=now).outcome is CancelOutcome.MISSING
    stage.supplier.finish("17", now=now)
    with pytest.raises(Refused):
        stage.supplier.resend("17", now=now)
