"""Tables as CSV, row by row: for spreadsheets, which must not take a cell for a formula."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeVar

from django.db import connection
from django.http import StreamingHttpResponse
from django.utils.translation import get_language

from nexotp.lib.pagination import Rows

_Read = TypeVar("_Read")

_READ_AT_ONCE = 1_000
# What makes a spreadsheet calculate; see OWASP, "CSV Injection".
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
# Without it, spreadsheets take UTF-8 for something else.
_MARK = "\ufeff"

Cell = str | int | Decimal | None


class _Echo:
    """Gives back what a writer writes."""

    def write(self, line: str) -> str:
        return line


def guarded(cell: Cell) -> Cell:
    """Return a cell that no spreadsheet calculates; numbers are numbers, whatever their sign."""
    if isinstance(cell, str) and cell.startswith(_FORMULA):
        return f"'{cell}"
    return cell


def column_names(names: Mapping[str, Sequence[str]], wanted: str) -> Sequence[str]:
    """Return a table's column names in the language asked for, else in the page's own."""
    return names.get(wanted) or names.get(get_language() or "") or names["en"]


def csv_answer(
    name: str, header: Sequence[str], rows: Iterable[Sequence[Cell]]
) -> StreamingHttpResponse:
    """Return a download that is written as it is read."""
    return StreamingHttpResponse(
        _lines(header, rows),
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{name}.csv"',
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        },
    )


def _lines(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
    writer: Any = csv.writer(_Echo())
    yield _MARK + writer.writerow(header)
    for row in rows:
        yield writer.writerow([guarded(cell) for cell in row])


def in_batches(rows: Rows[_Read]) -> Iterator[list[_Read]]:
    """Read all rows, the newest first, some at a time, each batch by its key.

    Between two batches the pooled connection is given back: a cursor would hold it for as long as
    somebody's slow line takes to download. Rows that come meanwhile are newer than all of these.
    """
    last: int | None = None
    while True:
        older = rows if last is None else rows.filter(pk__lt=last)
        batch: list[Any] = list(older[:_READ_AT_ONCE])
        if not connection.in_atomic_block:
            connection.close()
        if batch:
            yield batch
        if len(batch) < _READ_AT_ONCE:
            return
        last = batch[-1].pk
