"""Pricing rules as a table for spreadsheets, and back.

Goods and suppliers go by their codes, amounts by the shop's currency as people write it, times by
ISO 8601 with the shop's offset. A column that is left out is left as it is; an empty cell is the
column's default. What was exported is read as the very same rules.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import NOT_PROVIDED
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from catalog.models import PricingRule
from catalog.rule_plans import FIELDS, SCOPE, Values, Wanted, place_of, values_of
from nexotp.lib.money import EXPONENTS, to_decimal, to_minor
from nexotp.lib.sheets import CellProblem
from nexotp.lib.tables import Cell

# More money than there is; beyond it a number would not fit where it is kept.
_MOST = 10**15
_MOST_PERCENT = Decimal("9999.99")
_MOST_ROUNDING = 2**31 - 1
_NUMBER = re.compile(r"(-?[0-9]{1,20})(?:([.,])([0-9]{1,10}))?\Z")
_THOUSAND = 3
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"(?:[ T][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?(?:[+-][0-9]{2}:[0-9]{2}|Z)?)?\Z"
)
_YEARS = range(2000, 9000)
_YES, _NO = {"yes", "true", "1", "ya", "y"}, {"no", "false", "0", "tidak", "n"}

# Of every table that a rule points to: the code of each row, and back.
Codes = dict[str, dict[str, int]]


@dataclass(frozen=True, slots=True)
class _Column:
    """How one of a rule's columns is written in a sheet."""

    name: str
    read: Callable[[str], Any]
    write: Callable[[Any], Cell]


def codes() -> Codes:
    """Read what the codes in a sheet stand for."""
    found: Codes = {}
    for name in SCOPE:
        rows = FIELDS[name].remote_field.model._default_manager.values_list("code", "pk")
        found[name] = {code.lower(): pk for code, pk in rows}
    return found


def header() -> list[str]:
    return ["id", *(column.name for column in _columns({name: {} for name in SCOPE}).values())]


def rows_of(rules: Iterable[PricingRule]) -> Iterable[list[Cell]]:
    """Return a sheet's rows for these rules."""
    columns = _columns(codes())
    for rule in rules:
        cells = [column.write(getattr(rule, name)) for name, column in columns.items()]
        yield [rule.pk, *cells]


def read_rules(
    names: list[str], rows: Mapping[int, Mapping[str, str]], present: Iterable[PricingRule]
) -> tuple[list[Wanted], list[CellProblem]]:
    """Read a sheet's rows as the rules they want, with everything that is wrong with them."""
    reader = _Reader(names, present)
    wrong = reader.problems_of_header()
    return ([], wrong) if wrong else (reader.read(rows), reader.problems)


class _Reader:
    """Reads one sheet; what is wrong is gathered, so that all of it is seen at once."""

    def __init__(self, names: list[str], present: Iterable[PricingRule]) -> None:
        self.names = names
        self.columns = _columns(codes())
        self.there = {rule.pk: values_of(rule) for rule in present}
        self.by_place: dict[tuple[Any, ...], list[int]] = defaultdict(list)
        for pk, values in self.there.items():
            self.by_place[place_of(values)].append(pk)
        self.problems: list[CellProblem] = []

    def problems_of_header(self) -> list[CellProblem]:
        known = header()
        unknown = [
            CellProblem(
                1, name, _("There is no such column. The columns are: %s.") % ", ".join(known)
            )
            for name in self.names
            if name not in known
        ]
        scope = [self.columns[name].name for name in SCOPE]
        if not unknown and "id" not in self.names and not set(scope) <= set(self.names):
            needed = gettext("Without the column id a sheet needs these: %s.") % ", ".join(scope)
            return [CellProblem(1, "", needed)]
        return unknown

    def read(self, rows: Mapping[int, Mapping[str, str]]) -> list[Wanted]:
        numbers = self._numbers(rows)
        taken = {pk for pk in numbers.values() if pk is not None}
        wanted = []
        for row, cells in rows.items():
            if row not in numbers:
                continue
            values = self._values(row, cells, self.there.get(numbers[row] or 0))
            if values is None:
                continue
            pk = numbers[row]
            if pk is None:
                # A sheet without numbers, read twice, must not make every rule twice.
                free = [pk for pk in self.by_place[place_of(values)] if pk not in taken]
                if len(free) == 1:
                    pk = free[0]
                    taken.add(pk)
                    values = self._values(row, cells, self.there[pk]) or values
            wanted.append(Wanted(values, pk, row))
        self._refuse_twins(wanted)
        return wanted

    def _numbers(self, rows: Mapping[int, Mapping[str, str]]) -> dict[int, int | None]:
        """Return the number of the rule that each row is about, where it can be one."""
        numbers: dict[int, int | None] = {}
        first: dict[int, int] = {}
        for row, cells in rows.items():
            text = cells.get("id", "")
            if not text:
                numbers[row] = None
                continue
            pk = int(text) if re.fullmatch(r"[0-9]{1,18}", text) else 0
            if pk not in self.there:
                self._wrong(
                    row, "id", _("There is no rule with this number. Empty makes a new one.")
                )
            elif pk in first:
                self._wrong(row, "id", _("Row %s is about the same rule.") % first[pk])
            else:
                numbers[row], first[pk] = pk, row
        return numbers

    def _values(self, row: int, cells: Mapping[str, str], was: Values | None) -> Values | None:
        """Return the rule that a row wants; None where something is wrong with it."""
        count = len(self.problems)
        values: Values = {}
        for name, column in self.columns.items():
            text = cells.get(column.name)
            if text is None and was is not None:
                values[name] = was[name]
            elif text:
                try:
                    values[name] = column.read(text)
                except ValidationError as error:
                    self._wrong(row, column.name, error.message)
            elif FIELDS[name].default is not NOT_PROVIDED or FIELDS[name].null:
                values[name] = FIELDS[name].get_default()
            else:
                self._wrong(row, column.name, _("This cell must be filled in."))
        if len(self.problems) > count:
            return None
        return values if self._makes_sense(row, values) else None

    def _makes_sense(self, row: int, values: Values) -> bool:
        try:
            PricingRule(**values).clean()
        except ValidationError as error:
            for name, messages in error.message_dict.items():
                field: Any = PricingRule._meta.get_field(name)
                column = self.columns[field.attname].name
                self._wrong(row, column, messages[0])
            return False
        return True

    def _refuse_twins(self, wanted: list[Wanted]) -> None:
        """Two rows for the same goods and times are a slip, unless there are such rules."""
        rows: dict[tuple[Any, ...], tuple[int, bool]] = {}
        for each in wanted:
            assert each.row is not None
            place = place_of(each.values)
            is_old = each.pk is not None and place_of(self.there[each.pk]) == place
            first, both_old = rows.setdefault(place, (each.row, is_old))
            if first != each.row and not (is_old and both_old):
                same = _("Row %s is for the same goods and the same times.") % first
                self._wrong(each.row, "", same)

    def _wrong(self, row: int, column: str, message: "str | Promise") -> None:
        self.problems.append(CellProblem(row, column, message))


