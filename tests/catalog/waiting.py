"""Looking at PostgreSQL's locks, to meet a sync in the middle of its transaction."""

import time
from collections.abc import Callable

from django.db import connection


def until_somebody_waits() -> None:
    """Wait until some transaction waits for a lock of ours."""
    _until(lambda: _locks("NOT granted") > 0)


def until_nobody_stores() -> None:
    """Wait until no transaction holds the lock for writing a supplier's offers."""
    _until(lambda: _locks("locktype = 'advisory'") == 0)


def _locks(condition: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM pg_locks WHERE {condition}")
        (count,) = cursor.fetchone()
    return int(count)


def _until(condition: Callable[[], bool]) -> None:
    for _each in range(600):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("waited in vain")
