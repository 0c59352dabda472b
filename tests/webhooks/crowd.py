"""Many webhooks at once, some of them dead, and a real worker that delivers to them."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import orjson
from django.db import connection, transaction
from django.utils import timezone
from standardwebhooks import Webhook

from accounts.models import User
from dev import processes
from nexotp.lib.env import BASE_DIR
from tests import cast
from tests.server import environment
from webhooks.actions import create_endpoint, emit
from webhooks.models import Endpoint
from webhooks.states import EventType


@dataclass
class Sink:
    """Where everything arrives."""

    base_url: str

    def requests(self) -> list[dict[str, Any]]:
        text = httpx2.get(f"{self.base_url}/_log", trust_env=False, timeout=30).content
        return [orjson.loads(line) for line in text.splitlines()]


@contextmanager
def sinking() -> Iterator[Sink]:
    """Run the sink in a process of its own."""
    command = [sys.executable, "-m", "tests.webhooks.sink"]
    process = subprocess.Popen(command, cwd=BASE_DIR, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield Sink(f"http://127.0.0.1:{int(process.stdout.readline())}")
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@contextmanager
def working(log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a worker that delivers, as production does; no beat, so all depends on being woken."""
    command = [sys.executable, "-m", "celery", "--quiet", "-A", "nexotp", "worker"]
    command += ["-n", "webhooks@%h", "-Q", "webhooks", "--concurrency", "1", "-l", "warning"]
    command += ["--without-gossip", "--without-mingle"]
    surroundings = {**os.environ, **environment(), "WEBHOOK_ALLOW_LOOPBACK": "true"}
    surroundings |= {"PYTHONWARNINGS": "ignore", "LOG_LEVEL": "INFO"}
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=BASE_DIR, env=surroundings, stdout=output, stderr=output
        )
        try:
            assert processes.wait_until(lambda: b" ready." in log.read_bytes(), timeout=60)
            yield process
        finally:
            process.terminate()
            process.wait(60)


@dataclass
class Member:
    """An account with one webhook."""

    user: User
    endpoint: Endpoint
    secret: str

    @property
    def path(self) -> str:
        return "/" + self.endpoint.url.split("/", 3)[3]


def gather(sink: Sink, *, count: int, dead: int) -> list[Member]:
    """Open so many accounts with a webhook each; the first `dead` of them hang."""
    return [_member(sink, number, "dead" if number < dead else "live") for number in range(count)]


def _member(sink: Sink, number: int, kind: str) -> Member:
    user = cast.open_account(f"crowd{number}")
    endpoint, secret = create_endpoint(
        user=user,
        mode="live",
        url=f"{sink.base_url}/{kind}/{number}",
        events=["*"],
        now=timezone.now(),
    )
    return Member(user, endpoint, secret)


@dataclass
class Told:
    """When each event was committed, by its number, and for whom."""

    committed_at: dict[int, float] = field(default_factory=dict)
    member: dict[int, Member] = field(default_factory=dict)


def tell(members: list[Member], numbers: range, *, per_second: float) -> Told:
    """Commit an event with each number, for one member after the other, at a steady pace."""
    told = Told()
    began = time.monotonic()
    for count, number in enumerate(numbers):
        time.sleep(max(0.0, began + count / per_second - time.monotonic()))
        member = members[count % len(members)]
        told.member[number] = member
        commit_event(member, number)
        told.committed_at[number] = time.time()
    connection.close()
    return told


@transaction.atomic
def commit_event(member: Member, number: int) -> None:
    emit(
        EventType.WALLET_CREDITED,
        user_id=member.user.pk,
        mode="live",
        data=lambda: {"number": number, "padding": "x" * 400},
        now=timezone.now(),
    )


@dataclass
class Outcome:
    """What the live ones got; times in milliseconds from commit to request."""

    missing: int
    forged: int
    repeated: int
    p50: float
    p99: float
    worst: float


def await_all(sink: Sink, told: Told, *, seconds: float) -> Outcome:
    """Wait until every live webhook has got its events, or time is up."""
    wanted = {n for n, member in told.member.items() if member.path.startswith("/live/")}
    ends_at = time.monotonic() + seconds
    while True:
        requests = [each for each in sink.requests() if each["path"].startswith("/live/")]
        numbered = [(orjson.loads(each["body"])["data"]["number"], each) for each in requests]
        numbered = [(number, each) for number, each in numbered if number in told.member]
        missing = wanted - {number for number, _request in numbered}
        if not missing or time.monotonic() > ends_at:
            return _outcome(told, numbered, missing=len(missing))
        time.sleep(0.5)


def _outcome(told: Told, numbered: list[tuple[int, dict[str, Any]]], *, missing: int) -> Outcome:
    first: dict[int, float] = {}
    forged = 0
    for number, request in numbered:
        member = told.member[number]
        forged += request["path"] != member.path or not _is_genuine(member.secret, request)
        first[number] = min(request["at"], first.get(number, request["at"]))
    assert first, "nothing came at all"
    waits = sorted((at - told.committed_at[number]) * 1000 for number, at in first.items())
    return Outcome(
        missing=missing,
        forged=forged,
        repeated=len(numbered) - len(first),
        p50=waits[len(waits) // 2],
        p99=waits[int(len(waits) * 0.99)],
        worst=waits[-1],
    )


def _is_genuine(secret: str, request: dict[str, Any]) -> bool:
    try:
        Webhook(secret).verify(request["body"], request["headers"])
    except Exception:
        return False
    return True
