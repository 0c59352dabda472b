"""The scripted services of the sandbox, each through its life by the clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from suppliers.base import (
    ActivationState,
    CancelOutcome,
    Credentials,
    Goods,
    RefusalReason,
    Refused,
)
from suppliers.registry import open_supplier

T0 = datetime(2026, 11, 22, 13, tzinfo=UTC)
WAITING, RECEIVED = ActivationState.WAITING, ActivationState.RECEIVED
CANCELLED = ActivationState.CANCELLED


@pytest.fixture
def sandbox():
    return open_supplier("sandbox", Credentials("", ""))


def after(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def buy(sandbox, service, country="id"):
    return sandbox.buy(Goods(service, country), max_cost=10_000, reference="attempt", now=T0)


@pytest.mark.parametrize(
    ("service", "states"),
    [
        ("whatsapp", {0: WAITING, 2.9: WAITING, 3: RECEIVED, 5000: RECEIVED}),
        ("test-slow", {3: WAITING, 29.9: WAITING, 30: RECEIVED}),
        ("test-no-code", {3: WAITING, 1199: WAITING, 1200: CANCELLED}),
        ("test-resend", {2.9: WAITING, 3: RECEIVED}),
        ("test-late-code", {59: WAITING, 60: WAITING, 74.9: WAITING, 75: RECEIVED}),
        ("test-cancel-race", {29.9: WAITING, 30: RECEIVED}),
        ("test-early-cancel", {3: WAITING, 59.9: WAITING, 60: RECEIVED}),
    ],
)
def test_each_service_keeps_to_its_script(service, states, sandbox):
    reference = buy(sandbox, service).reference

    assert {age: sandbox.status(reference, now=after(age)).state for age in states} == states


def test_no_numbers_means_no_numbers(sandbox):
    with pytest.raises(Refused) as refusal:
        buy(sandbox, "test-no-numbers")

    assert refusal.value.reason is RefusalReason.NO_NUMBERS


def test_the_late_code_comes_after_the_lifetime_ended(sandbox):
    assert buy(sandbox, "test-late-code").lifetime_seconds == 60


def test_the_same_attempt_gives_the_same_answers(sandbox):
    first, second = buy(sandbox, "whatsapp"), buy(sandbox, "whatsapp")

    assert first == second
    reads = [sandbox.status(first.reference, now=after(age)) for age in (3, 99)]
    assert reads[0] == reads[1]
    assert reads[0].messages[0].received_at == after(3)


def test_a_cancelled_number_never_gets_its_code(sandbox):
    reference = buy(sandbox, "test-slow").reference

    cancellation = sandbox.cancel(reference, now=after(1))

    assert cancellation.outcome is CancelOutcome.CANCELLED
    assert sandbox.status(cancellation.reference, now=after(99)).state is CANCELLED


def test_whenever_the_race_is_run_the_code_wins(sandbox):
    reference = buy(sandbox, "test-cancel-race").reference

    cancellation = sandbox.cancel(reference, now=after(1))

    assert cancellation.outcome is CancelOutcome.CODE_ARRIVED
    won = sandbox.status(cancellation.reference, now=after(1))
    assert won.state is RECEIVED
    assert won.messages[0].code == sandbox.status(reference, now=after(30)).messages[0].code


def test_a_locked_number_says_how_long(sandbox):
    reference = buy(sandbox, "test-early-cancel").reference

    early = sandbox.cancel(reference, now=after(10.5))

    assert early.outcome is CancelOutcome.TOO_EARLY
    assert early.retry_after_seconds == 20
    assert sandbox.cancel(reference, now=after(30)).outcome is CancelOutcome.CANCELLED


def test_what_timed_out_cannot_be_cancelled(sandbox):
    reference = buy(sandbox, "test-no-code").reference

    assert sandbox.cancel(reference, now=after(1200)).outcome is CancelOutcome.CLOSED


def test_each_resend_brings_another_code(sandbox):
    reference = buy(sandbox, "test-resend").reference

    followed = sandbox.resend(reference, now=after(10))

    assert sandbox.status(followed, now=after(12.9)).state is WAITING
    first, second = sandbox.status(followed, now=after(13)).messages
    assert first.code != second.code
    assert first.message_id != second.message_id
    assert sandbox.resend(followed, now=after(20)) != followed


def test_only_one_service_can_send_again(sandbox):
    reference = buy(sandbox, "whatsapp").reference

    with pytest.raises(Refused):
        sandbox.resend(reference, now=after(3))


def test_references_are_short_enough_to_store(sandbox):
    longest = max((service.code for service in sandbox.services()), key=len)
    reference = buy(sandbox, longest).reference

    assert len(sandbox.cancel(reference, now=after(31)).reference or reference) <= 64


@pytest.mark.parametrize(
    "country", ["id", "us", "gb", "my", "ph", "vn", "th", "in", "br", "de", "fr", "nl"]
)
def test_every_country_has_numbers(country, sandbox):
    assert buy(sandbox, "whatsapp", country).phone_number[1:].isdecimal()


def test_goods_it_does_not_have_are_refused(sandbox):
    for service, country in (("nothing", "id"), ("whatsapp", "zz")):
        with pytest.raises(Refused):
            buy(sandbox, service, country)
