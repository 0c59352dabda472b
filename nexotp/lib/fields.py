"""Reading a request field by field, so that the answer names everything that is wrong at once."""

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from nexotp.lib.errors import FieldProblem, InvalidRequest

_MOST_DIGITS = 18


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


def _is_number(text: str) -> bool:
    """Whether a text is digits, and so few that neither Python nor PostgreSQL refuse them."""
    return text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS
