"""Letting requests wait for their turn, where whoever calls has something to say about it.

Adapters and transport know nothing of buckets: for the time of a call, the shop hands in what
waits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from suppliers.base import RefusalReason, Refused

_waiting: ContextVar[Callable[[], None] | None] = ContextVar("waiting", default=None)


class OutOfTurn(Refused):
    """We would have asked faster than the supplier allows, so it was not asked at all."""

    def __init__(self) -> None:
        super().__init__(RefusalReason.BUSY, "not asked: faster than it allows")


@contextmanager
def taking_turns(wait: Callable[[], None]) -> Iterator[None]:
    """Call `wait` before each request of this thread; it may raise OutOfTurn."""
    before = _waiting.set(wait)
    try:
        yield
    finally:
        _waiting.reset(before)


def wait_turn() -> None:
    """Wait until a request may be sent. Raises OutOfTurn."""
    wait = _waiting.get()
    if wait is not None:
        wait()
