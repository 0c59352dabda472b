"""Asking suppliers how open orders stand: one request for all of them where there is a list."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

import structlog
from django.db.models import Q

from catalog.models import Supplier
from catalog.pace import paced
from nexotp.lib.db import release_connection
from orders.actions.crowd import AT_ONCE, do_together
from orders.actions.receiving import digest, record_activation
from orders.models import AttemptQuerySet, Order, PurchaseAttempt
from orders.states import Status
from suppliers.base import (
    Activation,
    ActivationState,
    SupplierError,
)
from suppliers.base import Supplier as SupplierClient
from suppliers.pacing import OutOfTurn

logger = structlog.get_logger(__name__)

# Longer than a poll may take: its list, and single reads that are begun within _READING_SECONDS.
_POLL_LEASE = timedelta(seconds=40)
_READING_SECONDS = 15.0
# A supplier that did not answer, or asks us to slow down, is left alone for this long, twice as
# long each time, or its timeouts fill the workers; codes must not wait longer than the last.
_FAILURE_PAUSE = timedelta(seconds=5)
_LONGEST_PAUSE = timedelta(seconds=40)
# A number bought while the list was being read may be missing from it.
_LIST_DELAY = timedelta(seconds=5)
# Missing from the list is only a hint: so many are confirmed by a single read in one poll, …
_MOST_SINGLE_READS = 20
# … each at most this often.
_SINGLE_READ_PAUSE = timedelta(seconds=20)
# Without a list, an order of this age is asked about this often.
_CADENCE = [
    (timedelta(minutes=1), timedelta(seconds=2)),
    (timedelta(minutes=5), timedelta(seconds=5)),
    (timedelta.max, timedelta(seconds=10)),
]

_CLOSED = {ActivationState.CANCELLED, ActivationState.CLOSED, ActivationState.FINISHED}


@dataclass(slots=True)
class PollResult:
    """What one poll did; `requests` counts calls to the supplier."""

    open_count: int = 0
    changed: int = 0
    requests: int = 0


@dataclass(frozen=True, slots=True)
class _Followed:
    """What we know of one open activation."""

    attempt_id: int
    reference: str
    seen: str
    sent_at: datetime
    checked_at: datetime | None
    hinted_at: datetime | None


def poll_supplier(supplier: Supplier, *, now: datetime) -> PollResult | None:
    """Ask a supplier for all open orders at once and record what changed.

    Returns None when somebody else polls it at this moment. Never raises for a supplier's faults:
    the next poll is a few seconds away. The breaker is left alone: a supplier that lists well may
    still sell badly.
    """
    free = Q(poll_lease_until=None) | Q(poll_lease_until__lte=now)
    lease = now + _POLL_LEASE
    if not Supplier.objects.filter(free, pk=supplier.pk).update(poll_lease_until=lease):
        return None
    after: dict[str, datetime | int | None] = {"poll_lease_until": None, "poll_failure_count": 0}
    try:
        return _poll(supplier, now=now)
    except SupplierError as failure:
        count = supplier.poll_failure_count + 1
        pause = _pause_after(failure, count)
        logger.warning(
            "poll failed", supplier=supplier.code, error=str(failure), pause=pause.total_seconds()
        )
        after = {"poll_lease_until": now + pause, "poll_failure_count": count}
        return PollResult(requests=1)
    finally:
        # Unless it took so long that the lease is somebody else's by now.
        Supplier.objects.filter(pk=supplier.pk, poll_lease_until=lease).update(**after)


def _pause_after(failure: SupplierError, count: int) -> timedelta:
    if isinstance(failure, OutOfTurn):
        return timedelta(0)
    doubled: timedelta = _FAILURE_PAUSE * 2 ** min(count - 1, 10)
    return min(doubled, _LONGEST_PAUSE)


def note_push(supplier: Supplier, references: Sequence[str], *, now: datetime) -> bool:
    """Remember that a supplier says something came to these activations, which is then read.

    Nothing of it is believed. Returns whether there is anything to read that was not known of.
    """
    hinted = PurchaseAttempt.objects.open_at(supplier).filter(
        reference__in=references, hinted_at=None
    )
    return bool(hinted.update(hinted_at=now))


def read_hinted(supplier: Supplier, *, now: datetime) -> PollResult:
    """Read what the supplier has pushed about, one by one; each hint counts once.

    What cannot be read now comes with the next poll, which is a few seconds away.
    """
    result = PollResult()
    hinted = PurchaseAttempt.objects.open_at(supplier).filter(hinted_at__isnull=False)
    try:
        client = supplier.client()
        _read_singly(client, _followed(hinted[:_MOST_SINGLE_READS]), result, now=now)
    except SupplierError as failure:
        logger.warning("hints not read", supplier=supplier.code, error=str(failure))
    return result


def _poll(supplier: Supplier, *, now: datetime) -> PollResult:
    if not PurchaseAttempt.objects.open_at(supplier).exists():
        return PollResult()
    client = supplier.client()
    if client.has_active_list:
        return _poll_list(supplier, client, now=now)
    return _poll_each(supplier, client, now=now)


def _poll_list(supplier: Supplier, client: SupplierClient, *, now: datetime) -> PollResult:
    release_connection()
    with paced(client):
        listed = {activation.reference: activation for activation in client.active()}
    followed = _followed_at(supplier)
    result = PollResult(open_count=len(followed), requests=1)
    missing, listed_hints = [], list[int]()
    for one in followed:
        activation = listed.get(one.reference)
        if activation is not None:
            if digest(activation) != one.seen:
                result.changed += _take(one, activation, now=now)
            listed_hints += [one.attempt_id] if one.hinted_at else []
        elif one.sent_at < now - _LIST_DELAY and _rested(one, _SINGLE_READ_PAUSE, now):
            missing.append(one)
    if listed_hints:
        PurchaseAttempt.objects.filter(pk__in=listed_hints).update(hinted_at=None)
    missing.sort(key=lambda one: one.checked_at or one.sent_at)
    _read_singly(client, missing[:_MOST_SINGLE_READS], result, now=now)
    return result


def _poll_each(supplier: Supplier, client: SupplierClient, *, now: datetime) -> PollResult:
    followed = _followed_at(supplier)
    due = [one for one in followed if _rested(one, _pause_at_age(now - one.sent_at), now)]
    due.sort(key=lambda one: one.checked_at or one.sent_at)
    result = PollResult(open_count=len(followed))
    _read_singly(client, due, result, now=now)
    return result


def _followed_at(supplier: Supplier) -> list[_Followed]:
    return _followed(PurchaseAttempt.objects.open_at(supplier))


def _followed(attempts: AttemptQuerySet) -> list[_Followed]:
    fields = attempts.values_list("pk", "reference", "seen", "sent_at", "checked_at", "hinted_at")
    return [_Followed(*values) for values in fields]


def _rested(one: _Followed, pause: timedelta, now: datetime) -> bool:
    if one.hinted_at is not None:
        return True
    return one.checked_at is None or one.checked_at <= now - pause


def _pause_at_age(age: timedelta) -> timedelta:
    return next(pause for oldest, pause in _CADENCE if age <= oldest)


def _read_singly(
    client: SupplierClient, due: list[_Followed], result: PollResult, *, now: datetime
) -> None:
    """Read activations one by one, several at a time, as many as time allows.

    Raises SupplierError.
    """
    ends_at = time.monotonic() + _READING_SECONDS
    remaining = iter(due)
    while time.monotonic() < ends_at and (batch := list(islice(remaining, AT_ONCE))):
        PurchaseAttempt.objects.filter(pk__in=[one.attempt_id for one in batch]).update(
            checked_at=now, hinted_at=None
        )
        result.requests += len(batch)
        result.changed += sum(do_together(batch, _reader(client, now=now)))


def _reader(client: SupplierClient, *, now: datetime) -> Callable[[_Followed], bool]:
    def read(one: _Followed) -> bool:
        with paced(client):
            activation = client.status(one.reference, now=now)
        is_news = activation.state in _CLOSED or digest(activation) != one.seen
        return is_news and _take(one, activation, now=now)

    return read


def _take(one: _Followed, activation: Activation, *, now: datetime) -> bool:
    """Record how an activation stands; whether there was anything new.

    One order's trouble must not keep the others from their codes.
    """
    try:
        if activation.messages or activation.state not in _CLOSED:
            return record_activation(one.attempt_id, activation, read_at=now, now=now)
        # Closed upstream before its time: closing asks again and settles.
        return bool(
            Order.objects.filter(attempts=one.attempt_id, status=Status.WAITING).update(
                next_action_at=now
            )
        )
    except Exception:
        logger.exception("activation could not be recorded", attempt=one.attempt_id)
        return False
