"""Pages that ask staff something before an act: a link alone changes nothing."""

from collections.abc import Callable, Iterable
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.widgets import UnfoldAdminTextInputWidget

from nexotp.lib.acting import because
from nexotp.lib.errors import Problem

_NAMED = 10
Act = Callable[[dict[str, Any]], "str | Promise"]


class ReasonForm(forms.Form):
    """Why staff steps in; it stands in the ledger, in the order and in the audit afterwards."""

    reason = forms.CharField(label=_("Reason"), max_length=200, widget=UnfoldAdminTextInputWidget())


class ConfirmForm(forms.Form):
    """Nothing to enter: only the button."""

    sure = forms.BooleanField(widget=forms.HiddenInput(), initial=True)


def ask(
    request: HttpRequest,
    *,
    form: forms.Form,
    title: "str | Promise",
    about: "models.Model | str | Promise",
    lines: list[str],
    back: str,
    context: dict[str, Any],
    act: Act,
    hidden: Iterable[tuple[str, str]] = (),
) -> HttpResponse:
    """Show a form, or do what it was sent for; a Problem is shown beside the form.

    `act` takes what was entered and returns what to tell, if anything.
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
    return render(request, "office/ask.html", shown | {"hidden": list(hidden)}, status=status)


def ask_for_many(
    request: HttpRequest,
    rows: "models.QuerySet[Any]",
    *,
    action: str,
    title: "str | Promise",
    context: dict[str, Any],
    act: Act,
) -> HttpResponse:
    """Ask for a reason before a list's action on the ticked rows, which stay ticked meanwhile."""
    is_answer = "asked" in request.POST
    ticked = request.POST.getlist(ACTION_CHECKBOX_NAME)
    named = [str(row) for row in rows[:_NAMED]]
    more = rows.count() - len(named)
    if more > 0:
        named.append(ngettext("and %(n)d more", "and %(n)d more", more) % {"n": more})
    return ask(
        request,
        form=ReasonForm(request.POST if is_answer else None),
        title=title,
        about=title,
        lines=named,
        back=request.get_full_path(),
        context=context,
        act=act,
        hidden=[
            ("asked", "1"),
            ("action", action),
            ("select_across", request.POST.get("select_across", "0")),
            *((ACTION_CHECKBOX_NAME, pk) for pk in ticked),
        ],
    )
