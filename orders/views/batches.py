"""What a session remembers of numbers bought together: how many were asked for, and what failed.

Orders tell what was bought; why something was not bought left no order behind.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from django.http import HttpRequest

_SESSION_KEY = "batches"
_MOST_KEPT = 5


@dataclass(frozen=True, slots=True)
class Batch:
    """How many were asked for at once, and how many failed for each reason (a problem's code)."""

    asked: int
    reasons: Mapping[str, int]


def remember_batch(
    request: HttpRequest, key: str, *, asked: int, reasons: Mapping[str, int]
) -> None:
    kept = dict(request.session.get(_SESSION_KEY, {}))
    kept.pop(key, None)
    kept[key] = {"asked": asked, "reasons": dict(reasons)}
    newest = list(kept.items())[-_MOST_KEPT:]
    request.session[_SESSION_KEY] = dict(newest)


def recall_batch(request: HttpRequest, key: str) -> Batch | None:
    kept = request.session.get(_SESSION_KEY, {}).get(key)
    return Batch(kept["asked"], kept["reasons"]) if kept else None
