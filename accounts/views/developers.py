"""What developers need besides the reference: their keys, and how much they call."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts import actions
from accounts.chart import draw_usage
from accounts.forms.keys import DialectForm, KeyForm, RotateForm
from accounts.models import ApiKey, Dialect, Scope
from accounts.modes import mode_of
from accounts.people import asks_again, signed_in
from accounts.usage import BUCKETS, requests_by_day
from nexotp.lib import once
from nexotp.lib.errors import Problem

_USAGE_DAYS = 30
# Ended keys are listed so long.
_REMEMBERED = timedelta(days=30)


@never_cache
@require_safe
def list_keys(request: HttpRequest) -> HttpResponse:
    """The keys of the mode that this session looks at."""
    now = timezone.now()
    mode = mode_of(request)
    keys = ApiKey.objects.filter(user=signed_in(request), mode=mode).order_by("-pk")
    context = {
        "tab": "keys",
        "keys": keys.usable(now),
        "ended": keys.ended_since(now - _REMEMBERED, now),
        "now": now,
    }
    return render(request, "developers/keys.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@asks_again
def add_key(request: HttpRequest) -> HttpResponse:
    """Make a key; the answer shows it, this once."""
    if request.method != "POST":
        every = {"mode": mode_of(request), "scopes": list(Scope.values)}
        return _form(request, KeyForm(initial=every))
    if once.is_repeat(request):
        return _was_done(request, "developers")
    form = KeyForm(request.POST)
    if not form.is_valid():
        return _form(request, form, status=400)
    try:
        row, key = actions.create_api_key(user=signed_in(request), **form.wanted(timezone.now()))
    except Problem as problem:
        form.add_error(None, str(problem.message))
        return _form(request, form, status=409)
    return _show_new(request, row, key)


def _form(request: HttpRequest, form: KeyForm, *, status: int = 200) -> HttpResponse:
    context = {"form": form, "once": once.new_token(), "tab": "keys"}
    return render(request, "developers/add_key.html", context, status=status)


def _was_done(request: HttpRequest, page: str, *names: str) -> HttpResponse:
    """Answer a form that was sent again; what it showed once is not shown again."""
    messages.info(request, str(_("That was done before. A key is shown only once.")))
    return redirect(page, *names)


def _show_new(
    request: HttpRequest, row: ApiKey, key: str, *, old: ApiKey | None = None
) -> HttpResponse:
    context = {"row": row, "key": key, "old": old}
    return render(request, "developers/new_key.html", context)


@never_cache
@require_safe
def show_key(request: HttpRequest, key_id: str) -> HttpResponse:
    """One key, and how to end it."""
    key = _key(request, key_id)
    context: dict[str, Any] = {
        "key": key,
        "ended_as": key.ended_as(timezone.now()),
        "scopes": [label for value, label in Scope.choices if value in key.scopes],
        "rotate": RotateForm(),
        "dialect": DialectForm(initial={"dialect": key.dialect}),
        "once": once.new_token(),
        "tab": "keys",
    }
    return render(request, "developers/key.html", context)


@never_cache
@asks_again
def rotate_key(request: HttpRequest, key_id: str) -> HttpResponse:
    """Make a key that may do the same; the answer shows it, this once."""
    key = _key(request, key_id)
    form = RotateForm(request.POST)
    # Asked for with GET, as after confirming the password.
    if request.method != "POST" or not form.is_valid():
        return redirect("key", key_id)
    if once.is_repeat(request):
        return _was_done(request, "key", key_id)
    try:
        row, text = actions.rotate_api_key(key, overlap=form.overlap(), now=timezone.now())
    except Problem as problem:
        messages.warning(request, str(problem.message))
        return redirect("key", key_id)
    key.refresh_from_db()
    return _show_new(request, row, text, old=key)


def choose_dialect(request: HttpRequest, key_id: str) -> HttpResponse:
    """Change how the handler door answers a key."""
    key = _key(request, key_id)
    form = DialectForm(request.POST)
    if request.method == "POST" and form.is_valid():
        actions.choose_dialect(key, Dialect(form.cleaned_data["dialect"]))
        messages.success(request, str(_("Saved.")))
    return redirect("key", key_id)


def revoke_key(request: HttpRequest, key_id: str) -> HttpResponse:
    """End a key at once. No password is asked: whoever lost a key must be quick."""
    key = _key(request, key_id)
    if request.method != "POST":
        return redirect("key", key_id)
    actions.revoke_api_key(key, now=timezone.now())
    messages.success(request, str(_("The key is revoked. Nobody can use it any more.")))
    return redirect("developers")


@never_cache
@require_safe
def show_usage(request: HttpRequest) -> HttpResponse:
    """How many calls the account made, by day and bucket."""
    user, mode = signed_in(request), mode_of(request)
    until = timezone.localdate()
    since = until - timedelta(days=_USAGE_DAYS - 1)
    counts = requests_by_day(user, mode, since=since, until=until)
    days = [since + timedelta(days=number) for number in range(_USAGE_DAYS)]
    context = {
        "tab": "usage",
        "chart": draw_usage(counts, days, BUCKETS),
        "limits": [user.plan.bucket(name) for name in BUCKETS],
        "plan": user.plan,
    }
    return render(request, "developers/usage.html", context)


def _key(request: HttpRequest, key_id: str) -> ApiKey:
    """Return the owner's own key; anybody else's does not exist for them."""
    return get_object_or_404(ApiKey, user=signed_in(request), public_id=key_id)
