"""From a commit to a customer's server: signed, once where all goes well, and again where not."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from tests import cast
from tests.receiver import Receiver, answer
from tests.webhooks.conftest import MakeEndpoint, deliver, make_due
from webhooks.actions import (
    delete_endpoint,
    enable_endpoint,
    pause_endpoint,
    redeliver,
    rotate_secret,
    send_test,
)
from webhooks.actions.recording import FAILING_LIMIT, JITTER, SCHEDULE
from webhooks.models import Delivery, Endpoint, Event, Secret

pytestmark = pytest.mark.usefixtures("committed")


def pause_of(delivery: Delivery) -> timedelta:
    """How long a delivery still waits for its next attempt."""
    assert delivery.next_attempt_at is not None
    return delivery.next_attempt_at - timezone.now()


def test_a_test_event_arrives_signed(endpoint: Endpoint, receiver: Receiver) -> None:
    delivery = send_test(endpoint, now=timezone.now())

    assert deliver() == 1

    [request] = receiver.requests
    delivery.refresh_from_db()
    assert request.is_genuine
    assert request.headers["webhook-id"] == delivery.event.public_id == request.event["id"]
    assert request.headers["content-type"] == "application/json"
    assert request.body == bytes(delivery.event.payload)
    assert delivery.state == "delivered"
    [attempt] = delivery.attempts.all()
    assert (attempt.status_code, attempt.failure, attempt.response) == (200, "", "ok")
    assert attempt.signature == request.headers["webhook-signature"]


def test_each_attempt_has_its_own_time_and_the_same_id(
    endpoint: Endpoint, receiver: Receiver
) -> None:
    receiver.answers["/hook"] = answer(500)
    send_test(endpoint, now=timezone.now() - timedelta(seconds=30))
    deliver()
    make_due()
    deliver()

    first, second = receiver.requests
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    for request in receiver.requests:
        assert abs(int(request.headers["webhook-timestamp"]) - request.at) < 2


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_every_2xx_succeeds(endpoint: Endpoint, receiver: Receiver, status: int) -> None:
    receiver.answers["/hook"] = answer(status, b"")
    delivery = send_test(endpoint, now=timezone.now())
    deliver()

    delivery.refresh_from_db()
    assert delivery.state == "delivered"


@pytest.mark.parametrize("status", [300, 301, 302, 307, 400, 401, 404, 429, 500, 503])
def test_everything_else_fails(endpoint: Endpoint, receiver: Receiver, status: int) -> None:
    receiver.answers["/hook"] = answer(status, Location=receiver.url("/elsewhere"))
    delivery = send_test(endpoint, now=timezone.now())
    deliver()

    delivery.refresh_from_db()
    assert delivery.state == "queued"
    assert [(a.status_code, a.failure) for a in delivery.attempts.all()] == [(status, "status")]
    assert {request.path for request in receiver.requests} == {"/hook"}


def test_the_schedule_to_its_end(endpoint: Endpoint, receiver: Receiver) -> None:
    receiver.answers["/hook"] = answer(500)
    delivery = send_test(endpoint, now=timezone.now())
    pauses = []
    for _ in range(20):
        before = timezone.now()
        if not deliver():
            break
        delivery.refresh_from_db()
        if delivery.next_attempt_at:
            pauses.append((delivery.next_attempt_at - before).total_seconds())
        make_due()

    assert delivery.state == "failed"
    assert len(receiver.requests) == len(SCHEDULE) + 1 == 10
    for pause, planned in zip(pauses, SCHEDULE, strict=True):
        seconds = planned.total_seconds()
        assert seconds * (1 - JITTER) <= pause <= seconds * (1 + JITTER) + 2


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_obeyed_and_capped(
    endpoint: Endpoint, receiver: Receiver, status: int
) -> None:
    receiver.answers["/hook"] = answer(status, Retry_After="120")
    delivery = send_test(endpoint, now=timezone.now())
    deliver()
    delivery.refresh_from_db()

    first_pause = pause_of(delivery)
    make_due()
    receiver.answers["/hook"] = answer(status, Retry_After="9" * 30)
    deliver()
    delivery.refresh_from_db()

    assert timedelta(seconds=115) < first_pause <= timedelta(seconds=120)
    assert timedelta(minutes=59) < pause_of(delivery) <= timedelta(hours=1)


def test_whoever_asks_for_rest_gets_nothing_else_meanwhile(
    endpoint: Endpoint, receiver: Receiver
) -> None:
    receiver.answers["/hook"] = answer(503, Retry_After="60")
    send_test(endpoint, now=timezone.now())
    deliver()

    send_test(endpoint, now=timezone.now())

    assert deliver() == 0


@pytest.mark.parametrize("value", ["soon", "-5", "", "1e9", "Wed, 99 Foo 2026", "٣"])
def test_a_retry_after_without_sense(endpoint: Endpoint, receiver: Receiver, value: str) -> None:
    receiver.answers["/hook"] = answer(429, Retry_After=value.encode().decode("latin-1"))
    delivery = send_test(endpoint, now=timezone.now())
    deliver()

    delivery.refresh_from_db()
    assert pause_of(delivery) < timedelta(seconds=10)


def test_410_disables_and_the_rest_is_given_up(endpoint: Endpoint, receiver: Receiver) -> None:
    receiver.answers["/hook"] = answer(410)
    for _ in range(6):
        send_test(endpoint, now=timezone.now())
    deliver()

    endpoint.refresh_from_db()
    assert (endpoint.state, endpoint.disabled_because) == ("disabled", "gone")
    assert set(Delivery.objects.values_list("state", flat=True)) == {"failed"}
    assert len(receiver.requests) < 6


def test_five_days_of_failures_disable(endpoint: Endpoint, receiver: Receiver) -> None:
    receiver.answers["/hook"] = answer(500)
    send_test(endpoint, now=timezone.now())
    deliver()
    endpoint.refresh_from_db()
    still_active = endpoint.is_active

    Endpoint.objects.update(failing_since=timezone.now() - FAILING_LIMIT)
    make_due()
    deliver()

    endpoint.refresh_from_db()
    assert still_active
    assert (endpoint.state, endpoint.disabled_because) == ("disabled", "failing")


def test_one_success_starts_the_five_days_anew(endpoint: Endpoint, receiver: Receiver) -> None:
    Endpoint.objects.update(failing_since=timezone.now() - FAILING_LIMIT * 2)
    send_test(endpoint, now=timezone.now())
    deliver()

    endpoint.refresh_from_db()
    assert (endpoint.failing_since, endpoint.is_answering) == (None, True)


def test_a_disabled_endpoint_hears_of_nothing_until_it_is_enabled(
    endpoint: Endpoint, receiver: Receiver, alice: User
) -> None:
    Endpoint.objects.update(state="disabled", disabled_because="gone")
    cast.give(alice, 1)
    unheard = Event.objects.count()

    enable_endpoint(endpoint)
    cast.give(alice, 1)
    deliver()

    assert unheard == 0
    assert receiver.types() == ["wallet.credited"]


def test_a_paused_endpoint_hears_of_everything_later(
    endpoint: Endpoint, receiver: Receiver, alice: User
) -> None:
    pause_endpoint(endpoint)
    cast.give(alice, 1)
    sent_meanwhile = deliver()

    enable_endpoint(endpoint)
    deliver()

    assert sent_meanwhile == 0
    assert receiver.types() == ["wallet.credited"]


def test_a_deleted_endpoint_gets_nothing_more(endpoint: Endpoint, receiver: Receiver) -> None:
    send_test(endpoint, now=timezone.now())
    delete_endpoint(endpoint)

    assert deliver() == 0
    assert not Secret.objects.exists()


def test_both_secrets_sign_for_a_day(endpoint: Endpoint, receiver: Receiver) -> None:
    old = receiver.secrets["/hook"][0]
    new = rotate_secret(endpoint, now=timezone.now())
    send_test(endpoint, now=timezone.now())
    deliver()
    signatures = receiver.requests[0].headers["webhook-signature"].split()

    receiver.secrets["/hook"] = [new]
    Secret.objects.filter(expires_at__isnull=False).update(expires_at=timezone.now())
    send_test(endpoint, now=timezone.now())
    deliver()

    assert old != new
    assert len(signatures) == 2
    assert receiver.requests[0].is_genuine
    assert len(receiver.requests[1].headers["webhook-signature"].split()) == 1


def test_the_new_secret_alone_verifies_at_once(endpoint: Endpoint, receiver: Receiver) -> None:
    receiver.secrets["/hook"] = [rotate_secret(endpoint, now=timezone.now())]
    send_test(endpoint, now=timezone.now())
    deliver()

    assert receiver.requests[0].is_genuine


def test_rotating_again_and_again_keeps_few_secrets(endpoint: Endpoint) -> None:
    for _ in range(8):
        rotate_secret(endpoint, now=timezone.now())

    assert endpoint.secrets.count() == 4


def test_secrets_are_kept_encrypted(endpoint: Endpoint, receiver: Receiver) -> None:
    [secret] = endpoint.secrets.all()

    assert secret.plain == receiver.secrets["/hook"][0]
    assert secret.plain.startswith("whsec_")
    assert secret.plain.encode() not in bytes(secret.encrypted)


def test_redelivering_sends_the_same_event_once_more(
    endpoint: Endpoint, receiver: Receiver
) -> None:
    delivery = send_test(endpoint, now=timezone.now())
    deliver()
    redeliver(delivery, now=timezone.now())
    deliver()

    delivery.refresh_from_db()
    assert [request.event["id"] for request in receiver.requests] == [delivery.event.public_id] * 2
    assert (delivery.state, delivery.attempts.count()) == ("delivered", 2)


def test_an_event_goes_to_every_endpoint(
    make_endpoint: MakeEndpoint, receiver: Receiver, alice: User
) -> None:
    for path in ("/a", "/b", "/c"):
        make_endpoint(path)
    cast.give(alice, 1)
    deliver()

    assert [receiver.types(path) for path in ("/a", "/b", "/c")] == [["wallet.credited"]] * 3


def test_the_first_kilobyte_is_kept(endpoint: Endpoint, receiver: Receiver) -> None:
    receiver.answers["/hook"] = answer(500, b"\x00\xff" + b"x" * 5_000)
    delivery = send_test(endpoint, now=timezone.now())
    deliver()

    [attempt] = delivery.attempts.all()
    assert attempt.response.startswith("\ufffd\ufffdxx")
    assert len(attempt.response) == 1024
