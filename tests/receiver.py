"""A customer's server on loopback, which checks every signature as somebody else wrote it."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson
from standardwebhooks import Webhook


@dataclass(frozen=True)
class Received:
    """One request, and whether the oracle took its signature for good."""

    path: str
    headers: dict[str, str]
    body: bytes
    at: float
    is_genuine: bool

    @property
    def event(self) -> dict[str, Any]:
        found: dict[str, Any] = orjson.loads(self.body)
        return found


Answer = Callable[[BaseHTTPRequestHandler], None]


def answer(status: int = 200, body: bytes = b"ok", **headers: str) -> Answer:
    """Return what answers so; headers' names may be written with underscores."""

    def send(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return send


@dataclass
class Receiver:
    """What came in, by path; `answers` say what each path gives back, 200 unless told."""

    base_url: str
    requests: list[Received] = field(default_factory=list)
    secrets: dict[str, list[str]] = field(default_factory=dict)
    answers: dict[str, Answer] = field(default_factory=dict)

    def url(self, path: str = "/hook") -> str:
        return self.base_url + path

    def trusts(self, path: str, *secrets: str) -> None:
        self.secrets.setdefault(path, []).extend(secrets)

    def events(self, path: str = "/hook") -> list[dict[str, Any]]:
        return [each.event for each in self.requests if each.path == path]

    def types(self, path: str = "/hook") -> list[str]:
        return [event["type"] for event in self.events(path)]

    def take(self, path: str, headers: dict[str, str], body: bytes) -> None:
        self.requests.append(
            Received(path, headers, body, time.time(), self._is_genuine(path, headers, body))
        )

    def _is_genuine(self, path: str, headers: dict[str, str], body: bytes) -> bool:
        for secret in self.secrets.get(path, []):
            with suppress(Exception):
                Webhook(secret).verify(body, headers)
                return True
        return False


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, *_: object) -> None:
        """Whoever hung up on us is somebody whom a test made impatient."""


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Run a server until the block ends; then every signature it got must have been genuine."""
    receiver = Receiver("")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            body = self.rfile.read(length)
            if len(body) < length:
                return  # cut off by a sender that died
            receiver.take(self.path, {n.lower(): v for n, v in self.headers.items()}, body)
            receiver.answers.get(self.path, answer())(self)

        def log_message(self, *_: object) -> None:
            pass

    server = _Server(("127.0.0.1", 0), Handler)
    receiver.base_url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    forged = [each.headers for each in receiver.requests if not each.is_genuine]
    assert forged == []
