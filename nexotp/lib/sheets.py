"""Tables that people upload and download as CSV or XLSX, which nobody has looked at before us.

What is read is text, row by row, whatever the file was: a number is written as Python writes it,
a time as ISO 8601. A file is refused before it can take much memory or time; a cell that cannot
be what it seems (a formula, a percentage, an error) is a problem of its row.
"""

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from xml.parsers import expat

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from openpyxl import Workbook, load_workbook
from openpyxl.utils import get_column_letter

from nexotp.lib.errors import Problem
from nexotp.lib.tables import Cell, guarded

MAX_BYTES = 2 * 1024 * 1024
MAX_ROWS = 5_000
MAX_COLUMNS = 40

# What a file of so many rows needs, several times over.
_MAX_UNPACKED = 24 * 1024 * 1024
_MAX_PARTS = 200
_MAX_ELEMENTS = 600_000
# Parts such as styles become objects, one for each element.
_MAX_ELEMENTS_ASIDE = 20_000
# Rows that are missing are made up on the way to the next, however far down it says it is.
_LAST_ROW = 4 * MAX_ROWS
_ROWS_OF_TEXT = ("xl/worksheets/", "xl/sharedStrings")

_MARK = "\ufeff"
_ZIP, _OLD_OFFICE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_OTHER_UNICODE = (b"\xff\xfe", b"\xfe\xff")

XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class SheetRefused(Problem):
    code = "sheet_refused"
    status = 422
    message = _("This file cannot be read as a table.")


class _TooMuch(Exception):
    """An XLSX file unpacks to more than any table of ours."""


@dataclass(frozen=True, slots=True)
class CellProblem:
    """What is wrong with one cell, or with a whole row where `column` is empty."""

    row: int
    column: str
    message: "str | Promise"


@dataclass(slots=True)
class Sheet:
    """A table as it was uploaded; rows go by the numbers that a spreadsheet shows."""

    header: list[str]
    rows: dict[int, dict[str, str]] = field(default_factory=dict)
    problems: list[CellProblem] = field(default_factory=list)


def read_sheet(content: bytes) -> Sheet:
    """Read the first table of a file; its first row names the columns.

    Raises SheetRefused for what is too large, empty, damaged, made to do harm, or no table.
    """
    if len(content) > MAX_BYTES:
        raise SheetRefused(_("The file is too large: two megabytes are the most."))
    if content.startswith(_OLD_OFFICE):
        raise SheetRefused(_("This is an old or a locked Excel file. Save it as .xlsx or CSV."))
    is_xlsx = content.startswith(_ZIP)
    problems: list[CellProblem] = []
    lines = _xlsx_lines(content, problems) if is_xlsx else _csv_lines(_text(content))
    sheet = _sheet(lines)
    named = dict(enumerate(sheet.header))
    sheet.problems += [
        CellProblem(each.row, named.get(int(each.column), ""), each.message) for each in problems
    ]
    return sheet


def unguarded(text: str) -> str:
    """Return a cell as it was before `guarded`."""
    bare = text.removeprefix("'")
    return bare if guarded(bare) == text else text


def xlsx(header: Sequence[str], rows: Iterable[Sequence[Cell]], *, title: str) -> bytes:
    """Return a workbook with one table, its first row in sight when one scrolls."""
    book = Workbook(write_only=True)
    page = book.create_sheet(title)
    page.freeze_panes = "A2"
    for number, name in enumerate(header, start=1):
        page.column_dimensions[get_column_letter(number)].width = max(12, len(name) + 2)
    page.append(list(header))
    for row in rows:
        page.append([guarded(cell) for cell in row])
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _sheet(lines: Iterator[list[str]]) -> Sheet:
    header = [name.strip().lower() for name in next(lines, [])]
    while header and not header[-1]:
        header.pop()
    if not header:
        raise SheetRefused(_("The file is empty: its first row must name the columns."))
    if len(header) > MAX_COLUMNS:
        raise SheetRefused(_("The first row names too many columns."))
    if len(set(header)) < len(header):
        raise SheetRefused(_("The first row names a column twice, or leaves one without a name."))
    sheet = Sheet(header)
    for number, cells in enumerate(lines, start=2):
        if not any(cells):
            continue
        if len(sheet.rows) == MAX_ROWS:
            raise SheetRefused(_("The file has too many rows: five thousand are the most."))
        if any(cells[len(header) :]):
            beyond = _("This row has more cells than there are columns.")
            sheet.problems.append(CellProblem(number, "", beyond))
        filled = [*cells, *[""] * len(header)][: len(header)]
        sheet.rows[number] = dict(zip(header, filled, strict=True))
    if not sheet.rows:
        raise SheetRefused(_("There is nothing below the first row."))
    return sheet


