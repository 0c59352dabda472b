"""A port that leads to the tests' Redis, wherever that is, and can be opened late."""

import select
import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from django.conf import settings


def _redis() -> socket.socket:
    address = urlsplit(settings.REDIS_URL)
    if address.scheme == "unix":
        found = socket.socket(socket.AF_UNIX)
        found.connect(address.path)
        return found
    return socket.create_connection((address.hostname or "127.0.0.1", address.port or 6379))


class _Passing(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        with _redis() as redis:
            other = {self.request: redis, redis: self.request}
            while True:
                readable, _, _ = select.select([*other], [], [])
                for each in readable:
                    if not (data := each.recv(65536)):
                        return
                    other[each].sendall(data)


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False


@contextmanager
def relaying(port: int) -> Iterator[None]:
    """Pass on what comes to this port of loopback, until the block ends."""
    with _Server(("127.0.0.1", port), _Passing) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield
        server.shutdown()
        thread.join()
