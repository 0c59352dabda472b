"""Servers that do to a connection whatever a test wants, and count who came."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

Talk = Callable[[socket.socket], None]


@dataclass
class RawServer:
    """A listening socket; `talk` is what each connection gets to hear."""

    port: int
    talk: Talk
    context: ssl.SSLContext | None = None
    reads_first: bool = True
    connections: int = 0
    heard: list[bytes] = field(default_factory=list)


@contextmanager
def listening(talk: Talk, *, address: str = "127.0.0.1") -> Iterator[RawServer]:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, 0))
        listener.listen(64)
        server = RawServer(listener.getsockname()[1], talk)
        thread = threading.Thread(target=_accept, args=(listener, server), daemon=True)
        thread.start()
        yield server
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)


def _accept(listener: socket.socket, server: RawServer) -> None:
    while True:
        try:
            connection, _peer = listener.accept()
        except OSError:
            return
        server.connections += 1
        threading.Thread(target=_talk, args=(connection, server), daemon=True).start()


def _talk(connection: socket.socket, server: RawServer) -> None:
    with suppress(OSError), _secured(connection, server) as secured:
        if server.reads_first:
            server.heard.append(_read_request(secured))
        server.talk(secured)


def _secured(connection: socket.socket, server: RawServer) -> socket.socket:
    if server.context is None:
        return connection
    return server.context.wrap_socket(connection, server_side=True)


def _read_request(connection: socket.socket) -> bytes:
    """Read one request to its end, by its Content-Length."""
    received = b""
    while b"\r\n\r\n" not in received:
        if not (chunk := connection.recv(65536)):
            return received
        received += chunk
    head, _, rest = received.partition(b"\r\n\r\n")
    _before, _name, length = head.lower().partition(b"content-length: ")
    missing = int(length.split(b"\r\n")[0]) - len(rest)
    while missing > 0 and (chunk := connection.recv(65536)):
        received += chunk
        missing -= len(chunk)
    return received


def says(text: bytes) -> Talk:
    return lambda connection: connection.sendall(text)
