"""Waking the worker that delivers, once something is committed. Nothing depends on it.

A thread sends the message, so that no customer waits for a broker that is slow or away. One
message is enough for all that this process commits within a moment.
"""

import os
import threading
import time

import structlog
from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

from nexotp.lib.queues import WEBHOOKS

logger = structlog.get_logger(__name__)

_ONE_FOR_ALL_SECONDS = 0.1


def wake_on_commit() -> None:
    """Have due deliveries sent as soon as the transaction has committed."""
    transaction.on_commit(_waker.ask, robust=True)


class _Waker:
    def __init__(self) -> None:
        self._asked = threading.Event()
        self._starting = threading.Lock()
        self._is_running = False

    def ask(self) -> None:
        self._asked.set()
        with self._starting:
            if not self._is_running:
                threading.Thread(target=self._run, name="webhooks waker", daemon=True).start()
                self._is_running = True

    def forget(self) -> None:
        """Begin anew in a forked child, where the thread does not exist."""
        self.__init__()  # type: ignore[misc]

    def _run(self) -> None:
        while True:
            self._asked.wait()
            self._asked.clear()
            try:
                current_app.send_task(
                    "webhooks.deliver_due", queue=WEBHOOKS, expires=10, retry=False
                )
            except OperationalError as error:
                logger.warning("webhooks not woken", error=type(error).__name__)
            except Exception:
                logger.exception("waking webhooks broke")
            time.sleep(_ONE_FOR_ALL_SECONDS)


_waker = _Waker()
os.register_at_fork(after_in_child=_waker.forget)
