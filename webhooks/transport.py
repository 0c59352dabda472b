"""The only place that speaks HTTP to customers' servers, and so the one that guards our network.

A name is resolved once, in bounded time; every address it has is checked, and the connection is
made to one that was checked. Name, `Host` and certificate stay those of the URL. No redirect is
followed, no proxy and no credential comes from the environment, nothing is decompressed, little
is read, and one deadline holds for everything together.
"""

import atexit
import os
import re
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import Any
from urllib.parse import SplitResult, urlsplit

import httpcore2
import httpx2
from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from nexotp.lib import deadline
from webhooks.addresses import is_loopback, is_public
from webhooks.states import Failure

TOTAL_SECONDS = 10.0
_RESOLVE_SECONDS = 5.0
_CONNECT_SECONDS = 5.0
# Of a name with more addresses, the first so many are tried.
_MOST_ADDRESSES = 3
# What is kept of an answer, and what is read of it to leave the connection usable.
KEPT_BYTES = 1024
_READ_BYTES = 16 * 1024
LONGEST_URL = 2_000
# Servers drop idle connections after five seconds or more; ours go first.
_KEEPALIVE_SECONDS = 4.0
_KEPT_CONNECTIONS = 256

_NAME = re.compile(
    r"(?=.{1,253}\Z)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?"
)
_LOCAL_NAMES = {"localhost", "::1"}


class UrlRefused(Exception):
    """Nothing is ever sent to this URL."""

    def __init__(self, code: str, message: "str | Promise") -> None:
        self.code = code
        self.message = message
        super().__init__(code)


@dataclass(frozen=True, slots=True)
class Destination:
    """A URL taken apart, once; nobody reads the text again."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def url(self) -> httpcore2.URL:
        return httpcore2.URL(
            scheme=self.scheme.encode(),
            host=self.host.encode(),
            port=self.port,
            target=self.target.encode(),
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a request: a status, or why there is none."""

    status: int | None = None
    failure: Failure | None = None
    body: bytes = b""
    retry_after: str = ""
    seconds: float = 0.0


def post(url: str, headers: dict[str, str], body: bytes) -> Answer:
    """Send one POST; whatever goes wrong is in the answer."""
    started = time.monotonic()
    deadline.begin(TOTAL_SECONDS)
    status, failure, retry_after, head = None, None, "", bytearray()
    try:
        with _exchange(parse(url), headers, body) as response:
            status, retry_after = response.status, _header(response, b"retry-after")
            _read_head(response, head)
    except UrlRefused:
        failure = Failure.ADDRESS
    except _NoConnection as reason:
        failure = reason.failure
    except httpcore2.TimeoutException:
        failure = Failure.TIMEOUT
    except httpcore2.ConnectError:
        failure = Failure.CONNECT
    except (httpcore2.NetworkError, httpcore2.ProtocolError):
        failure = Failure.BROKEN
    if status is not None:
        # The answer has been given; that the rest of it broke off changes nothing.
        failure = None if 200 <= status < 300 else Failure.STATUS
    return Answer(status, failure, bytes(head), retry_after, time.monotonic() - started)


def check(url: str) -> None:
    """Say early what sending would find out: a bad URL, a name that does not lead outside.

    Raises UrlRefused.
    """
    destination = parse(url)
    deadline.begin(_RESOLVE_SECONDS)
    try:
        _vetted(destination.host, destination.port)
    except NotResolved as error:
        raise UrlRefused("unresolvable", _("This host name leads to no address.")) from error
    except NotPublic as error:
        raise UrlRefused("not_public", _("This address is not in the public internet.")) from error


def parse(url: str) -> Destination:
    """Take a URL apart, strictly: what two readers could read in two ways is refused.

    Raises UrlRefused.
    """
    if len(url) > LONGEST_URL:
        raise UrlRefused("too_long", _("At most %(most)d characters.") % {"most": LONGEST_URL})
    if not url.lower().startswith(_schemes()):
        raise UrlRefused("not_https", _("This must be an https:// URL."))
    if not url.isascii() or re.search(r"[\x00-\x20\x7f\\#]", url):
        raise _invalid()
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise _invalid() from error
    if "@" in parts.netloc:
        raise UrlRefused("has_credentials", _("User name and password do not belong in the URL."))
    _check_host(host)
    return _destination(parts, host, port)


def _destination(parts: SplitResult, host: str, port: int | None) -> Destination:
    is_local = settings.WEBHOOK_ALLOW_LOOPBACK and _is_local(host)
    if parts.scheme != "https" and not is_local:
        raise UrlRefused("not_https", _("This must be an https:// URL."))
    if port == 0:
        raise _invalid()
    if port is None:
        port = 443 if parts.scheme == "https" else 80
    if not is_local and port not in settings.WEBHOOK_PORTS:
        raise UrlRefused("port_not_allowed", _("This port is not allowed. Use 443."))
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Destination(parts.scheme, host, port, target)


def _schemes() -> tuple[str, ...]:
    return ("https://", "http://") if settings.WEBHOOK_ALLOW_LOOPBACK else ("https://",)


def _invalid() -> UrlRefused:
    return UrlRefused("invalid", _("This is not a URL that we can send to."))


