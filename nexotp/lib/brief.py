"""Remembering for a few seconds what hardly ever changes and every call asks for."""

import threading
import time
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_MOST = 5_000
_forget: list[Callable[[], None]] = []


def briefly(seconds: float) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Keep a function's results in this process for so long; None is asked for again.

    For reads whose answer may be that old without harm. Nothing that decides about money.
    """

    def remembering(function: Callable[P, T]) -> Callable[P, T]:
        known: dict[object, tuple[float, T]] = {}
        lock = threading.Lock()

        @wraps(function)
        def recall(*args: P.args, **kwargs: P.kwargs) -> T:
            key = (args, tuple(kwargs.items()))
            now = time.monotonic()
            found = known.get(key)
            if found is not None and found[0] > now:
                return found[1]
            result = function(*args, **kwargs)
            if result is not None:
                with lock:
                    if len(known) >= _MOST:
                        known.clear()
                    known[key] = (now + seconds, result)
            return result

        _forget.append(known.clear)
        return recall

    return remembering


def forget_everything() -> None:
    """Ask anew for all of it, as a new process would."""
    for clear in _forget:
        clear()