# ---- CSV --------------------------------------------------------------------------------------


def _text(content: bytes) -> str:
    not_utf8 = _("The file's letters are not UTF-8. Save it as “CSV UTF-8”, or as .xlsx.")
    if content.startswith(_OTHER_UNICODE):
        raise SheetRefused(not_utf8)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise SheetRefused(not_utf8) from error
    if "\0" in text:
        raise SheetRefused
    return text.removeprefix(_MARK)


def _csv_lines(text: str) -> Iterator[list[str]]:
    first = text.partition("\n")[0]
    # Spreadsheets in Indonesian write semicolons, since a comma is in their numbers.
    delimiter = max(",;\t", key=first.count)
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True):
            yield [unguarded(cell.strip()) for cell in row]
    except csv.Error as error:
        raise SheetRefused(_("The file is damaged, or no CSV.")) from error


# ---- XLSX -------------------------------------------------------------------------------------


def _xlsx_lines(content: bytes, problems: list[CellProblem]) -> Iterator[list[str]]:
    try:
        _look_through(content)
        yield from _cells(content, problems)
    except SheetRefused:
        raise
    except _TooMuch as error:
        raise SheetRefused(_("The file unpacks to far more than a table needs.")) from error
    except Exception as error:
        # A file made wrong breaks the reader in as many ways as it has lines.
        raise SheetRefused(_("The file is damaged, or no XLSX.")) from error


def _look_through(content: bytes) -> None:
    """Refuse what would grow in memory; nothing is parsed into objects before this has passed."""
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        parts = packed.infolist()
        # Reading never goes beyond the size that a part says it has.
        if len(parts) > _MAX_PARTS or sum(part.file_size for part in parts) > _MAX_UNPACKED:
            raise _TooMuch
        left = _MAX_ELEMENTS
        for part in parts:
            if part.filename.endswith((".xml", ".rels")):
                is_text = part.filename.startswith(_ROWS_OF_TEXT)
                most = left if is_text else min(left, _MAX_ELEMENTS_ASIDE)
                left -= _count_elements(packed.read(part), most)


def _count_elements(xml: bytes, most: int) -> int:
    count = 0

    def begin(_name: str, _attributes: Any) -> None:
        nonlocal count
        count += 1
        if count > most:
            raise _TooMuch

    def declare(*_declared: Any) -> None:
        raise SheetRefused(_("The file declares a document type, as no spreadsheet does."))

    parser = expat.ParserCreate()
    parser.StartElementHandler = begin
    parser.StartDoctypeDeclHandler = declare
    parser.Parse(xml, True)
    return count


def _cells(content: bytes, problems: list[CellProblem]) -> Iterator[list[str]]:
    book = load_workbook(io.BytesIO(content), read_only=True, keep_links=False)
    page = book.worksheets[0]
    # What a file says of its own size is not to be believed.
    page.reset_dimensions()
    # One column more than may be, so that it is noticed.
    for number, row in enumerate(page.iter_rows(max_col=MAX_COLUMNS + 1), start=1):
        if number > _LAST_ROW:
            raise _TooMuch
        texts = []
        for place, cell in enumerate(row):
            text, problem = _cell_text(cell)
            texts.append(text)
            if problem is not None:
                problems.append(CellProblem(number, str(place), problem))
        yield texts


def _cell_text(cell: Any) -> tuple[str, "str | Promise | None"]:
    """Return what a cell says, and what is wrong with it."""
    value = cell.value
    if value is None:
        return "", None
    if cell.data_type == "f":
        return "?", _("This is a formula. Paste its value instead.")
    if cell.data_type == "e":
        return "?", _("This cell shows an error.")
    if isinstance(value, str):
        return unguarded(value.strip()), None
    if isinstance(value, bool):
        return ("yes" if value else "no"), None
    if isinstance(value, datetime):
        return value.isoformat(" "), None
    if isinstance(value, date):
        return f"{value.isoformat()} 00:00:00", None
    if isinstance(value, int | float):
        if "%" in (cell.number_format or ""):
            return "?", _("This cell is formatted as a percentage. Make it a plain number.")
        return (str(int(value)) if value == int(value) else repr(value)), None
    return "?", _("This is neither a text, a number nor a time.")
