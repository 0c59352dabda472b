"""Pages of long lists, newest first.

People page by key: the thousandth page costs as much as the first. The API pages by number, as
its documents say, over lists that an index narrows down to the caller's own rows.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db.models import Model, QuerySet

from nexotp.lib.fields import Fields

_Row = TypeVar("_Row", bound=Model)
_LARGEST_NUMBER = 2**63 - 1
_LAST_PAGE = 1_000_000_000
_LARGEST_PAGE, _USUAL_PAGE = 100, 20


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


@dataclass(frozen=True, slots=True)
class NumberedPage(Generic[_Row]):
    """Some rows, and where they stand among `total`; no rows beyond the end."""

    rows: list[_Row]
    page: int
    per_page: int
    total: int

    @property
    def meta(self) -> dict[str, int]:
        """What stands beside `data` in the envelope."""
        return {
            "page": self.page,
            "perPage": self.per_page,
            "total": self.total,
            "totalPages": -(-self.total // self.per_page),
        }


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which page a caller asked for."""

    page: int
    per_page: int

    def of(self, rows: QuerySet[_Row]) -> NumberedPage[_Row]:
        """Return that page of rows that are in order already."""
        total = rows.count()
        start = (self.page - 1) * self.per_page
        found = list(rows[start : start + self.per_page]) if start < total else []
        return NumberedPage(found, self.page, self.per_page, total)


def read_page(query: Mapping[str, Any]) -> PageRequest:
    """Return the page that `page` and `per_page` ask for.

    Raises InvalidRequest naming each that is wrong.
    """
    fields = Fields(query)
    wanted = page_of(fields)
    fields.check()
    return wanted


def page_of(fields: Fields) -> PageRequest:
    """Return the page asked for among other fields; what is wrong with it is left in them."""
    return PageRequest(
        page=fields.whole_number("page", lowest=1, highest=_LAST_PAGE, default=1),
        per_page=fields.whole_number(
            "per_page", lowest=1, highest=_LARGEST_PAGE, default=_USUAL_PAGE
        ),
    )
