"""Webhooks in the browser, of the live shop and of the sandbox."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import Mode
from accounts.modes import mode_of
from accounts.people import asks_again
from accounts.people import signed_in as _owner
from nexotp.lib import once
from nexotp.lib.errors import InvalidRequest, Problem
from nexotp.lib.pagination import keyset_page
from webhooks import actions
from webhooks.forms import RangeForm, read_events, read_webhook_request
from webhooks.models import Delivery, Endpoint
from webhooks.states import ALL_EVENTS, DeliveryState, EventType, PayloadFormat

_PER_PAGE = 25
_MOST_ATTEMPTS = 30
# The log is looked at again while something may still change in it.
_POLL_EVERY = "2s"


@require_safe
def list_webhooks(request: HttpRequest) -> HttpResponse:
    """The webhooks of one mode."""
    mode = _mode(request)
    context = {
        "mode": mode,
        "modes": Mode.choices,
        "endpoints": Endpoint.objects.for_account(_owner(request), mode).order_by("-pk"),
    }
    return render(request, "webhooks/webhooks.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@asks_again
def add(request: HttpRequest) -> HttpResponse:
    """Register a webhook; the answer shows its secret, this once."""
    mode = _mode(request)
    if request.method != "POST":
        return _form(request, mode)
    if once.is_repeat(request):
        return _was_done(request, "webhooks")
    sent = {
        "endpoint_url": request.POST.get("endpoint_url", ""),
        "events": request.POST.getlist("events"),
        "payloadFormat": request.POST.get("payloadFormat", ""),
    }
    try:
        wanted = read_webhook_request(sent)
        endpoint, secret = actions.create_endpoint(
            user=_owner(request),
            mode=mode,
            url=wanted.url,
            events=wanted.events,
            payload_format=wanted.payload_format,
            now=timezone.now(),
        )
    except Problem as problem:
        return _form(request, mode, sent=sent, problem=problem)
    return _show_secret(request, endpoint, secret, is_new=True)


def _form(
    request: HttpRequest,
    mode: str,
    *,
    sent: dict[str, Any] | None = None,
    problem: Problem | None = None,
) -> HttpResponse:
    wrong = {each.field: each.message for each in problem.fields} if problem else {}
    context = {
        "mode": mode,
        "once": once.new_token(),
        "sent": sent or {"endpoint_url": "", "events": [ALL_EVENTS], "payloadFormat": ""},
        "event_types": EventType.choices,
        "all_events": ALL_EVENTS,
        "formats": PayloadFormat.choices,
        "wrong_format": wrong.get("payloadFormat"),
        "wrong_url": wrong.get("endpoint_url"),
        "wrong_events": wrong.get("events"),
        "problem": problem if problem and not wrong else None,
        "allows_loopback": settings.WEBHOOK_ALLOW_LOOPBACK,
    }
    return render(request, "webhooks/add.html", context, status=400 if problem else 200)


def _was_done(request: HttpRequest, page: str, *names: str) -> HttpResponse:
    """Answer a form that was sent again; what it showed once is not shown again."""
    messages.info(request, str(_("That was done before. A secret is shown only once.")))
    return redirect(page, *names)


def _show_secret(
    request: HttpRequest, endpoint: Endpoint, secret: str, *, is_new: bool
) -> HttpResponse:
    context = {"endpoint": endpoint, "secret": secret, "is_new": is_new}
    return render(request, "webhooks/secret.html", context)


@never_cache
@require_safe
def show_webhook(request: HttpRequest, webhook_id: str) -> HttpResponse:
    """One webhook, and what was sent to it; the log follows what happens."""
    endpoint = _endpoint(request, webhook_id)
    before = request.GET.get("before", "")
    newest_first = Delivery.objects.filter(endpoint=endpoint).order_by("-pk")
    page = keyset_page(newest_first.with_log(most=1), before=before, size=_PER_PAGE)
    mark = _mark(endpoint, page.rows)
    is_poll = bool(request.headers.get("HX-Request"))
    if is_poll and request.GET.get("seen") == mark:
        return HttpResponse(status=204)
    context = {
        "endpoint": endpoint,
        "page": page,
        "mark": mark,
        "poll_every": _POLL_EVERY if page.is_newest else "",
        "event_types": EventType.choices,
        "all_events": ALL_EVENTS,
        "range": RangeForm(),
        "once": once.new_token(),
    }
    template = "webhooks/webhook.html"
    response = render(request, f"{template}#log" if is_poll else template, context)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _mark(endpoint: Endpoint, rows: list[Delivery]) -> str:
    """Return what changes whenever the log's page does."""
    tries = sum(row.failure_count for row in rows)
    done = sum(row.state != DeliveryState.QUEUED for row in rows)
    newest = rows[0].pk if rows else 0
    failing = endpoint.failing_since is not None
    return f"{newest}-{tries}-{done}-{endpoint.state}-{failing:d}"


