"""Topping up: how much and how, paying, showing proof, and how it stands."""

import secrets
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.http import HttpResponseClientRefresh

from accounts.models import Mode
from accounts.modes import mode_of
from nexotp.lib.errors import Problem
from wallet import proofs
from wallet.actions import (
    GatewayAway,
    add_proof,
    cancel_top_up,
    note_return,
    open_top_up,
    start_payment,
)
from wallet.forms import ProofForm, TopUpForm, read_amount
from wallet.models import PaymentMethod, Proof, TopUp
from wallet.models.top_ups import ProofKind
from wallet.states import TopUpState
from wallet.views.parts import owner_of
from wallet.waking import wake

_POLL_EVERY = {True: "15s", False: "3s"}


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def top_up(request: HttpRequest) -> HttpResponse:
    """How much to pay in, and how; `?amount=` suggests one."""
    if mode_of(request) == Mode.SANDBOX:
        text = _("The sandbox has play money. Fill it up here, or go back to the shop to pay in.")
        messages.info(request, str(text))
        return redirect("wallet")
    methods = PaymentMethod.objects.on_offer()
    if request.method != "POST":
        return _form(request, methods)
    form = TopUpForm(request.POST, methods=methods)
    if not form.is_valid():
        return _form(request, methods, form=form)
    sent = form.cleaned_data
    try:
        opened = open_top_up(
            user=owner_of(request),
            method=sent["method"],
            asked=sent["amount"],
            form_key=sent["key"],
            language=get_language() or "",
            now=timezone.now(),
        )
    except Problem as problem:
        return _form(request, methods, form=form, problem=problem)
    _start(request, opened)
    return redirect("show_top_up", opened.public_id)


def _form(
    request: HttpRequest,
    methods: Any,
    *,
    form: TopUpForm | None = None,
    problem: Problem | None = None,
) -> HttpResponse:
    found = list(methods)
    chosen = form["method"].value() if form else None
    context = {
        "methods": found,
        "form": form,
        "problem": problem,
        "key": (form and form["key"].value()) or secrets.token_urlsafe(12),
        "amount": form["amount"].value() if form else _suggested(request),
        "chosen": chosen or (found[0].code if found else ""),
        "presets": settings.TOP_UP_PRESETS,
        "currency": settings.SHOP_CURRENCY,
        "least": settings.TOP_UP_MIN,
        "most": settings.TOP_UP_MAX,
    }
    status = problem.status if problem else 400 if form else 200
    return render(request, "wallet/top_up.html", context, status=status)


def _suggested(request: HttpRequest) -> int | str:
    """Return the amount that a page which leads here says is missing, if it can be paid in."""
    amount = read_amount(request.GET.get("amount", "")[:20], settings.SHOP_CURRENCY)
    if amount is None:
        return ""
    return max(amount, settings.TOP_UP_MIN) if amount <= settings.TOP_UP_MAX else ""


def _start(request: HttpRequest, opened: TopUp) -> None:
    """Have the payment made; if the gateway is away, its page offers to ask again."""
    page = reverse("show_top_up", args=[opened.public_id])
    try:
        start_payment(
            opened,
            return_url=request.build_absolute_uri(f"{page}?back=1"),
            callback_url=request.build_absolute_uri(
                reverse("payment_callback", args=[opened.method.code])
            ),
        )
    except GatewayAway as problem:
        messages.warning(request, str(problem.message))


@never_cache
@require_safe
def show_top_up(request: HttpRequest, top_up_id: str) -> HttpResponse:
    """How a top-up stands; while it waits, its live part asks again whether anything changed."""
    shown = _own(request, top_up_id)
    if request.GET.get("back") and note_return(shown, now=timezone.now()):
        wake()
    mark = f"{shown.state}{shown.review}{shown.proof_count}{bool(shown.payment_url)}"
    is_poll = bool(request.headers.get("HX-Request"))
    if is_poll and request.GET.get("seen") == mark:
        return HttpResponse(status=204)
    if is_poll and shown.state == TopUpState.CONFIRMED:
        # The balance stands on the page in other places as well.
        return HttpResponseClientRefresh()
    return _page(request, shown, mark=mark, part="#update" if is_poll else "")


