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
EARNED = {ActivationState.RECEIVED, ActivationState.FINISHED}
# A number is given back, or given back as a bad one.
ENDS = ["cancel", "report_bad_number"]


def buy(stage, now, *, goods=None, reference="attempt-1", end_user="") -> Purchase:
    purchase: Purchase = stage.supplier.buy(
        goods or stage.goods,
        max_cost=stage.cost if stage.simulator else 1_000_0000,
        reference=reference,
        end_user=end_user,
        now=now,
    )
    return purchase


def test_it_says_how_it_may_be_asked(stage):
    assert stage.supplier.vocabulary
    assert stage.supplier.limits.requests_per_second > 0
    assert stage.supplier.limits.burst >= 1


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
    assert bought.cost in (stage.cost, None)
    assert bought.lifetime_seconds >= 60
    assert bought.cancel_lock_seconds >= 0


def test_two_purchases_are_two_numbers(stage, now):
    first, second = buy(stage, now), buy(stage, now, reference="attempt-2")

    assert first.reference != second.reference
    assert first.phone_number != second.phone_number


def test_a_price_above_the_limit_is_refused(stage, now):
    """Some name the new price, and to some there simply are no numbers at such a price."""
    with pytest.raises(Refused) as refusal:
        stage.supplier.buy(stage.goods, max_cost=stage.cost - 1, reference="a", now=now)

    assert refusal.value.reason in (RefusalReason.PRICE_MOVED, RefusalReason.NO_NUMBERS)
    assert refusal.value.minimum in (stage.cost, None)


def test_what_is_not_in_stock_is_refused(stage, now):
    goods = stage.run_out()

    with pytest.raises(Refused) as refusal:
        buy(stage, now, goods=goods)

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
    assert message.code
    assert message.code in message.text or not message.text


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
    assert listed[waiting.reference].cost == stage.cost
    goods = listed[waiting.reference].goods
    assert (goods.service, goods.country) == (stage.goods.service, stage.goods.country)
    assert abs(listed[waiting.reference].started_at - now) < timedelta(seconds=30)


@pytest.mark.parametrize("end", ENDS)
def test_a_waiting_activation_can_be_given_back(stage, now, end):
    bought = buy(stage, now, goods=stage.unlock(False))

    cancellation = getattr(stage.supplier, end)(bought.reference, now=now)

    assert cancellation.outcome is CancelOutcome.CANCELLED
    followed = cancellation.reference or bought.reference
    assert stage.supplier.status(followed, now=now).state in CLOSED


@pytest.mark.parametrize("end", ENDS)
def test_giving_back_twice_says_closed(stage, now, end):
    bought = buy(stage, now, goods=stage.unlock(False))
    first = stage.supplier.cancel(bought.reference, now=now)

    second = getattr(stage.supplier, end)(first.reference or bought.reference, now=now)

    assert second.outcome is CancelOutcome.CLOSED


@pytest.mark.parametrize("end", ENDS)
def test_a_code_beats_giving_back(stage, now, end):
    bought = buy(stage, now, goods=stage.unlock(False))
    later = stage.let_code_come(bought.reference, now)

    cancellation = getattr(stage.supplier, end)(bought.reference, now=later)

    assert cancellation.outcome is CancelOutcome.CODE_ARRIVED
    followed = cancellation.reference or bought.reference
    assert stage.supplier.status(followed, now=later).state is ActivationState.RECEIVED


@pytest.mark.parametrize("end", ENDS)
def test_giving_back_within_the_lock_is_too_early(stage, now, end):
    bought = buy(stage, now, goods=stage.unlock(True))

    cancellation = getattr(stage.supplier, end)(bought.reference, now=now)

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

    # either the old code is not told any more, or its message is known by its id
    old_news = stage.supplier.status(followed, now=later).messages
    assert set(old_news) <= set(first)
    assert all(message.message_id for message in old_news)
    latest = stage.let_code_come(followed, later)
    activation = stage.supplier.status(followed, now=latest)
    assert activation.state is ActivationState.RECEIVED
    assert activation.messages[-1].code != first[-1].code


def test_a_resend_before_any_code_is_refused(stage, now):
    bought = buy(stage, now, goods=stage.resendable)

    with pytest.raises(Refused) as refusal:
        stage.supplier.resend(bought.reference, now=now)

    assert refusal.value.reason is RefusalReason.BAD_REQUEST


def test_the_history_tells_what_was_bought_and_how_it_ended(stage, now):
    def history():
        span = {"since": now - timedelta(minutes=1), "until": now + timedelta(minutes=1)}
        return {one.reference: one for one in stage.supplier.history(**span)}

    if not stage.supplier.has_history:
        with pytest.raises(Refused):
            history()
        return
    cancelled = buy(stage, now, goods=stage.unlock(False))
    waiting = buy(stage, now, reference="attempt-2")
    finished = buy(stage, now, reference="attempt-3")
    stage.supplier.cancel(cancelled.reference, now=now)
    stage.let_code_come(finished.reference, now)
    stage.supplier.finish(finished.reference, now=now)

    past = history()

    assert set(past) == {cancelled.reference, waiting.reference, finished.reference}
    assert past[cancelled.reference].state in CLOSED
    assert past[waiting.reference].state is ActivationState.WAITING
    assert past[finished.reference].state in EARNED
    assert {one.cost for one in past.values()} == {stage.cost}
    assert all(abs(one.started_at - now) < timedelta(seconds=30) for one in past.values())


def test_what_nobody_knows_is_missing(stage, now: datetime):
    assert stage.supplier.status("17", now=now).state is ActivationState.MISSING
    for end in ENDS:
        assert getattr(stage.supplier, end)("17", now=now).outcome is CancelOutcome.MISSING
    stage.supplier.finish("17", now=now)
    with pytest.raises(Refused):
        stage.supplier.resend("17", now=now)