@require_safe
def show_delivery(request: HttpRequest, delivery_id: str) -> HttpResponse:
    """One delivery: what was sent, attempt by attempt, and what came back."""
    delivery = _delivery(request, delivery_id)
    context = {
        "delivery": delivery,
        "endpoint": delivery.endpoint,
        "body": bytes(delivery.event.payload).decode(),
        "attempts": delivery.attempts.order_by("-pk")[:_MOST_ATTEMPTS],
    }
    return render(request, "webhooks/delivery.html", context)


def change_of_webhook(view: "Callable[[HttpRequest, Endpoint], HttpResponse]") -> Any:
    """A view that takes POST only; asked for with GET, as after a sign-in, it shows the webhook."""

    @wraps(view)
    def changing(request: HttpRequest, webhook_id: str) -> HttpResponse:
        if request.method != "POST":
            return redirect("webhook", webhook_id)
        try:
            return view(request, _endpoint(request, webhook_id))
        except Problem as problem:
            return _refused(request, webhook_id, problem)

    return changing


def _refused(request: HttpRequest, webhook_id: str, problem: Problem) -> HttpResponse:
    said = [str(each.message) for each in problem.fields] or [str(problem.message)]
    messages.warning(request, " ".join(said))
    return redirect("webhook", webhook_id)


def _done(request: HttpRequest, endpoint: Endpoint, words: "str | Promise") -> HttpResponse:
    messages.success(request, str(words))
    return redirect("webhook", endpoint.public_id)


@change_of_webhook
def choose_events(request: HttpRequest, endpoint: Endpoint) -> HttpResponse:
    wanted = read_events({"events": request.POST.getlist("events")})
    actions.choose_events(endpoint, wanted)
    return _done(request, endpoint, _("The choice of events is saved."))


@change_of_webhook
def test(request: HttpRequest, endpoint: Endpoint) -> HttpResponse:
    actions.send_test(endpoint, now=timezone.now())
    return _done(request, endpoint, _("A test event is on its way."))


@change_of_webhook
def pause(request: HttpRequest, endpoint: Endpoint) -> HttpResponse:
    actions.pause_endpoint(endpoint)
    return _done(request, endpoint, _("Paused. What happens is kept until you let it go on."))


@change_of_webhook
def enable(request: HttpRequest, endpoint: Endpoint) -> HttpResponse:
    actions.enable_endpoint(endpoint)
    return _done(request, endpoint, _("This webhook gets events."))


@never_cache
@asks_again
@change_of_webhook
def rotate(request: HttpRequest, endpoint: Endpoint) -> HttpResponse:
    if once.is_repeat(request):
        return _was_done(request, "webhook", endpoint.public_id)
    secret = actions.rotate_secret(endpoint, now=timezone.now())
    return _show_secret(request, endpoint, secret, is_new=False)


@change_of_webhook
def delete(request: HttpRequest, endpoint: Endpoint) -> HttpResponse:
    actions.delete_endpoint(endpoint)
    messages.success(request, str(_("The webhook is deleted.")))
    response = redirect("webhooks")
    if endpoint.mode != Mode.LIVE:
        response["Location"] += f"?mode={endpoint.mode}"
    return response


@change_of_webhook
def send_range_again(request: HttpRequest, endpoint: Endpoint) -> HttpResponse:
    form = RangeForm(request.POST)
    if not form.is_valid():
        raise InvalidRequest(_("Give a time to begin with, and one after it to end with."))
    count = actions.redeliver_range(endpoint, **form.cleaned_data, now=timezone.now())
    said = ngettext(
        "%(count)d delivery is sent again.", "%(count)d deliveries are sent again.", count
    )
    return _done(request, endpoint, said % {"count": count})


def send_again(request: HttpRequest, delivery_id: str) -> HttpResponse:
    """Send one event once more and go back to it."""
    if request.method == "POST":
        try:
            actions.redeliver(_delivery(request, delivery_id), now=timezone.now())
        except Problem as problem:
            messages.warning(request, str(problem.message))
        else:
            messages.success(request, str(_("The event is on its way once more.")))
    return redirect("delivery", delivery_id)


def _mode(request: HttpRequest) -> str:
    """Return what the address asks for, or what the session looks at."""
    asked = request.GET.get("mode", "")
    return asked if asked in Mode.values else mode_of(request)


def _endpoint(request: HttpRequest, webhook_id: str) -> Endpoint:
    """Return the owner's own webhook, of either mode; anybody else's does not exist for them."""
    mine = Endpoint.objects.kept().filter(user=_owner(request))
    return get_object_or_404(mine, public_id=webhook_id)


def _delivery(request: HttpRequest, delivery_id: str) -> Delivery:
    mine = Delivery.objects.filter(
        event__user=_owner(request), endpoint__in=Endpoint.objects.kept()
    )
    return get_object_or_404(mine.select_related("event", "endpoint"), public_id=delivery_id)
