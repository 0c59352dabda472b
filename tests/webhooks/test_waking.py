"""The worker is woken after a commit, by a message that nothing depends on."""

import threading
import time
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from tests.webhooks.conftest import MakeEndpoint
from webhooks import waking
from webhooks.actions import send_test

pytestmark = pytest.mark.usefixtures("committed")


class Broker:
    """Takes messages, or is away for a while."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.seconds_to_fail = 0.0
        self.came = threading.Event()

    def send_task(self, name: str, **_options: Any) -> None:
        self.came.set()
        if self.seconds_to_fail:
            time.sleep(self.seconds_to_fail)
            raise OperationalError
        self.taken.append(name)


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Broker:
    broker = Broker()
    monkeypatch.setattr(waking, "current_app", broker)
    return broker


def test_a_commit_wakes_and_what_rolls_back_does_not(
    make_endpoint: MakeEndpoint, broker: Broker
) -> None:
    endpoint = make_endpoint()
    with transaction.atomic():
        send_test(endpoint, now=timezone.now())
        transaction.set_rollback(True)
    woken_too_early = broker.came.wait(0.2)

    send_test(endpoint, now=timezone.now())

    assert not woken_too_early
    assert broker.came.wait(2)
    assert broker.taken == ["webhooks.deliver_due"]


def test_many_commits_send_few_messages_and_the_last_is_not_lost(
    make_endpoint: MakeEndpoint, broker: Broker
) -> None:
    endpoint = make_endpoint()
    for _ in range(20):
        send_test(endpoint, now=timezone.now())
    broker.came.clear()
    send_test(endpoint, now=timezone.now())

    assert broker.came.wait(2)
    assert len(broker.taken) < 10


def test_nobody_waits_for_a_broker_that_is_away(
    make_endpoint: MakeEndpoint, broker: Broker
) -> None:
    endpoint = make_endpoint()
    broker.seconds_to_fail = 0.5
    started = time.monotonic()
    for _ in range(5):
        send_test(endpoint, now=timezone.now())
    took = time.monotonic() - started

    broker.seconds_to_fail = 0
    broker.came.clear()
    send_test(endpoint, now=timezone.now())

    assert took < 0.4
    assert broker.came.wait(3)
