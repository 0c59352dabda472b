"""Many threads at the same moment, each on a database connection of its own."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from django.db import connection

_ROOM = 64

T = TypeVar("T")


def all_at_once(work: Callable[[int], T], *, count: int) -> list[T | Exception]:
    """Run `work(0)`, `work(1)`, … together; return what each gave, or the error it raised."""
    start = threading.Barrier(count)

    def run(number: int) -> T | Exception:
        try:
            connection.ensure_connection()
            start.wait(timeout=30)
            return work(number)
        except Exception as error:
            return error
        finally:
            connection.close()

    connection.pool.resize(1, _ROOM)  # type: ignore[attr-defined]
    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(run, range(count)))


def kinds(outcomes: list[Any]) -> dict[str, int]:
    """Count outcomes by the name of their type, so that a surprise shows in the assertion."""
    counted: dict[str, int] = {}
    for outcome in outcomes:
        name = type(outcome).__name__
        counted[name] = counted.get(name, 0) + 1
    return counted
