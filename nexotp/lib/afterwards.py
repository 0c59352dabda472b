"""A thread for what may follow later, so that nobody waits for it."""

import os
import threading
import time
from collections.abc import Callable

import structlog

logger = structlog.get_logger(__name__)


class Afterwards:
    """Does one thing, in a thread of its own, once for all who ask within a moment.

    `moment` is in seconds. The thread starts with the first who asks, and ends with the process.
    """

    _is_running: bool

    def __init__(self, work: Callable[[], None], *, name: str, moment: float) -> None:
        self._work, self._name, self._moment = work, name, moment
        self._begin()
        # The thread does not exist in a forked child.
        os.register_at_fork(after_in_child=self._begin)

    def ask(self) -> None:
        self._asked.set()
        with self._starting:
            if not self._is_running:
                threading.Thread(target=self._run, name=self._name, daemon=True).start()
                self._is_running = True

    def _begin(self) -> None:
        self._asked = threading.Event()
        self._starting = threading.Lock()
        self._is_running = False

    def _run(self) -> None:
        while True:
            self._asked.wait()
            self._asked.clear()
            try:
                self._work()
            except Exception:
                logger.exception("afterwards broke", work=self._name)
            time.sleep(self._moment)
