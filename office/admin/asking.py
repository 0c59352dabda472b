"""What the office's own pages ask; how pages ask at all is nexotp.lib.asking's."""

from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from accounts.models import User
from nexotp.lib.asking import ConfirmForm, ReasonForm, ask, ask_for_many
from orders.actions import Outcome

__all__ = ["ConfirmForm", "OutcomeForm", "ReasonForm", "ask", "ask_for_many", "staff_of"]


class OutcomeForm(ReasonForm):
    """What became of a purchase, of what is possible for it."""

    field_order = ("outcome", "reference", "reason")
    outcome = forms.ChoiceField(label=_("What became of it"), widget=UnfoldAdminSelectWidget())
    reference = forms.CharField(
        label=_("The supplier's reference"),
        max_length=80,
        required=False,
        widget=UnfoldAdminTextInputWidget(),
        help_text=_("As the supplier's site shows it. Empty where nothing was bought."),
    )

    def __init__(self, *args: Any, outcomes: list[Outcome], reference: str, **options: Any) -> None:
        super().__init__(*args, **options)
        choices = [(outcome.value, outcome.label) for outcome in outcomes]
        self.fields["outcome"].choices = choices  # type: ignore[attr-defined]
        if reference:
            del self.fields["reference"]


def staff_of(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user
