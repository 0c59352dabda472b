"""A worker that is killed in the middle loses nothing; a few are sent twice."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.utils import timezone

from nexotp.lib.env import BASE_DIR
from tests.receiver import Receiver
from tests.server import environment
from tests.webhooks.conftest import MakeEndpoint, deliver, make_due
from tests.webhooks.test_claiming import Counted, queue_tests
from webhooks.models import IN_FLIGHT, Delivery, Endpoint, Event

pytestmark = pytest.mark.usefixtures("committed")

EVENTS, ENDPOINTS = 40, 3


@contextmanager
def worker() -> Iterator["subprocess.Popen[str]"]:
    surroundings = {**os.environ, **environment(), "WEBHOOK_ALLOW_LOOPBACK": "true"}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.webhooks.worker"],
        cwd=BASE_DIR,
        env=surroundings,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_killed_in_the_middle(make_endpoint: MakeEndpoint, receiver: Receiver) -> None:
    paths = [f"/{number}" for number in range(ENDPOINTS)]
    for path in paths:
        receiver.answers[path] = Counted(0.03)
        endpoint = make_endpoint(path)
        Endpoint.objects.filter(pk=endpoint.pk).update(is_answering=True)
        queue_tests(endpoint, EVENTS)

    for goal in (20, 50, 80):
        with worker() as process:
            while len(receiver.requests) < goal:
                time.sleep(0.005)
            process.kill()
            process.wait()
        under_way = Delivery.objects.filter(lease_until__gt=timezone.now()).count()
        assert under_way <= IN_FLIGHT * ENDPOINTS
        make_due()
    killed_at = len(receiver.requests)
    deliver()

    arrived = {request.event["id"] for request in receiver.requests}
    assert killed_at < EVENTS * ENDPOINTS
    assert arrived == set(Event.objects.values_list("public_id", flat=True))
    assert set(Delivery.objects.values_list("state", flat=True)) == {"delivered"}
    # Each kill repeats at most what was under way, or was about to be recorded together.
    assert len(receiver.requests) - len(arrived) <= 3 * 2 * IN_FLIGHT * ENDPOINTS
