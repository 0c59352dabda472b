"""Who sends what, and when: fairly, few at once to each, and never two at the same time."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from tests.receiver import Receiver, answer
from tests.together import all_at_once
from tests.webhooks.conftest import MakeEndpoint, deliver
from webhooks import actions, transport
from webhooks.actions import send_test
from webhooks.actions.recording import Attempt, record
from webhooks.models import Delivery, Endpoint
from webhooks.states import Failure
from webhooks.transport import Answer

pytestmark = pytest.mark.usefixtures("committed")


class Counted:
    """Answers slowly, and remembers how many requests were under way at once."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.now = 0
        self.most = 0
        self.lock = threading.Lock()

    def __call__(self, handler: BaseHTTPRequestHandler) -> None:
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        time.sleep(self.seconds)
        with self.lock:
            self.now -= 1
        answer()(handler)


def queue_tests(endpoint: Endpoint, count: int) -> None:
    for _ in range(count):
        send_test(endpoint, now=timezone.now())


def claim(limit: int = 100, limit_failing: int = 100) -> list[Delivery]:
    return Delivery.objects.claim_due(timezone.now(), limit=limit, limit_failing=limit_failing)


@contextmanager
def hanging(receiver: Receiver, path: str) -> Iterator[None]:
    """Let a path answer only when the block ends."""
    over = threading.Event()

    def hang(handler: BaseHTTPRequestHandler) -> None:
        over.wait(30)
        answer()(handler)

    receiver.answers[path] = hang
    try:
        yield
    finally:
        over.set()


def test_at_most_four_at_once(endpoint: Endpoint, receiver: Receiver) -> None:
    counted = receiver.answers["/hook"] = Counted(0.05)
    Endpoint.objects.update(is_answering=True)
    queue_tests(endpoint, 20)

    assert deliver() == 20
    assert counted.most == 4


def test_one_at_once_until_it_answers(endpoint: Endpoint) -> None:
    queue_tests(endpoint, 5)

    assert len(claim()) == 1
    assert len(claim()) == 0


def test_two_sweeps_together_send_everything_once_and_no_more_at_once(
    endpoint: Endpoint, receiver: Receiver
) -> None:
    counted = receiver.answers["/hook"] = Counted(0.02)
    Endpoint.objects.update(is_answering=True)
    queue_tests(endpoint, 40)

    outcomes = all_at_once(lambda _: deliver(), count=3)

    assert sum(each for each in outcomes if isinstance(each, int)) == 40
    assert len({request.event["id"] for request in receiver.requests}) == 40
    assert len(receiver.requests) == 40
    assert counted.most <= 4


def test_everybodys_first_goes_before_anybodys_second(make_endpoint: MakeEndpoint) -> None:
    endpoints = [make_endpoint(f"/{number}") for number in range(3)]
    Endpoint.objects.update(is_answering=True)
    for endpoint in endpoints:
        queue_tests(endpoint, 10)

    claimed = claim(limit=3)

    assert {each.endpoint_id for each in claimed} == {each.pk for each in endpoints}


def test_those_that_do_not_answer_leave_room_for_those_that_do(
    make_endpoint: MakeEndpoint,
) -> None:
    silent = [make_endpoint(f"/silent{number}") for number in range(5)]
    live = make_endpoint("/live")
    for endpoint in silent:
        queue_tests(endpoint, 3)
    queue_tests(live, 3)
    Endpoint.objects.filter(pk=live.pk).update(is_answering=True)

    claimed = claim(limit=100, limit_failing=2)

    assert sum(each.endpoint_id == live.pk for each in claimed) == 3
    assert len(claimed) == 5


def test_a_hanging_endpoint_delays_nobody(
    make_endpoint: MakeEndpoint, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "TOTAL_SECONDS", 3)
    dead, live = make_endpoint("/dead"), make_endpoint("/live")
    Endpoint.objects.update(is_answering=True)
    queue_tests(dead, 30)
    queue_tests(live, 30)

    with hanging(receiver, "/dead"):
        actions.deliver_due(clock=timezone.now, seconds=2)
        arrived = len(receiver.events("/live"))

    assert arrived == 30


def test_whoever_is_still_waiting_when_the_sweep_ends_records_by_itself(
    endpoint: Endpoint, receiver: Receiver
) -> None:
    delivery = send_test(endpoint, now=timezone.now())
    with hanging(receiver, "/hook"):
        actions.deliver_due(clock=timezone.now, seconds=0.3)
        delivery.refresh_from_db()
        left = (delivery.state, delivery.lease_until is not None)

    for _ in range(100):
        delivery.refresh_from_db()
        if delivery.state == "delivered":
            break
        time.sleep(0.05)

    assert left == ("queued", True)
    assert (delivery.state, delivery.attempts.count()) == ("delivered", 1)


def test_what_a_dead_worker_had_taken_is_sent_when_its_lease_is_over(
    endpoint: Endpoint, receiver: Receiver
) -> None:
    delivery = send_test(endpoint, now=timezone.now())
    claim()

    meanwhile = deliver()
    Delivery.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    afterwards = deliver()

    delivery.refresh_from_db()
    assert (meanwhile, afterwards, delivery.state) == (0, 1, "delivered")


def test_a_result_that_comes_after_its_lease_changes_nothing(endpoint: Endpoint) -> None:
    send_test(endpoint, now=timezone.now())
    [slow] = claim()
    Delivery.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    [fast] = claim()
    record([Attempt(fast, timezone.now(), "", Answer(status=200))], now=timezone.now())

    failed = Answer(status=500, failure=Failure.STATUS)
    record([Attempt(slow, timezone.now(), "", failed)], now=timezone.now())

    fast.refresh_from_db()
    assert (fast.state, fast.failure_count) == ("delivered", 0)
    assert fast.attempts.count() == 2


def test_a_long_queue_is_claimed_from_its_beginning(endpoint: Endpoint) -> None:
    Endpoint.objects.update(is_answering=True)
    now = timezone.now()
    for seconds in range(10):
        send_test(endpoint, now=now - timedelta(seconds=seconds))

    first = {each.pk for each in claim()}

    oldest = Delivery.objects.order_by("created_at").values_list("pk", flat=True)[:4]
    assert first == set(oldest)


def test_what_is_not_due_is_left(endpoint: Endpoint) -> None:
    send_test(endpoint, now=timezone.now() + timedelta(seconds=5))

    assert claim() == []


def test_the_cap_of_webhooks_holds_against_many_at_once(alice: User, settings: Settings) -> None:
    settings.WEBHOOK_MAX_ENDPOINTS = 3

    def create(number: int) -> object:
        return actions.create_endpoint(
            user=alice,
            mode="live",
            url=f"https://example.com/{number}",
            events=["*"],
            now=timezone.now(),
        )

    outcomes = all_at_once(create, count=8)

    refused = [each for each in outcomes if isinstance(each, actions.TooManyWebhooks)]
    assert (len(refused), Endpoint.objects.count()) == (5, 3)
