"""Waking the worker that counts what each rule does, as soon as there is a reason to."""

import structlog
from celery import current_app
from kombu.exceptions import OperationalError

from nexotp.lib.queues import UPKEEP

logger = structlog.get_logger(__name__)


def wake_counting() -> None:
    """Have offers counted by rule soon; if no broker takes the message, the next round does it.

    Call it after the commit.
    """
    try:
        # By name: doors do not import each other.
        current_app.send_task("catalog.count_offers_by_rule", queue=UPKEEP, expires=60, retry=False)
    except OperationalError as error:
        logger.warning("counting not woken", error=type(error).__name__)
