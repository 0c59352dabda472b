"""Which loopback ports a run may take."""

from __future__ import annotations

import socket

from dev.processes import DevError

# The shop, the supplier simulator, the live process, and the simulated payment gateway.
NEEDED = 4
GATEWAY = 3


def check_free(port: int) -> None:
    """Raises DevError, naming where there is room, when one of the ports needed is taken."""
    for number in range(port, port + NEEDED):
        if not is_free(number):
            free = next(first for first in range(port + 10, 65000, 10) if has_room(first))
            raise DevError(
                f"Port {number} is in use (the shop takes PORT, the supplier simulator PORT+1,"
                f" live updates PORT+2, the payment gateway PORT+{GATEWAY})."
                f"\nTry: make run PORT={free} NEXOTP_DATA=.data-{free}"
            )


def has_room(port: int) -> bool:
    return all(is_free(number) for number in range(port, port + NEEDED))


def free_place() -> int:
    """A port that has room for a shop."""
    return next(port for port in range(8600, 65000, 10) if has_room(port))


def parse(text: str) -> int:
    if not text.isdigit() or not 1024 <= int(text) <= 65535 - NEEDED:
        raise DevError(f"PORT={text} is not a port: choose a number from 1024 to 65532.")
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
