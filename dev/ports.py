"""Which loopback ports a run may take."""

from __future__ import annotations

import socket

from dev.processes import DevError


def check_free(port: int) -> None:
    """Raises DevError, naming a free pair, when the port or the one after it is taken."""
    for number in (port, port + 1):
        if not is_free(number):
            free = next(p for p in range(port + 10, 65000, 10) if is_free(p) and is_free(p + 1))
            raise DevError(
                f"Port {number} is in use (the shop takes PORT, the supplier simulator PORT+1)."
                f"\nTry: make run PORT={free} NEXOTP_DATA=.data-{free}"
            )


def free_pair() -> int:
    """A port that is free, as the one after it is: a shop takes two."""
    return next(port for port in range(8600, 65000, 10) if is_free(port) and is_free(port + 1))


def parse(text: str) -> int:
    if not text.isdigit() or not 1024 <= int(text) < 65535:
        raise DevError(f"PORT={text} is not a port: choose a number from 1024 to 65534.")
    return int(text)


def free_port() -> int:
    """A port that nobody has at the moment."""
    with socket.socket() as candidate:
        candidate.bind(("127.0.0.1", 0))
        return int(candidate.getsockname()[1])


def is_free(port: int) -> bool:
    with socket.socket() as candidate:
        candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            candidate.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