def _page(
    request: HttpRequest,
    shown: TopUp,
    *,
    mark: str = "",
    part: str = "",
    proof_form: ProofForm | None = None,
) -> HttpResponse:
    context = {
        "top_up": shown,
        "method": shown.method,
        "mark": mark,
        "poll_every": _POLL_EVERY[shown.is_manual] if shown.is_pending else "",
        "is_back": bool(request.GET.get("back")),
        "proof_form": proof_form,
        "proofs": shown.proofs.order_by("pk") if shown.proof_count else (),
        "accepted": proofs.ACCEPTED,
        "most_megabytes": settings.PROOF_MAX_BYTES // (1024 * 1024),
        "seconds_left": shown.seconds_left(timezone.now()),
    }
    status = 400 if proof_form else 200
    response = render(request, f"wallet/show_top_up.html{part}", context, status=status)
    patch_vary_headers(response, ["HX-Request"])
    return response


def change_of_top_up(
    view: Callable[[HttpRequest, TopUp], HttpResponse],
) -> Callable[[HttpRequest, str], HttpResponse]:
    """A view that takes POST only; asked for with GET, as after a sign-in, it shows the top-up."""

    @wraps(view)
    def changing(request: HttpRequest, top_up_id: str) -> HttpResponse:
        if request.method != "POST":
            return redirect("show_top_up", top_up_id)
        return view(request, _own(request, top_up_id))

    return changing


@change_of_top_up
def pay(request: HttpRequest, shown: TopUp) -> HttpResponse:
    """Ask the gateway once more for a payment that it did not answer about."""
    _start(request, shown)
    return redirect("show_top_up", shown.public_id)


@change_of_top_up
def cancel(request: HttpRequest, shown: TopUp) -> HttpResponse:
    try:
        ended = cancel_top_up(shown, now=timezone.now())
    except Problem as problem:
        messages.warning(request, str(problem.message))
    else:
        if ended.credited is None:
            messages.success(request, str(_("The top-up was cancelled. Nothing was charged.")))
    return redirect("show_top_up", shown.public_id)


@change_of_top_up
def send_proof(request: HttpRequest, shown: TopUp) -> HttpResponse:
    form = ProofForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, shown, proof_form=form)
    try:
        add_proof(shown, form.cleaned_data["proof"], now=timezone.now())
    except Problem as problem:
        messages.warning(request, str(problem.message))
    else:
        messages.success(request, str(_("Thank you. We look at it and write to you.")))
    return redirect("show_top_up", shown.public_id)


@never_cache
@require_safe
def show_proof(request: HttpRequest, proof_id: int) -> HttpResponseBase:
    """A proof, for its owner and for staff who may see top-ups; nothing in it is ever run."""
    person = owner_of(request)
    visible = Proof.objects.all()
    if not person.has_perm("wallet.view_proof"):
        visible = visible.filter(top_up__user=person)
    proof = get_object_or_404(visible.select_related("top_up"), pk=proof_id)
    try:
        with proof.file.open() as file:
            content = file.read()
    except FileNotFoundError as error:
        raise Http404 from error
    # Viewers of PDFs run scripts of their own; what is only saved runs none here.
    shown_as = "attachment" if proof.kind == ProofKind.PDF else "inline"
    return HttpResponse(
        content,
        content_type=proofs.CONTENT_TYPES[ProofKind(proof.kind)],
        headers={
            "Content-Disposition": f'{shown_as}; filename="proof-{proof.pk}.{proof.kind}"',
            "Content-Security-Policy": "default-src 'none'; img-src 'self'; sandbox",
            "Cross-Origin-Resource-Policy": "same-origin",
            "X-Content-Type-Options": "nosniff",
        },
    )


def _own(request: HttpRequest, top_up_id: str) -> TopUp:
    """Return the buyer's own top-up; anybody else's does not exist for them."""
    mine = TopUp.objects.of(owner_of(request))
    return get_object_or_404(mine.select_related("method", "user"), public_id=top_up_id)
