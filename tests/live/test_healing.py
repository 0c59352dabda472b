"""Redis, the process and its readers die or hang; what is left finds together again."""

import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from django.conf import settings as real_settings
from pytest_django import Settings

from accounts.live import channel, tell_pages
from accounts.models import User
from dev import processes
from dev.valkey import Valkey
from tests.live.conftest import Listen, everything_is_told, listening
from tests.live.server import Listener, LiveProcess, serve_live, session_of

pytestmark = [pytest.mark.usefixtures("committed"), pytest.mark.slow]


@pytest.fixture
def own_valkey(tmp_path: Path, settings: Settings) -> Iterator[Valkey]:
    """A Valkey that nobody else minds losing."""
    valkey = Valkey(tmp_path)
    valkey.start()
    settings.REDIS_URL = valkey.url
    yield valkey
    valkey.stop()


def test_valkey_dies_and_comes_back(tmp_path: Path, own_valkey: Valkey, alice: User) -> None:
    with serve_live(tmp_path) as live, listening() as listen:
        everything_is_told()
        stream: Listener = listen(live, alice)
        assert stream.next() == ("sync", "")

        own_valkey.kill()
        assert stream.next_but_beats() == ("lost", "")
        assert not live.hears()
        late: Listener = listen(live, alice)
        assert late.next() == ("lost", "")

        own_valkey.start()
        assert stream.next_but_beats() == ("sync", "")
        assert late.next_but_beats() == ("sync", "")
        tell_pages(alice.pk, "ord_1")
        assert stream.next_but_beats() == ("changed", "ord_1")
        assert live.hears()


def test_a_valkey_that_hangs_is_noticed(tmp_path: Path, own_valkey: Valkey, alice: User) -> None:
    with serve_live(tmp_path) as live, listening() as listen:
        everything_is_told()
        stream: Listener = listen(live, alice)
        assert stream.next() == ("sync", "")

        assert own_valkey.pid is not None
        os.kill(own_valkey.pid, signal.SIGSTOP)
        try:
            assert stream.next_but_beats() == ("lost", "")
        finally:
            os.kill(own_valkey.pid, signal.SIGCONT)

        assert stream.next_but_beats() == ("sync", "")


def test_a_worker_that_is_killed_is_replaced(tmp_path: Path, alice: User) -> None:
    with serve_live(tmp_path) as live, listening() as listen:
        first = live.worker()
        listen(live, alice).next()

        os.kill(first, signal.SIGKILL)

        assert processes.wait_until(live.hears, timeout=30, pause=0.1)
        assert live.worker() != first
        assert listen(live, alice).next() == ("sync", "")


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_at_once_with_streams_open(tmp_path: Path, alice: User, by: signal.Signals) -> None:
    live = LiveProcess(tmp_path / "live.log")
    live.start()
    with listening() as listen:
        stream: Listener = listen(live, alice)
        stream.next()
        begun = time.monotonic()

        live.end(by)

        assert time.monotonic() - begun < 3
        assert "Traceback" not in (tmp_path / "live.log").read_text()


def test_who_leaves_is_forgotten(listen: Listen, live: LiveProcess, alice: User) -> None:
    assert processes.wait_until(lambda: live.streams() == 0, timeout=10)
    stream = listen(alice)
    stream.next()
    assert live.streams() == 1

    stream.close()

    assert processes.wait_until(lambda: live.streams() == 0, timeout=10)


def test_who_does_not_read_is_dropped(live: LiveProcess, alice: User, bob: User) -> None:
    """Its messages fill the system's buffers, and nobody else waits for it."""
    assert processes.wait_until(lambda: live.streams() == 0, timeout=10)
    cookie = f"{real_settings.SESSION_COOKIE_NAME}={session_of(alice)}"
    request = f"GET /live/ HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookie}\r\n\r\n"
    with socket.socket() as deaf, listening() as listen, redis_of(real_settings) as publisher:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.connect(("127.0.0.1", live.port))
        deaf.sendall(request.encode())
        assert processes.wait_until(lambda: live.streams() == 1, timeout=10)
        everything_is_told()
        other: Listener = listen(live, bob)
        other.next()
        dropped_by = time.monotonic() + 60

        number = 0
        while live.streams() == 2 and time.monotonic() < dropped_by:
            number += 1
            # Far longer than any that is ever told.
            publisher.publish(channel(), f"{alice.pk} {'x' * 50_000}{number}")
            time.sleep(0.01)
        tell_pages(bob.pk, "ord_1")

        assert live.streams() == 1
        assert other.next_but_beats() == ("changed", "ord_1")


def redis_of(settings: Any) -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL)
