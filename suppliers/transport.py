"""One HTTP request to a supplier: a hard deadline, a size cap, errors that say what is known.

A request is sent once: no retry, no redirect, no proxy or credentials from the environment.
`Unreachable` means that nothing was sent; whatever fails later is `OutcomeUnknown`.
Neither errors nor logs ever show the address's query, a form or a header: suppliers want the key
in any of them.
"""

from __future__ import annotations

import atexit
import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any

import httpcore2
import httpx2

from nexotp.lib import deadline
from suppliers.base import OutcomeUnknown, SupplierError, Unreachable
from suppliers.pacing import wait_turn
from suppliers.witness import Exchange, note_request

CONNECT_SECONDS = 3.0
# However long an answer may take, it must not pause for longer.
_STALL_SECONDS = 120.0
TOTAL_SECONDS = 10.0
SMALL_ANSWER = 64 * 1024
LARGE_ANSWER = 32 * 1024 * 1024
#: of what is read item by item and never kept
ENDLESS_ANSWER = 1024 * 1024 * 1024

# Servers drop idle connections after five seconds or more. Dropping ours first means that a
# purchase seldom meets a connection which the other side is just closing.
_KEEPALIVE_SECONDS = 4.0
_CONNECTIONS = 100

_NOTHING_SENT = (
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.UnsupportedProtocol,
)

_clients: dict[str, httpx2.Client] = {}


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: status and body, whatever they mean."""

    status: int
    body: bytes


class OpenAnswer:
    """An answer of which the body is still to come."""

    def __init__(
        self, response: httpx2.Response, host: str, exchange: Exchange | None = None
    ) -> None:
        self.status = response.status_code
        self._response = response
        self._host = host
        self._exchange = exchange
        if exchange is not None:
            exchange.status = response.status_code

    def chunks(self, max_bytes: int) -> Iterator[bytes]:
        """Yield the body as it arrives, once. Raises OutcomeUnknown, also beyond `max_bytes`."""
        failure, count = "", 0
        try:
            for chunk in self._response.iter_raw():
                count += len(chunk)
                if self._exchange is not None:
                    self._exchange.note(chunk)
                if count > max_bytes:
                    failure = f"answer larger than {max_bytes} bytes"
                    break
                yield chunk
        except httpx2.HTTPError as error:
            failure = type(error).__name__
        # Raised out here, as in `send`.
        if failure:
            raise OutcomeUnknown(f"{self._host}: {failure}")

    def close(self) -> None:
        self._response.close()


def get(
    url: str,
    params: Mapping[str, str],
    *,
    headers: Mapping[str, str] | None = None,
    seconds: float = TOTAL_SECONDS,
    max_bytes: int = SMALL_ANSWER,
) -> Answer:
    """Send one GET and read the whole answer within `seconds` and `max_bytes`.

    Raises Unreachable, OutcomeUnknown.
    """
    return send("GET", url, params=params, headers=headers, seconds=seconds, max_bytes=max_bytes)


def send(
    method: str,
    url: str,
    *,
    params: Mapping[str, str] | None = None,
    form: Mapping[str, str] | None = None,
    json: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
    seconds: float = TOTAL_SECONDS,
    max_bytes: int = SMALL_ANSWER,
) -> Answer:
    """Send one request and read the whole answer within `seconds` and `max_bytes`.

    `params` go into the address, `form` or `json` into the body. Raises Unreachable,
    OutcomeUnknown, and OutOfTurn where the caller keeps a pace.
    """
    opened = open_answer(
        method, url, params=params, form=form, json=json, headers=headers, seconds=seconds
    )
    with closing(opened):
        return Answer(opened.status, b"".join(opened.chunks(max_bytes)))


def open_answer(
    method: str,
    url: str,
    *,
    params: Mapping[str, str] | None = None,
    form: Mapping[str, str] | None = None,
    json: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
    seconds: float = TOTAL_SECONDS,
) -> OpenAnswer:
    """Send one request and return the answer as it begins, to be read on this thread and closed.

    `seconds` last until its end. Raises what `send` raises.
    """
    wait_turn()
    failure: SupplierError
    deadline.begin(seconds)
    host = "supplier"
    try:
        address = httpx2.URL(url)
        host = address.host or host
        timeout = httpx2.Timeout(
            min(seconds, _STALL_SECONDS), connect=CONNECT_SECONDS, pool=CONNECT_SECONDS
        )
        client = _client_for(address)
        request = client.build_request(
            method, url, params=params, data=form, json=json, headers=headers, timeout=timeout
        )
        # the resolver would raise this only later, and as no error of the library's
        request.url.raw_host.decode("ascii").encode("idna")
    except (httpx2.InvalidURL, ValueError):
        failure = Unreachable(f"{host}: not an address")
    else:
        try:
            exchange = note_request(method, host)
            return OpenAnswer(client.send(request, stream=True), host, exchange)
        except _NOTHING_SENT as error:
            failure = Unreachable(f"{host}: {type(error).__name__}")
        except httpx2.HTTPError as error:
            failure = OutcomeUnknown(f"{host}: {type(error).__name__}")
    # Raised outside the handlers: the library's error holds the request, and so the key.
    raise failure


def close_clients() -> None:
    """Close every pooled connection; the next request opens new ones."""
    while _clients:
        _clients.popitem()[1].close()


def _client_for(address: httpx2.URL) -> httpx2.Client:
    origin = f"{address.scheme}://{address.netloc.decode('ascii', 'replace')}"
    client = _clients.get(origin)
    if client is None:
        created = _new_client()
        client = _clients.setdefault(origin, created)
        if client is not created:  # another thread was faster
            created.close()
    return client


def _new_client() -> httpx2.Client:
    return httpx2.Client(
        transport=_DeadlineTransport(),
        # compressed answers would escape the size cap
        headers={"Accept-Encoding": "identity", "User-Agent": "NexOTP"},
        # one client serves every account at this address: no cookie may pass between them
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        follow_redirects=False,
        trust_env=False,
    )


class _DeadlineTransport(httpx2.HTTPTransport):
    """HTTPTransport whose network reads and writes share one deadline per request.

    The library offers no other way to hand over a network backend than its pool.
    """

    def __init__(self) -> None:
        self._pool = httpcore2.ConnectionPool(
            ssl_context=httpx2.create_ssl_context(trust_env=False),
            max_connections=_CONNECTIONS,
            max_keepalive_connections=_CONNECTIONS,
            keepalive_expiry=_KEEPALIVE_SECONDS,
            network_backend=deadline.DeadlineBackend(),
        )


class _WithoutQuery(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(
                arg.copy_with(query=None) if isinstance(arg, httpx2.URL) else arg
                for arg in record.args
            )
        return True


logging.getLogger("httpx2").addFilter(_WithoutQuery())
# Below INFO the engine logs whole headers, among them a redirect's Location with our own query.
logging.getLogger("httpcore2").setLevel(logging.INFO)

# Two processes must never write to the same socket: a forked child starts with none.
os.register_at_fork(after_in_child=_clients.clear)
atexit.register(close_clients)
