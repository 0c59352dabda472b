"""Doing the same for several rows at once: what a supplier makes one of them wait, others need not.

Each row has a thread and a database connection of its own. As many rows are taken at once as
there are threads, so that each is begun at once and no lease runs out while it waits its turn.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import connection

from nexotp.lib.db import release_connection

AT_ONCE = 16

T = TypeVar("T")
R = TypeVar("R")


def do_together(rows: Sequence[T], act: Callable[[T], R]) -> list[R]:
    """Call `act` for every row at the same time and wait for all; at most AT_ONCE of them.

    Raises the first error that `act` raised.
    """
    if not rows:
        return []
    release_connection()
    pool = ThreadPoolExecutor(max_workers=AT_ONCE)
    try:
        running = [pool.submit(_act_and_hang_up, act, row) for row in rows]
        return [each.result() for each in running]
    finally:
        pool.shutdown(cancel_futures=True)


def _act_and_hang_up(act: Callable[[T], R], row: T) -> R:
    try:
        return act(row)
    finally:
        connection.close()
