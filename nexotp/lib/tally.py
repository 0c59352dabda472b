"""Counting things by name in Redis: a number each, until somebody writes them down for good."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import redis

# Counts wait here; whoever folds them takes them all away at once, and reads on in the other.
WAITING, TAKEN = "tally", "tally:taken"
_LOCK = "tally:lock"
# A folder that has died is followed by another after so many seconds.
_LOCK_SECONDS = 120
# Counts that nobody fetched for so long, in seconds, are forgotten.
KEPT_SECONDS = 7 * 24 * 3600


class AlreadyFolding(Exception):
    """Somebody else is writing the counts down."""


class Tally:
    """The counts that are still in Redis. Every method raises RedisError while it is away."""

    def __init__(self, client: redis.Redis) -> None:
        self._client: Any = client

    def counts(self, names: Sequence[str]) -> list[int]:
        """Return the count under each name."""
        pipe = self._client.pipeline(transaction=True)
        pipe.hmget(WAITING, names)
        pipe.hmget(TAKEN, names)
        return [
            int(waiting or 0) + int(taken or 0)
            for waiting, taken in zip(*pipe.execute(), strict=True)
        ]

    @contextmanager
    def taken(self) -> Iterator[dict[str, int]]:
        """Give all counts to the block, and forget them once it has ended well.

        A block that failed leaves them for the next; one whose process dies between its commit
        and its end has them counted twice. Raises AlreadyFolding.
        """
        if not self._client.set(_LOCK, 1, nx=True, ex=_LOCK_SECONDS):
            raise AlreadyFolding
        try:
            # What an earlier block left behind comes first; the rest waits for the next time.
            if not self._client.exists(TAKEN) and self._client.exists(WAITING):
                self._client.rename(WAITING, TAKEN)
            counts = self._client.hgetall(TAKEN)
            yield {str(name, "ascii"): int(count) for name, count in counts.items()}
            self._client.delete(TAKEN)
        finally:
            self._client.delete(_LOCK)