def _columns(known: Codes) -> dict[str, _Column]:
    scope = {name: _Column(name.removesuffix("_id"), *_by_code(known[name])) for name in SCOPE}
    return scope | {
        "starts_at": _Column("from", _read_time, _write_time),
        "ends_at": _Column("until", _read_time, _write_time),
        "markup_percent": _Column("markup_percent", _read_percent, lambda percent: percent),
        "markup_fixed": _Column("markup_fixed", _read_amount, _write_amount),
        "floor": _Column("floor", _read_positive(_MOST), _write_amount),
        "ceiling": _Column("ceiling", _read_positive(_MOST), _write_amount),
        "rounding": _Column("rounding", _read_positive(_MOST_ROUNDING), _write_amount),
        "is_active": _Column("active", _read_yes, lambda is_active: "yes" if is_active else "no"),
    }


def _by_code(known: dict[str, int]) -> tuple[Callable[[str], int], Callable[[int | None], Cell]]:
    written = {pk: code for code, pk in known.items()}

    def read(text: str) -> int:
        if text.lower() not in known:
            raise ValidationError(gettext("The shop knows no “%s”.") % text[:60])
        return known[text.lower()]

    return read, lambda pk: written[pk] if pk is not None else None


def _read_time(text: str) -> datetime:
    wrong = ValidationError(gettext("Not a time. Write it like 2026-12-31 23:59."))
    if not _TIME.match(text):
        raise wrong
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise wrong from error
    if moment.year not in _YEARS:
        raise wrong
    zone = timezone.get_default_timezone()
    return moment if timezone.is_aware(moment) else timezone.make_aware(moment, zone)


def _write_time(moment: datetime | None) -> Cell:
    zone = timezone.get_default_timezone()
    return timezone.localtime(moment, zone).isoformat(" ") if moment is not None else None


def _plain_number(text: str, decimals: int) -> str:
    """Return a number as Python reads it.

    1.000 is a thousand to one reader and one to another; where nobody needs three decimals it is
    refused, whichever it was.
    """
    found = _NUMBER.match(text)
    if found is None:
        raise ValidationError(gettext("Not a number. Write it like 25000 or 12.5."))
    whole, separator, part = found.groups()
    is_unclear = len(part or "") == _THOUSAND and (decimals < _THOUSAND or separator == ",")
    if is_unclear:
        raise ValidationError(gettext("Write thousands without a separator, like 25000."))
    return f"{whole}.{part}" if part else str(whole)


def _read_percent(text: str) -> Decimal:
    percent = Decimal(_plain_number(text, 2))
    if percent != round(percent, 2):
        raise ValidationError(gettext("Two decimals are the most."))
    if not -100 <= percent <= _MOST_PERCENT:
        raise ValidationError(gettext("From -100 to 9999.99."))
    return percent


def _read_amount(text: str) -> int:
    currency = settings.SHOP_CURRENCY
    try:
        amount = to_minor(_plain_number(text, EXPONENTS[currency]), currency)
    except ValueError as error:
        decimals = gettext("The shop's currency has %s decimals.") % EXPONENTS[currency]
        raise ValidationError(decimals) from error
    if abs(amount) > _MOST:
        raise ValidationError(gettext("This is more than there is money."))
    return amount


def _read_positive(most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        amount = _read_amount(text)
        if amount <= 0:
            raise ValidationError(gettext("This must be above zero."))
        if amount > most:
            raise ValidationError(gettext("This is more than there is money."))
        return amount

    return read


def _write_amount(amount: int | None) -> Cell:
    return to_decimal(amount, settings.SHOP_CURRENCY) if amount is not None else None


def _read_yes(text: str) -> bool:
    if text.lower() not in _YES | _NO:
        raise ValidationError(gettext("Write yes or no."))
    return text.lower() in _YES
