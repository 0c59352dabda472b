"""What became of attempts: when to try again, and how their endpoints stand.

Endpoints are locked before deliveries, as by whoever claims, and in the order of their numbers.
"""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

import structlog
from django.db import connection, transaction

from webhooks.actions.managing import drop_queue
from webhooks.models import Delivery, DeliveryAttempt, Endpoint
from webhooks.states import DeliveryState, DisabledBecause, EndpointState
from webhooks.transport import Answer

logger = structlog.get_logger(__name__)

# How long after a failure the next attempt is made: tuned to a code, which is worth a lot for
# minutes and little the next day.
SCHEDULE = [
    *(timedelta(seconds=5), timedelta(seconds=20), timedelta(minutes=1), timedelta(minutes=5)),
    *(timedelta(minutes=30), timedelta(hours=2), timedelta(hours=5), timedelta(hours=10)),
    timedelta(hours=24),
]
JITTER = 0.15
# An endpoint that does nothing but fail is given up after this long.
FAILING_LIMIT = timedelta(days=5)
# An answer that asks for more patience than this is not obeyed.
_LONGEST_REST = timedelta(hours=1)
_ASKS_FOR_REST = {429, 503}
_GONE = 410


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request that has ended."""

    delivery: Delivery
    sent_at: datetime
    signature: str
    answer: Answer

    @property
    def succeeded(self) -> bool:
        return self.answer.failure is None

    @property
    def was_last(self) -> bool:
        return self.delivery.failure_count >= len(SCHEDULE)

    def rest(self, now: datetime) -> timedelta:
        """How long the receiver asked to be left alone, if it did."""
        if self.answer.status not in _ASKS_FOR_REST:
            return timedelta()
        return min(_retry_after(self.answer.retry_after, now), _LONGEST_REST)

    def next_at(self, now: datetime) -> datetime:
        """When to try again after a failure that was not the last."""
        pause = SCHEDULE[self.delivery.failure_count]
        jittered = pause * random.uniform(1 - JITTER, 1 + JITTER)
        return now + max(jittered, self.rest(now))


def record(attempts: Sequence[Attempt], *, now: datetime) -> None:
    """Record attempts together: the log, the deliveries, the endpoints that changed."""
    if not attempts:
        return
    with transaction.atomic():
        closed = _note_health(attempts, now=now)
        _settle(attempts, closed, now=now)
        _log(attempts)


def _note_health(attempts: Sequence[Attempt], *, now: datetime) -> set[int]:
    """Record which endpoints answer and which do not; return those that take nothing more."""
    changing = sorted({each.delivery.endpoint_id for each in attempts if _is_news(each, now)})
    if not changing:
        return set()
    locked = Endpoint.objects.filter(pk__in=changing).order_by("pk")
    endpoints = {each.pk: each for each in locked.select_for_update(no_key=True)}
    for attempt in attempts:
        if (endpoint := endpoints.get(attempt.delivery.endpoint_id)) is not None:
            _judge(endpoint, attempt, now=now)
    closing = []
    for endpoint in endpoints.values():
        endpoint.save(update_fields=_HEALTH)
        if endpoint.state in {EndpointState.DISABLED, EndpointState.DELETED}:
            closing.append(endpoint.pk)
            drop_queue(endpoint.pk)
    return {*closing, *(set(changing) - set(endpoints))}


_HEALTH = [
    *("is_answering", "failing_since", "rests_until", "state", "disabled_because"),
    "notice_due_at",
]


def _is_news(attempt: Attempt, now: datetime) -> bool:
    """Whether an attempt may change its endpoint, as it was when the attempt began."""
    endpoint = attempt.delivery.endpoint
    if attempt.succeeded:
        return not endpoint.is_answering or endpoint.failing_since is not None
    return True


def _judge(endpoint: Endpoint, attempt: Attempt, *, now: datetime) -> None:
    endpoint.is_answering = attempt.succeeded
    if attempt.succeeded:
        endpoint.failing_since = None
        return
    endpoint.failing_since = endpoint.failing_since or now
    if rest := attempt.rest(now):
        endpoint.rests_until = now + rest
    if attempt.answer.status == _GONE:
        _disable(endpoint, DisabledBecause.GONE, now=now)
    elif now - endpoint.failing_since > FAILING_LIMIT:
        _disable(endpoint, DisabledBecause.FAILING, now=now)


def _disable(endpoint: Endpoint, reason: DisabledBecause, *, now: datetime) -> None:
    if endpoint.state not in {EndpointState.ACTIVE, EndpointState.PAUSED}:
        return
    endpoint.state = EndpointState.DISABLED
    endpoint.disabled_because = reason
    endpoint.notice_due_at = now
    logger.warning("webhook disabled", webhook=endpoint.public_id, reason=reason.value)


# Written only where the lease is still the one under which the attempt was made. Who was asked to
# send it again meanwhile finds it sent.
_SETTLE = """
UPDATE webhooks_delivery delivery SET state = told.state, next_attempt_at = told.next_attempt_at,
    failure_count = told.failure_count, lease_until = NULL
FROM unnest(%s::bigint[], %s::int[], %s::text[], %s::int[], %s::timestamptz[])
    AS told(id, lease_token, state, failure_count, next_attempt_at)
WHERE delivery.id = told.id AND delivery.lease_token = told.lease_token
AND delivery.state = 'queued'
"""


def _settle(attempts: Iterable[Attempt], closed: set[int], *, now: datetime) -> None:
    rows = [_settled(each, closed, now=now) for each in attempts]
    with connection.cursor() as cursor:
        cursor.execute(_SETTLE, [list(column) for column in zip(*rows, strict=True)])


def _settled(
    attempt: Attempt, closed: set[int], *, now: datetime
) -> tuple[int, int, str, int, datetime | None]:
    delivery = attempt.delivery
    lease = (delivery.pk, delivery.lease_token)
    if attempt.succeeded:
        return *lease, DeliveryState.DELIVERED.value, delivery.failure_count, None
    failure_count = delivery.failure_count + 1
    if attempt.was_last or delivery.endpoint_id in closed:
        return *lease, DeliveryState.FAILED.value, failure_count, None
    return *lease, DeliveryState.QUEUED.value, failure_count, attempt.next_at(now)


def _log(attempts: Iterable[Attempt]) -> None:
    DeliveryAttempt.objects.bulk_create(
        DeliveryAttempt(
            delivery=each.delivery,
            sent_at=each.sent_at,
            duration_ms=round(each.answer.seconds * 1000),
            status_code=each.answer.status,
            failure=each.answer.failure or "",
            signature=each.signature,
            response=_text(each.answer.body),
        )
        for each in attempts
    )


def _text(body: bytes) -> str:
    """Return bytes of a stranger as text that the database can keep."""
    return body.decode("utf-8", errors="replace").replace("\x00", "\N{REPLACEMENT CHARACTER}")


def _retry_after(value: str, now: datetime) -> timedelta:
    """Return what a Retry-After asks for, seconds or a date; nothing for nonsense."""
    value = value.strip()
    if value.isascii() and value.isdigit():
        return timedelta(seconds=int(value[:9]))
    try:
        return max(parsedate_to_datetime(value) - now, timedelta())
    except (TypeError, ValueError, OverflowError):
        return timedelta()
