"""One deadline for everything that an HTTP request waits for.

The library's own timeouts are per read, so a server sending a byte now and then could hold a
worker for ever.
"""

import threading
import time
from collections.abc import Iterable
from typing import Any

import httpcore2

_request = threading.local()


def begin(seconds: float) -> None:
    """Start the clock for the request that this thread is about to make."""
    _request.ends_at = time.monotonic() + seconds


def time_left(
    timeout: float | None = None,
    late: type[httpcore2.TimeoutException] = httpcore2.ConnectTimeout,
) -> float:
    """Return the seconds left, at most `timeout`; raises `late` when there are none."""
    left: float = _request.ends_at - time.monotonic()
    if left <= 0:
        raise late
    return left if timeout is None else min(left, timeout)


class DeadlineBackend(httpcore2.SyncBackend):
    """Opens connections that share the deadline of the thread's request."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        timeout = time_left(timeout, httpcore2.ConnectTimeout)
        stream = super().connect_tcp(host, port, timeout, local_address, socket_options)
        return DeadlineStream(stream)


class DeadlineStream(httpcore2.NetworkStream):
    """A connection; whichever request uses it brings its own deadline."""

    def __init__(self, stream: httpcore2.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, time_left(timeout, httpcore2.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, time_left(timeout, httpcore2.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: Any,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        timeout = time_left(timeout, httpcore2.ConnectTimeout)
        return DeadlineStream(self._stream.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
