"""Waking the worker that delivers, once something is committed. Nothing depends on it.

The sweep comes by every few seconds anyway, and goes on looking for a while once it runs; so one
message wakes it for all that this process commits within a moment.
"""

import time

import structlog
from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

from nexotp.lib.queues import WEBHOOKS

logger = structlog.get_logger(__name__)

# Far less than a sweep goes on looking without finding anything.
_ONE_FOR_ALL_SECONDS = 0.1
_woken_at = 0.0


def wake_on_commit() -> None:
    """Have due deliveries sent as soon as the transaction has committed."""
    transaction.on_commit(_wake, robust=True)


def _wake() -> None:
    global _woken_at
    now = time.monotonic()
    if now - _woken_at < _ONE_FOR_ALL_SECONDS:
        return
    _woken_at = now
    try:
        current_app.send_task(
            "webhooks.deliver_due", queue=WEBHOOKS, expires=10, retry=False, ignore_result=True
        )
    except OperationalError as error:
        logger.warning("webhooks not woken", error=type(error).__name__)
