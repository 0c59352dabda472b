"""Waking the worker that asks gateways, as soon as there is a reason to ask."""

import structlog
from celery import current_app
from kombu.exceptions import OperationalError

from nexotp.lib.queues import MONEY

logger = structlog.get_logger(__name__)


def wake() -> None:
    """Have due payments read at once; if no broker takes the message, the next sweep reads them.

    Call it after the commit.
    """
    try:
        # By name: doors do not import each other.
        current_app.send_task("wallet.check_payments", queue=MONEY, expires=10, retry=False)
    except OperationalError as error:
        logger.warning("payments' sweep not woken", error=type(error).__name__)
