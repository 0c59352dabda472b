"""What people say about an API key of theirs."""

from datetime import datetime, timedelta
from ipaddress import ip_network
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Dialect, Mode, Scope

_MOST_NETWORKS = 20
_DAYS = [
    ("", _("Never")),
    ("30", _("In 30 days")),
    ("90", _("In 90 days")),
    ("365", _("In a year")),
]
_HOURS = [
    ("24", _("In a day")),
    ("168", _("In a week")),
    ("1", _("In an hour")),
    ("0", _("At once")),
]


class KeyForm(forms.Form):
    """A new key."""

    name = forms.CharField(
        label=_("Name"),
        max_length=60,
        help_text=_("What it is for, such as: shop server. Only you see it."),
    )
    mode = forms.ChoiceField(label=_("Works in"), choices=Mode.choices, widget=forms.RadioSelect)
    scopes = forms.MultipleChoiceField(
        label=_("It may"),
        choices=Scope.choices,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one.")},
    )
    days = forms.ChoiceField(label=_("It ends"), choices=_DAYS, required=False)
    dialect = forms.ChoiceField(
        label=_("Programs written for"),
        choices=Dialect.choices,
        initial=Dialect.CLASSIC,
        required=False,
        help_text=_(
            "Only for programs that buy at /stubs/handler_api.php: how they are answered, as the"
            " shop they were written for would. The API at /api/v1/ is the same for every key."
        ),
    )
    networks = forms.CharField(
        label=_("Only from these addresses"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false", "autocapitalize": "none"}),
        help_text=_(
            "One address or network in each line, such as 203.0.113.7 or 203.0.113.0/24."
            " Empty: from everywhere."
        ),
    )

    def clean_name(self) -> str:
        return " ".join(str(self.cleaned_data["name"]).split())

    def clean_networks(self) -> list[str]:
        lines = str(self.cleaned_data["networks"]).replace(",", "\n").split()
        if len(lines) > _MOST_NETWORKS:
            raise forms.ValidationError(
                _("At most %(count)d lines.") % {"count": _MOST_NETWORKS}, code="too_many"
            )
        return [_network(line) for line in lines]

    def expires_at(self, now: datetime) -> datetime | None:
        days = self.cleaned_data["days"]
        return now + timedelta(days=int(days)) if days else None

    def wanted(self, now: datetime) -> dict[str, Any]:
        """Return what was filled in, as the action takes it."""
        return {
            "name": self.cleaned_data["name"],
            "mode": Mode(self.cleaned_data["mode"]),
            "scopes": self.cleaned_data["scopes"],
            "expires_at": self.expires_at(now),
            "dialect": Dialect(self.cleaned_data["dialect"] or Dialect.CLASSIC),
            "allowed_networks": self.cleaned_data["networks"],
        }


class DialectForm(forms.Form):
    """Whose words the handler door speaks to a key."""

    dialect = forms.ChoiceField(label=_("Programs written for"), choices=Dialect.choices)


class RotateForm(forms.Form):
    """How long the old key still works beside the new one."""

    hours = forms.ChoiceField(label=_("The old key ends"), choices=_HOURS, initial="24")

    def overlap(self) -> timedelta:
        return timedelta(hours=int(self.cleaned_data["hours"]))


def _network(line: str) -> str:
    try:
        network = ip_network(line, strict=False)
    except ValueError as error:
        raise forms.ValidationError(
            _("%(line)s is no address and no network.") % {"line": line[:60]}, code="no_network"
        ) from error
    return str(network)
