"""Sending what is due, to many endpoints at once.

Threads only send; this one claims and records, many at a time, and so is the only one that needs
the database. A receiver that takes long keeps its own thread and nobody else: whoever is still
waiting for one when the sweep's time is over is left to it, and records by itself.
"""

import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import structlog
from django.db import connection

from webhooks import signing, transport
from webhooks.actions.recording import Attempt, record
from webhooks.models import Delivery
from webhooks.states import Failure
from webhooks.transport import Answer

logger = structlog.get_logger(__name__)

# Requests under way at once, and how many of them may be to endpoints that do not answer.
AT_ONCE, AT_ONCE_FAILING = 128, 64
# How often the rows are looked at while nothing is due; and while much is, a moment in which more
# comes together to be claimed and recorded at once.
_PAUSE_SECONDS = 0.05
_GATHER_SECONDS = 0.005

Clock = Callable[[], datetime]


def deliver_due(*, clock: Clock, seconds: float, linger: float = 0.0) -> int:
    """Send what is due and becomes due, for so long; return how many attempts were begun.

    Ends early once nothing has been due or under way for `linger` seconds.
    """
    sending = _Sending(clock)
    ends_at = time.monotonic() + seconds
    busy_until = time.monotonic() + linger
    try:
        while (now := time.monotonic()) < ends_at:
            if sending.step():
                busy_until = time.monotonic() + linger
            elif now >= busy_until:
                break
    finally:
        sending.leave()
    return sending.begun


class _Sending:
    """The requests of one sweep."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.begun = 0
        self.under_way = 0
        self._failing_under_way = 0
        self._pool = ThreadPoolExecutor(max_workers=AT_ONCE)
        self._ended: queue.SimpleQueue[Attempt] = queue.SimpleQueue()
        self._handing_over = threading.Lock()
        self._is_left = False

    def step(self) -> bool:
        """Begin what is due and record what has ended; whether there is anything going on."""
        claimed = self._claim()
        for delivery in claimed:
            self._pool.submit(self._carry_out, delivery)
        ended = self._take_ended(_GATHER_SECONDS if claimed else _PAUSE_SECONDS)
        self._record(ended)
        return bool(claimed or ended) or self.under_way > 0

    def leave(self) -> None:
        """Record what has ended; the threads record what is still under way."""
        with self._handing_over:
            self._is_left = True
        self._record(self._take_ended(0))
        self._pool.shutdown(wait=False)

    def _claim(self) -> list[Delivery]:
        room = AT_ONCE - self.under_way
        if room <= 0:
            return []
        claimed = Delivery.objects.claim_due(
            self.clock(), limit=room, limit_failing=AT_ONCE_FAILING - self._failing_under_way
        )
        self.begun += len(claimed)
        self._count(claimed, 1)
        return claimed

    def _count(self, deliveries: list[Delivery], change: int) -> None:
        self.under_way += change * len(deliveries)
        failing = [each for each in deliveries if not each.endpoint.is_answering]
        self._failing_under_way += change * len(failing)

    def _take_ended(self, patience: float) -> list[Attempt]:
        """Return all that has ended, after waiting a moment for the first."""
        ended: list[Attempt] = []
        try:
            if patience:
                ended.append(self._ended.get(timeout=patience))
            while True:
                ended.append(self._ended.get_nowait())
        except queue.Empty:
            return ended

    def _record(self, ended: list[Attempt]) -> None:
        self._count([each.delivery for each in ended], -1)
        record(ended, now=self.clock())

    def _carry_out(self, delivery: Delivery) -> None:
        attempt = _attempt(delivery, now=self.clock())
        with self._handing_over:
            if not self._is_left:
                self._ended.put(attempt)
                return
        self._record_alone(attempt)

    def _record_alone(self, attempt: Attempt) -> None:
        try:
            record([attempt], now=self.clock())
        except Exception:
            # Sent and not recorded: sent once more when its lease is over.
            logger.exception("attempt not recorded", delivery=attempt.delivery.public_id)
        finally:
            connection.close()


def _attempt(delivery: Delivery, *, now: datetime) -> Attempt:
    """Send one delivery. Raises nothing."""
    event, endpoint = delivery.event, delivery.endpoint
    headers: dict[str, str] = {}
    try:
        body = bytes(event.payload)
        in_use = [secret.plain for secret in endpoint.secrets.all()]
        headers = signing.signed_headers(event.public_id, body, in_use, now=now)
        answer = transport.post(endpoint.url, headers, body)
    except Exception:
        logger.exception("delivery broke", delivery=delivery.public_id)
        answer = Answer(failure=Failure.INTERNAL)
    return Attempt(delivery, now, headers.get("webhook-signature", ""), answer)
