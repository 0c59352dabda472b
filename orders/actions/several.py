"""Buying several numbers by one confirmation: each an order, with a key derived from its key.

Asked again, every one that was bought is found again, so that there are never more than were
asked for, however often and from wherever the confirmation is sent.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from accounts.models import User
from nexotp.lib.errors import Problem
from orders.actions.crowd import do_together
from orders.actions.placing import (
    IdempotencyInProgress,
    IdempotencyKeyReused,
    OrderRequest,
    Placement,
    place_order,
)

MOST_AT_ONCE = 10


@dataclass(frozen=True, slots=True)
class BatchOutcome:
    """What became of one of several: placed now or before, still being placed, or why not."""

    placement: Placement | None = None
    problem: Problem | None = None

    @property
    def is_new(self) -> bool:
        return self.placement is not None and not self.placement.is_replay

    @property
    def is_taken(self) -> bool:
        """Whether an order stands for it."""
        if self.placement is not None:
            return True
        return isinstance(self.problem, IdempotencyInProgress | IdempotencyKeyReused)


def keys_of(key: str, count: int) -> list[str]:
    """Return the idempotency keys of so many orders; the first is the confirmation's own."""
    return [key, *(f"{key}_{number}" for number in range(2, count + 1))]


def place_several(
    request: OrderRequest, *, count: int, user: User, mode: str, now: datetime
) -> list[BatchOutcome]:
    """Place so many orders at the same time; each succeeds or fails for itself.

    `request.key` is the confirmation's key. Raises nothing that `place_order` raises: it is told
    in the outcomes.
    """
    assert request.key, "without a key, a second click would buy again"
    assert 1 <= count <= MOST_AT_ONCE, count
    keys = keys_of(request.key, count)
    _ = user.plan  # read once, before the threads share the account
    return do_together(keys, _placing(request, user=user, mode=mode, now=now))


def _placing(
    request: OrderRequest, *, user: User, mode: str, now: datetime
) -> Callable[[str], BatchOutcome]:
    def place(key: str) -> BatchOutcome:
        try:
            placement = place_order(replace(request, key=key), user=user, mode=mode, now=now)
        except Problem as problem:
            return BatchOutcome(problem=problem)
        return BatchOutcome(placement=placement)

    return place