def _check_host(host: str) -> None:
    """Take a name with a dot, or an address in its one plain form."""
    if _NAME.fullmatch(host) or (settings.WEBHOOK_ALLOW_LOOPBACK and _is_local(host)):
        return
    try:
        plain = ip_address(host)
    except ValueError as error:
        raise _invalid() from error
    if isinstance(plain, IPv6Address) and plain.scope_id is not None:
        raise _invalid()


def _is_local(host: str) -> bool:
    if host in _LOCAL_NAMES:
        return True
    with suppress(ValueError):
        return is_loopback(host)
    return False


class _NoConnection(httpcore2.ConnectError):
    """A connection that was not made, for a reason we know."""

    failure = Failure.CONNECT


class NotResolved(_NoConnection):
    failure = Failure.DNS


class NotPublic(_NoConnection):
    failure = Failure.ADDRESS


class TlsFailed(_NoConnection):
    failure = Failure.TLS


def _vetted(host: str, port: int) -> list[str]:
    """Return the addresses of a host, all of which may be sent to.

    Raises NotResolved, and NotPublic even where only one of several is not.
    """
    addresses = resolve(host, port)
    if not addresses:
        raise NotResolved
    if not all(_may_be_reached(address) for address in addresses):
        raise NotPublic
    return addresses


def _may_be_reached(address: str) -> bool:
    if settings.WEBHOOK_ALLOW_LOOPBACK and is_loopback(address):
        return True
    return is_public(address)


def resolve(host: str, port: int) -> list[str]:
    """Return every address of a host, asked once. Raises NotResolved, also when it takes long."""
    with suppress(ValueError):
        return [str(ip_address(host))]
    answer: Future[list[str]] = Future()
    # The system's resolver cannot be told to hurry, so it is left behind when time is up.
    threading.Thread(target=_look_up, args=(host, port, answer), daemon=True).start()
    try:
        return answer.result(timeout=deadline.time_left(_RESOLVE_SECONDS))
    except (OSError, UnicodeError, TimeoutError) as error:
        raise NotResolved from error


def _look_up(host: str, port: int, answer: "Future[list[str]]") -> None:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except Exception as error:
        answer.set_exception(error)
    else:
        answer.set_result(list(dict.fromkeys(str(each[4][0]) for each in found)))


class _GuardedBackend(deadline.DeadlineBackend):
    """Resolves, checks, and connects to what was checked."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        _thread.is_fresh = True
        failure: Exception = NotResolved()
        for address in _vetted(host, port)[:_MOST_ADDRESSES]:
            try:
                stream = super().connect_tcp(
                    address, port, _CONNECT_SECONDS, local_address, socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
            else:
                return _GuardedStream(stream)
        raise failure


class _GuardedStream(deadline.DeadlineStream):
    def start_tls(
        self,
        ssl_context: Any,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        try:
            return super().start_tls(ssl_context, server_hostname, timeout)
        except httpcore2.ConnectError as error:
            raise TlsFailed from error


_thread = threading.local()
_pools: list[httpcore2.ConnectionPool] = []
_opening = threading.Lock()


@contextmanager
def _exchange(
    destination: Destination, headers: dict[str, str], body: bytes
) -> Iterator[httpcore2.Response]:
    """Send a request and give its answer to read; what is read to its end leaves a connection."""
    sent = {
        "Host": _host_header(destination),
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "Accept-Encoding": "identity",
        "User-Agent": "NexOTP-Webhooks/1",
        **headers,
    }
    request = httpcore2.Request("POST", destination.url, headers=[*sent.items()], content=body)
    response = _send(request)
    try:
        yield response
    finally:
        response.close()


def _send(request: httpcore2.Request) -> httpcore2.Response:
    """Send, and once more where a kept connection turns out to have been closed meanwhile."""
    while True:
        _thread.is_fresh = False
        try:
            return _pool().handle_request(request)
        except (httpcore2.RemoteProtocolError, httpcore2.ReadError, httpcore2.WriteError):
            if _thread.is_fresh:
                raise


def _pool() -> httpcore2.ConnectionPool:
    with _opening:
        if not _pools:
            _pools.append(
                httpcore2.ConnectionPool(
                    ssl_context=httpx2.create_ssl_context(trust_env=False),
                    max_connections=None,
                    max_keepalive_connections=_KEPT_CONNECTIONS,
                    keepalive_expiry=_KEEPALIVE_SECONDS,
                    network_backend=_GuardedBackend(),
                )
            )
        return _pools[0]


def close_connections() -> None:
    """Close every kept connection; the next request opens new ones."""
    while _pools:
        _pools.pop().close()


def _host_header(destination: Destination) -> str:
    host = f"[{destination.host}]" if ":" in destination.host else destination.host
    usual = 443 if destination.scheme == "https" else 80
    return host if destination.port == usual else f"{host}:{destination.port}"


def _header(response: httpcore2.Response, wanted: bytes) -> str:
    found = (value for name, value in response.headers if name.lower() == wanted)
    return next(found, b"").decode("latin-1")


def _read_head(response: httpcore2.Response, head: bytearray) -> None:
    """Keep the beginning of an answer; of a long one the rest is left unread."""
    read = 0
    for chunk in response.iter_stream():
        head += chunk[: KEPT_BYTES - len(head)]
        read += len(chunk)
        if read > _READ_BYTES:
            return


# Two processes must never write to the same socket: a forked child starts with none.
os.register_at_fork(after_in_child=_pools.clear)
atexit.register(close_connections)
