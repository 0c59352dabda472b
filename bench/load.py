"""A load generator that costs little: prepared bytes over kept-alive sockets, one thread each."""

import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Load:
    """What a run of the generator saw; latencies in milliseconds."""

    per_second: float
    p50: float
    p99: float
    failed: int


def request_bytes(
    method: str, path: str, *, headers: dict[str, str] | None = None, body: bytes = b""
) -> bytes:
    """Return a whole HTTP/1.1 request."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


def run(port: int, make: Callable[[int, int], bytes], *, connections: int, total: int) -> Load:
    """Send `total` requests over so many connections; `make(connection, number)` gives each."""
    share = total // connections
    took: list[list[float]] = [[] for _ in range(connections)]
    failures = [0] * connections
    ready = threading.Barrier(connections + 1)

    def work(number: int) -> None:
        requests = [make(number, each) for each in range(share)]
        with socket.create_connection(("127.0.0.1", port)) as link:
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            ready.wait()
            for request in requests:
                begun = time.perf_counter()
                link.sendall(request)
                failures[number] += _status(link) != b"200"
                took[number].append(time.perf_counter() - begun)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(connections)]
    for thread in threads:
        thread.start()
    ready.wait()
    begun = time.perf_counter()
    for thread in threads:
        thread.join()
    elapsed = time.perf_counter() - begun
    times = sorted(each * 1000 for one in took for each in one)
    return Load(
        per_second=len(times) / elapsed,
        p50=times[len(times) // 2],
        p99=times[int(len(times) * 0.99)],
        failed=sum(failures),
    )


def _status(link: socket.socket) -> bytes:
    """Read one answer to its end and return its status."""
    received = link.recv(65536)
    while (end := received.find(b"\r\n\r\n")) < 0:
        received += link.recv(65536)
    _before, _name, rest = received[:end].lower().partition(b"content-length:")
    if rest:
        missing = int(rest.split(b"\r\n", 1)[0]) - (len(received) - end - 4)
        while missing > 0:
            missing -= len(link.recv(65536))
    else:
        while not received.endswith(b"0\r\n\r\n"):
            received += link.recv(65536)
    return received[9:12]
