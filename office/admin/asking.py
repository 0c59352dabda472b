"""Pages that ask staff something before an act: a link alone changes nothing."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from accounts.models import User
from nexotp.lib.acting import because
from nexotp.lib.errors import Problem
from orders.actions import Outcome


class ReasonForm(forms.Form):
    """Why staff steps in; it stands in the ledger, in the order and in the audit afterwards."""

    reason = forms.CharField(label=_("Reason"), max_length=200, widget=UnfoldAdminTextInputWidget())


class ConfirmForm(forms.Form):
    """Nothing to enter: only the button."""

    sure = forms.BooleanField(widget=forms.HiddenInput(), initial=True)


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


def ask(
    request: HttpRequest,
    *,
    form: forms.Form,
    title: "str | Promise",
    about: "models.Model | str | Promise",
    lines: list[str],
    back: str,
    context: dict[str, Any],
    act: Callable[[dict[str, Any]], "str | Promise"],
) -> HttpResponse:
    """Show a form, or do what it was sent for; a Problem is shown beside the form.

    `act` takes what was entered and returns what to tell.
    """
    if request.method == "POST" and form.is_valid():
        try:
            with because(form.cleaned_data.get("reason", "")):
                told = act(form.cleaned_data)
        except Problem as problem:
            form.add_error(None, str(problem.message))
        else:
            if told:
                messages.success(request, str(told))
            return redirect(back)
    shown = context | {"title": title, "form": form, "about": about, "lines": lines, "back": back}
    status = 422 if form.is_bound else 200
    return render(request, "office/ask.html", shown, status=status)
