"""What the live process runs: bare ASGI, one task for each open stream.

`/live/` is the stream, `/healthz` says whether this process hears of changes. The server would wait
for open streams to end before it ends itself, so it is told to kill them (--workers-kill-timeout):
there is nothing here to lose.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import django
import structlog

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nexotp.settings")
django.setup(set_prefix=False)

from django.conf import settings  # noqa: E402
from django.http import parse_cookie  # noqa: E402

from nexotp.live import feed, listeners  # noqa: E402
from nexotp.live.hub import Full, Hub, Stream  # noqa: E402

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

logger = structlog.get_logger(__name__)

# A reader that takes nothing for so many seconds is dropped.
_PATIENCE = 10.0
_HEADERS = {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    # nginx would collect the events and hand them on much later.
    "X-Accel-Buffering": "no",
}


class Refused(Exception):
    """No stream for this request; the status says why."""

    def __init__(self, status: int) -> None:
        self.status = status


class Live:
    """The application: one hub, one feed, and a look at the sessions every minute."""

    def __init__(self) -> None:
        self.hub = Hub(per_account=settings.LIVE_STREAMS_PER_ACCOUNT, in_all=settings.LIVE_STREAMS)
        # A few connections are enough: a session is looked up when a stream opens.
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="sessions")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["path"] == "/healthz":
            text = f"{len(self.hub)} streams\n"
            await _answer(send, 200 if self.hub.hears else 503, text)
        elif scope["path"] != "/live/":
            await _answer(send, 404)
        elif scope["method"] != "GET":
            await _answer(send, 405)
        else:
            await self._stream(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        running = [
            asyncio.create_task(feed.follow(self.hub, url=settings.REDIS_URL)),
            asyncio.create_task(self._keep_checking()),
        ]
        await send({"type": "lifespan.startup.complete"})
        await receive()
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        self._threads.shutdown(wait=False)
        await send({"type": "lifespan.shutdown.complete"})

    async def _stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = _headers_of(scope)
        try:
            origin = _allowed_origin(headers)
            stream = await self._admit(headers)
        except Refused as refused:
            await _answer(send, refused.status)
            return
        try:
            await _start(send, 200, _HEADERS | origin)
            writing = asyncio.create_task(_write(stream, send))
            leaving = asyncio.create_task(_gone(receive))
            await asyncio.wait([writing, leaving], return_when=asyncio.FIRST_COMPLETED)
            for task in (writing, leaving):
                task.cancel()
            await asyncio.gather(writing, leaving, return_exceptions=True)
        finally:
            self.hub.close(stream)

    async def _admit(self, headers: dict[str, str]) -> Stream:
        """Raises Refused."""
        key = parse_cookie(headers.get("cookie", "")).get(settings.SESSION_COOKIE_NAME)
        if not key:
            raise Refused(401)
        try:
            account = (await self._accounts_of([key])).get(key)
        except Exception as error:
            logger.exception("session not looked up")
            raise Refused(503) from error
        if account is None:
            raise Refused(401)
        try:
            return self.hub.open(account, key)
        except Full as full:
            raise Refused(503) from full

    async def _keep_checking(self) -> None:
        while True:
            await asyncio.sleep(settings.LIVE_CHECK_SECONDS)
            try:
                await self._check()
            except Exception:
                # Who cannot be asked about may be gone: they come again, and are asked then.
                logger.exception("sessions not checked")
                for stream in self.hub:
                    stream.end("lost")

    async def _check(self) -> None:
        """End the streams of those who have signed out, or were shut out."""
        streams = list(self.hub)
        accounts = await self._accounts_of({stream.session_key for stream in streams})
        for stream in streams:
            if accounts.get(stream.session_key) != stream.account:
                stream.end("gone")

    async def _accounts_of(self, keys: "list[str] | set[str]") -> dict[str, int]:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, listeners.accounts_of, keys)


async def _write(stream: Stream, send: Send) -> None:
    while not stream.is_over:
        news = await stream.next(within=settings.LIVE_BEAT_SECONDS)
        await asyncio.wait_for(_body(send, news), _PATIENCE)
    await send({"type": "http.response.body"})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _answer(send: Send, status: int, text: str = "") -> None:
    await _start(send, status, {"Content-Type": "text/plain", "Cache-Control": "no-store"})
    await send({"type": "http.response.body", "body": text.encode()})


async def _start(send: Send, status: int, headers: dict[str, str]) -> None:
    pairs = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": pairs})


async def _body(send: Send, body: bytes) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": True})


def _headers_of(scope: Scope) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        known, text = name.decode("latin-1").lower(), value.decode("latin-1")
        # HTTP/2 may send each cookie by itself.
        headers[known] = f"{headers[known]}; {text}" if known in headers else text
    return headers


def _allowed_origin(headers: dict[str, str]) -> dict[str, str]:
    """Return what lets the shop's pages read the stream; nobody else's may. Raises Refused."""
    origin, host = headers.get("origin"), headers.get("host", "")
    if origin is None:
        return {}
    with suppress(ValueError):
        page, here = urlsplit(origin), urlsplit(f"//{host}")
        if page.netloc == host:
            return {}
        if settings.LIVE_PORT and (page.hostname, page.port) == (here.hostname, settings.WEB_PORT):
            return {
                "Access-Control-Allow-Origin": origin,
                "Access-Control-Allow-Credentials": "true",
                "Vary": "Origin",
            }
    raise Refused(403)


application = Live()
