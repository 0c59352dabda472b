"""Pages of long lists, newest first.

People page by key: the thousandth page costs as much as the first. The API pages by number, as
its documents say, over lists that an index narrows down to the caller's own rows.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from nexotp.lib.fields import Fields

_Row = TypeVar("_Row")
_Read = TypeVar("_Read", covariant=True)
_LARGEST_NUMBER = 2**63 - 1
_MOST_DIGITS = len(str(_LARGEST_NUMBER))
LAST_PAGE = 1_000_000_000
LARGEST_PAGE = 100
USUAL_PAGE = 20


class Rows(Protocol[_Read]):
    """What pages are cut from: a queryset in order, or what looks like one."""

    def filter(self, **conditions: Any) -> "Rows[_Read]": ...

    def count(self) -> int: ...

    def __getitem__(self, window: slice) -> Iterable[_Read]: ...


@dataclass(frozen=True, slots=True)
class KeysetPage(Generic[_Row]):
    """Some rows; `older` is the key to continue from, None at the end."""

    rows: list[_Row]
    older: int | None
    is_newest: bool


def keyset_page(rows: Rows[_Row], *, before: str, size: int) -> KeysetPage[_Row]:
    """Return the rows older than the key `before`, or the newest where it is no key.

    The rows come the newest first, and their key is their primary key.
    """
    # So many digits, and no more: Python refuses to read a number of thousands.
    is_digits = before.isascii() and before.isdigit() and len(before) <= _MOST_DIGITS
    is_key = is_digits and int(before) <= _LARGEST_NUMBER
    older_rows = rows.filter(pk__lt=int(before)) if is_key else rows
    found: list[Any] = list(older_rows[: size + 1])
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

    def of(self, rows: Rows[_Row]) -> NumberedPage[_Row]:
        """Return that page of the rows."""
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
        page=fields.whole_number("page", lowest=1, highest=LAST_PAGE, default=1),
        per_page=fields.whole_number(
            "per_page", lowest=1, highest=LARGEST_PAGE, default=USUAL_PAGE
        ),
    )
