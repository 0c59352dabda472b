"""Which of an account's orders its history shows."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from nexotp.lib.spans import DayInput, check_span, span_of
from orders.models.order import OrderQuerySet
from orders.states import SHOWN_AS, Status


class HistoryForm(forms.Form):
    """What cannot be read narrows nothing down."""

    q = forms.CharField(
        label=_("Number, phone, service or country"),
        required=False,
        max_length=60,
        widget=forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false"}),
    )
    status = forms.ChoiceField(
        label=_("Status"),
        required=False,
        choices=[("", _("Every status")), *((each, Status(each).label) for each in SHOWN_AS)],
    )
    since = forms.DateField(label=_("From"), required=False, widget=DayInput())
    until = forms.DateField(label=_("Until"), required=False, widget=DayInput())

    def clean(self) -> dict[str, Any]:
        return check_span(self, super().clean())

    def among(self, orders: OrderQuerySet) -> OrderQuerySet:
        """Return those of one account's orders that are asked for."""
        wanted = self.cleaned_data
        since, until = span_of(wanted)
        orders = orders.placed_between(since, until)
        if status := wanted.get("status"):
            orders = orders.shown_as(status)
        if text := wanted.get("q"):
            orders = orders.matching(text)
        return orders

    @property
    def narrows(self) -> bool:
        """Whether anything less than everything is asked for."""
        return any(self.cleaned_data.values())
