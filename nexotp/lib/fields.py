"""Reading a request field by field, so that the answer names everything that is wrong at once."""

import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from nexotp.lib.errors import FieldProblem, InvalidRequest

_MOST_DIGITS = 18
# ISO 8601 as people write it. A plus sign that was not escaped arrives as a space.
_MOMENT = re.compile(
    r"(\d{4}-\d\d-\d\d)"
    r"(?:[Tt ](\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?)([Zz]|[+ -]\d\d(?::?\d\d)?)?)?",
    re.ASCII,
)
# The same as OpenAPI shows it, in the spelling to recommend.
MOMENT = (
    "^[1-9][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    "(T([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,9})?)?"
    "(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])?)?$"
)
# What is left of a day after its first microsecond; PostgreSQL knows nothing finer.
_REST_OF_DAY = timedelta(days=1) - timedelta(microseconds=1)


class Fields:
    """The fields of one request; each reader collects what is wrong and reads on."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.data = data
        self.problems: list[FieldProblem] = []

    def wrong(self, field: str, code: str, message: "str | Promise") -> None:
        self.problems.append(FieldProblem(field, code, message))

    def check(self) -> None:
        """Raises InvalidRequest naming every field that was wrong."""
        if self.problems:
            raise InvalidRequest(fields=self.problems)

    def require(self, *fields: str) -> None:
        """Complain about each field that is absent, null or empty."""
        for field in fields:
            if self.data.get(field) in (None, ""):
                self.wrong(field, "required", _("This field is required."))

    def text(self, field: str) -> str | None:
        """Return the field's text; None where it is absent, null, empty or no text."""
        value = self.data.get(field)
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            self.wrong(field, "not_a_string", _("This must be a text."))
            return None
        return value

    def whole_number(self, field: str, *, lowest: int, highest: int, default: int) -> int:
        """Return a number written in ASCII digits; the default where there is none or a bad one."""
        text = self.text(field)
        if text is None:
            return default
        if _is_number(text) and lowest <= int(text) <= highest:
            return int(text)
        self.wrong(
            field,
            "out_of_range",
            _("A whole number from %(lowest)d to %(highest)d.")
            % {"lowest": lowest, "highest": highest},
        )
        return default

    def choice(self, field: str, choices: Collection[str]) -> str | None:
        """Return one of the choices; None where there is none or a bad one."""
        text = self.text(field)
        if text is None or text in choices:
            return text
        self.wrong(field, "unknown", _("One of: %(choices)s.") % {"choices": ", ".join(choices)})
        return None

    def moment(self, field: str, *, end_of_day: bool = False) -> datetime | None:
        """Return an ISO 8601 date or datetime; without an offset it is of the shop's time zone.

        A date is the beginning of its day, or its end.
        """
        text = self.text(field)
        if text is None:
            return None
        try:
            return _moment(text, end_of_day=end_of_day)
        except ValueError:
            self.wrong(field, "not_a_time", _("A date or a time in ISO 8601, such as 2026-06-22."))
            return None


def _moment(text: str, *, end_of_day: bool) -> datetime:
    """Raises ValueError."""
    found = _MOMENT.fullmatch(text)
    # The first and the last years have no room for a time zone.
    if found is None or not "1000" <= text[:4] < "9999":
        raise ValueError(text)
    day, clock, offset = found.groups()
    if clock is None:
        moment = datetime.fromisoformat(day) + (_REST_OF_DAY if end_of_day else timedelta())
    else:
        offset = (offset or "").upper().replace(" ", "+")
        moment = datetime.fromisoformat(f"{day}T{clock}{offset}")
    aware = moment if timezone.is_aware(moment) else timezone.make_aware(moment)
    # PostgreSQL takes no offset of sixteen hours or more.
    return aware.astimezone(UTC)


def _is_number(text: str) -> bool:
    """Whether a text is digits, and so few that neither Python nor PostgreSQL refuse them."""
    return text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS
