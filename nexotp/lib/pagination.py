"""Pages of long lists, newest first, by key: the thousandth page costs as much as the first."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from django.db.models import Model, QuerySet

_Row = TypeVar("_Row", bound=Model)
_LARGEST_NUMBER = 2**63 - 1


@dataclass(frozen=True, slots=True)
class KeysetPage(Generic[_Row]):
    """Some rows; `older` is the key to continue from, None at the end."""

    rows: list[_Row]
    older: int | None
    is_newest: bool


def keyset_page(rows: QuerySet[_Row], *, before: str, size: int) -> KeysetPage[_Row]:
    """Return the rows older than the key `before`, or the newest where it is no key."""
    is_key = before.isascii() and before.isdigit() and int(before[:20]) <= _LARGEST_NUMBER
    older_rows = rows.filter(pk__lt=int(before)) if is_key else rows
    found = list(older_rows.order_by("-pk")[: size + 1])
    shown = found[:size]
    older = shown[-1].pk if len(found) > size else None
    return KeysetPage(shown, older, is_newest=not is_key)
