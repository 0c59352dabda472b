"""Owners are told of what was disabled, and the log forgets what is old."""

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone
from pytest_django import Settings

from tests.receiver import Receiver, answer
from tests.together import all_at_once
from tests.webhooks.conftest import deliver
from webhooks.actions import delete_endpoint, enable_endpoint, prune_log, send_notices, send_test
from webhooks.models import Delivery, DeliveryAttempt, Endpoint, Event

pytestmark = pytest.mark.usefixtures("committed")

OLD = timedelta(days=31)


@pytest.fixture
def disabled(endpoint: Endpoint, receiver: Receiver) -> Endpoint:
    """Alice's webhook, after it answered 410."""
    receiver.answers["/hook"] = answer(410)
    send_test(endpoint, now=timezone.now())
    deliver()
    return endpoint


def test_the_owner_is_told_once(disabled: Endpoint) -> None:
    for _ in range(3):
        send_notices(now=timezone.now())

    [letter] = mail.outbox
    assert letter.to == ["alice@example.test"]
    assert letter.subject == "Webhook Anda dinonaktifkan"
    assert disabled.url in letter.body
    assert "410 Gone" in letter.body


def test_in_the_shops_language(disabled: Endpoint, settings: Settings) -> None:
    settings.LANGUAGE_CODE = "en"
    send_notices(now=timezone.now())

    assert mail.outbox[0].subject == "Your webhook was disabled"


def test_two_at_once_tell_once(disabled: Endpoint) -> None:
    all_at_once(lambda _: send_notices(now=timezone.now()), count=4)

    assert len(mail.outbox) == 1


def test_a_letter_that_could_not_be_sent_is_sent_later(
    disabled: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any, **__: Any) -> None:
        raise OSError

    with monkeypatch.context() as patched:
        patched.setattr("webhooks.actions.upkeep.send_mail", away)
        send_notices(now=timezone.now())
    too_early = send_notices(now=timezone.now())
    send_notices(now=timezone.now() + timedelta(minutes=6))

    assert too_early == 0
    assert len(mail.outbox) == 1


@pytest.mark.parametrize("settle", [enable_endpoint, delete_endpoint])
def test_nothing_is_said_of_what_was_settled_meanwhile(disabled: Endpoint, settle: Any) -> None:
    settle(disabled)
    send_notices(now=timezone.now())

    assert mail.outbox == []


def test_the_log_forgets_after_a_month(endpoint: Endpoint, receiver: Receiver) -> None:
    for age in (OLD, OLD, timedelta(days=29)):
        send_test(endpoint, now=timezone.now() - age)
    deliver()

    pruned = prune_log(now=timezone.now())

    assert pruned == 2
    counts = [model.objects.count() for model in (Event, Delivery, DeliveryAttempt)]
    assert counts == [1, 1, 1]
    assert prune_log(now=timezone.now()) == 0


def test_a_deleted_webhook_goes_with_its_log(endpoint: Endpoint, receiver: Receiver) -> None:
    send_test(endpoint, now=timezone.now())
    deliver()
    delete_endpoint(endpoint)
    prune_log(now=timezone.now())
    kept = Endpoint.objects.count()

    while prune_log(now=timezone.now() + OLD):
        pass

    assert kept == 1
    assert not Endpoint.objects.exists()
