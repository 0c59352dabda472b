"""Spans of days as people choose them in a form, in the shop's time zone."""

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

# Nothing happened before the first or will after the last; days far beyond them have moments that
# other time zones cannot write.
_FIRST, _LAST = date(1970, 1, 1), date(9000, 1, 1)


class DayInput(forms.DateInput):
    """A day, by the browser's own calendar."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


def check_span(form: forms.Form, cleaned: dict[str, Any] | None) -> dict[str, Any]:
    """Complain where a span of days ends before it begins."""
    cleaned = cleaned or form.cleaned_data
    since, until = cleaned.get("since"), cleaned.get("until")
    if since and until and until < since:
        form.add_error("until", _("This is before the beginning."))
    return cleaned


def span_of(wanted: Mapping[str, Any]) -> tuple[datetime | None, datetime | None]:
    """Return the moments from which and until which days of the shop's time zone last."""
    since, until = wanted.get("since"), wanted.get("until")
    return (
        since and timezone.make_aware(datetime.combine(_within(since), time.min)),
        until and timezone.make_aware(datetime.combine(_within(until), time.max)),
    )


def _within(day: date) -> date:
    return min(max(day, _FIRST), _LAST)
