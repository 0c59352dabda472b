from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import pytest
from django.conf import settings

from accounts import live as telling
from accounts.models import User
from tests.live.server import Listener, LiveProcess, serve_live, session_of


@pytest.fixture(scope="module")
def live(
    django_db_setup: None, own_redis_database: None, tmp_path_factory: Any
) -> Iterator[LiveProcess]:
    folder: Path = tmp_path_factory.mktemp("live")
    limits = {"LIVE_STREAMS_PER_ACCOUNT": "3", "LIVE_STREAMS": "5"}
    with serve_live(folder, None, **limits, LIVE_PORT="8002", PORT="8000") as process:
        yield process


class Listen(Protocol):
    def __call__(self, user: User | None = None, **options: str) -> Listener: ...


@pytest.fixture
def listen(committed: None, live: LiveProcess) -> Iterator[Listen]:
    """Open a stream as a browser of the user does; closed after the test.

    It hears nothing of what happened before the stream: that is told by a thread, later.
    """
    with listening() as listen_to:

        def listen_from_now(user: User | None = None, **options: str) -> Listener:
            everything_is_told()
            stream: Listener = listen_to(live, user, **options)
            return stream

        yield listen_from_now


def everything_is_told() -> None:
    """Wait until all that was committed has been told."""
    with telling._client(settings.REDIS_URL).pubsub() as heard:
        heard.subscribe(telling.channel())
        telling.tell_pages(0, "everything")
        while (0, "everything") not in telling.told(_next_message(heard)):
            pass


def _next_message(heard: Any) -> bytes:
    while (message := heard.get_message(timeout=5)) is not None:
        if message["type"] == "message":
            data: bytes = message["data"]
            return data
    raise TimeoutError("nothing was told")


@contextmanager
def listening() -> Iterator[Any]:
    opened: list[Listener] = []

    def open_one(live: LiveProcess, user: User | None = None, **options: str) -> Listener:
        session = {"session": session_of(user)} if user else {}
        opened.append(Listener(live, **(session | options)))
        return opened[-1]

    try:
        yield open_one
    finally:
        for each in opened:
            each.close()
