"""Waking the worker that delivers, once something is committed. Nothing depends on it.

A thread sends the message, so that no customer waits for a broker that is slow or away. One
message is enough for all that this process commits within a moment.
"""

import structlog
from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

from nexotp.lib.afterwards import Afterwards
from nexotp.lib.queues import WEBHOOKS

logger = structlog.get_logger(__name__)


def wake_on_commit() -> None:
    """Have due deliveries sent as soon as the transaction has committed."""
    transaction.on_commit(_waker.ask, robust=True)


def _wake() -> None:
    try:
        current_app.send_task("webhooks.deliver_due", queue=WEBHOOKS, expires=10, retry=False)
    except OperationalError as error:
        logger.warning("webhooks not woken", error=type(error).__name__)


_waker = Afterwards(_wake, name="webhooks waker", moment=0.1)
