"""What a request for a webhook may say, checked field by field."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from nexotp.lib.db import release_connection
from nexotp.lib.errors import InvalidRequest
from nexotp.lib.fields import Fields
from webhooks import transport
from webhooks.states import ALL_EVENTS, EventType, PayloadFormat

_REQUIRED = _("This field is required.")
MOST_NAMES = 50


class _Moment(forms.DateTimeInput):
    input_type = "datetime-local"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%dT%H:%M")


@dataclass(frozen=True, slots=True)
class WebhookRequest:
    """Where to send what."""

    url: str
    events: list[str]
    payload_format: PayloadFormat


def read_webhook_request(data: Any) -> WebhookRequest:
    """Return the webhook that a JSON body asks for; its host name is looked up.

    Raises InvalidRequest naming every field that is wrong.
    """
    if not isinstance(data, Mapping):
        raise InvalidRequest(_("The body must be a JSON object."))
    reader = _Reader(data)
    payload_format = reader.payload_format()
    events = reader.events()
    url = reader.endpoint_url()
    reader.check()
    return WebhookRequest(url, events, payload_format)


def read_events(data: Mapping[str, Any]) -> list[str]:
    """Return a choice of events alone. Raises InvalidRequest."""
    reader = _Reader(data)
    events = reader.events()
    reader.check()
    return events


class RangeForm(forms.Form):
    """Which of a webhook's deliveries to send again."""

    since = forms.DateTimeField(label=_("From"), widget=_Moment())
    until = forms.DateTimeField(label=_("Until"), widget=_Moment())
    only_failed = forms.BooleanField(label=_("Only those that failed"), required=False)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if {"since", "until"} <= cleaned.keys() and cleaned["until"] < cleaned["since"]:
            self.add_error("until", _("This is before the beginning."))
        return cleaned


class _Reader(Fields):
    """The fields of one webhook's body."""

    def endpoint_url(self) -> str:
        before = len(self.problems)
        url = (self.text("endpoint_url") or "").strip()
        if len(self.problems) > before:
            return ""
        if not url:
            self.wrong("endpoint_url", "required", _REQUIRED)
            return ""
        release_connection()
        try:
            transport.check(url)
        except transport.UrlRefused as refusal:
            self.wrong("endpoint_url", refusal.code, refusal.message)
        return url

    def payload_format(self) -> PayloadFormat:
        named = self.choice("payloadFormat", PayloadFormat.values)
        return PayloadFormat(named or PayloadFormat.NEXOTP)

    def events(self) -> list[str]:
        """An array, or a text with commas between the names."""
        value = self.data.get("events")
        if isinstance(value, str):
            value = [name for name in value.split(",") if name.strip()]
        if not value and value not in (0, False):
            self.wrong("events", "required", _("Name at least one event, or * for all."))
            return []
        if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
            self.wrong("events", "not_a_list", _("A list of names, or a text with commas."))
            return []
        names = [name.strip() for name in value]
        if len(names) > MOST_NAMES or not set(names) <= {ALL_EVENTS, *EventType.values}:
            self.wrong("events", "unknown", _unknown_event())
            return []
        return names


def _unknown_event() -> str:
    known = ", ".join([*EventType.values, ALL_EVENTS])
    return _("There is no such event. There are: %(known)s.") % {"known": known}
