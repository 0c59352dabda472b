"""The exact price, and the one button that buys: one number, or several at once."""

import re
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from accounts.models import Mode
from accounts.modes import mode_of
from accounts.terms import TermsNotAccepted, must_agree
from catalog.models import ANY_PROVIDER, Country, Offer, Service
from catalog.quotes import find_quote
from nexotp.lib.errors import Problem
from nexotp.lib.ids import new_id
from orders.actions import (
    MOST_AT_ONCE,
    AccountCoolingDown,
    BatchOutcome,
    IdempotencyInProgress,
    IdempotencyKeyReused,
    OrderRequest,
    check_cool_down,
    place_order,
    place_several,
)
from orders.models import Order
from orders.views.batches import remember_batch
from orders.views.parts import customer_of, page_or_part, visible_service
from wallet.actions import open_wallet

_KEY = re.compile("buy_[0-9A-Z]{26}")


class ModeChanged(Problem):
    code = "mode_changed"
    status = 409
    message = _("You changed between the shop and the sandbox in another tab.")


# Any provider, those that deliver best first; no provider's code has a colon.
BEST_DELIVERY = "any:delivery"


class PurchaseForm(forms.Form):
    """What the confirmation sends back: what it showed, and the key that makes it count once.

    The key is part of the address of what was bought with it, so it holds what addresses do.
    """

    mode = forms.ChoiceField(choices=Mode.choices)
    provider = forms.CharField(max_length=100)
    max_price = forms.IntegerField(min_value=1)
    quantity = forms.IntegerField(min_value=1, max_value=MOST_AT_ONCE, required=False)
    key = forms.RegexField(r"\A[A-Za-z0-9_]{1,60}\Z")


@dataclass(frozen=True, slots=True)
class Choice:
    """What somebody wants to buy, and the key of their confirmation."""

    service: Service
    country: Country
    provider: str
    quantity: int
    key: str

    def request(self, max_price: int) -> OrderRequest:
        is_best = self.provider == BEST_DELIVERY
        return OrderRequest(
            service=self.service,
            country=self.country,
            provider=ANY_PROVIDER if is_best else self.provider,
            best_delivery=is_best,
            max_price=max_price,
            key=self.key,
        )


@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, service_code: str, country_code: str) -> HttpResponse:
    """Show what it costs and where it comes from, and buy when asked to."""
    service = visible_service(request, service_code)
    country = get_object_or_404(Country.objects.visible(), code=country_code)
    if request.method == "POST":
        return _buy(request, service, country)
    provider = request.GET.get("provider", ANY_PROVIDER)
    quantity = _read_quantity(request.GET.get("quantity", ""))
    key = request.GET.get("key", "")
    if not _KEY.fullmatch(key):
        # The key is part of the address, so that "back" and "reload" bring the same one.
        query = {"provider": provider, "quantity": quantity, "key": new_id("buy")}
        return redirect(f"{request.path}?{urlencode(query)}")
    return _confirmation(request, Choice(service, country, provider, quantity, key))


def _read_quantity(typed: str) -> int:
    if not (typed.isascii() and typed.isdigit() and len(typed) <= 4):
        return 1
    return min(max(1, int(typed)), MOST_AT_ONCE)


# ---- buying -----------------------------------------------------------------------------------


def _buy(request: HttpRequest, service: Service, country: Country) -> HttpResponse:
    form = PurchaseForm(request.POST)
    if not form.is_valid():
        return redirect("confirm", service.code, country.code)
    sent = form.cleaned_data
    quantity = sent["quantity"] or 1
    choice = Choice(service, country, sent["provider"], quantity, sent["key"])
    if sent["mode"] != mode_of(request):
        # Play money was agreed to, and real money would be spent, or the other way round.
        return _ask_again(request, choice, ModeChanged(), price_before=sent["max_price"])
    if (unagreed := _terms(request)) is not None:
        return _ask_again(request, choice, unagreed, price_before=sent["max_price"])
    if quantity > 1:
        return _buy_several(request, choice, max_price=sent["max_price"])
    try:
        placement = place_order(
            choice.request(sent["max_price"]),
            user=customer_of(request),
            mode=mode_of(request),
            now=timezone.now(),
        )
    except IdempotencyInProgress as problem:
        # The first click is still buying: its page shows how it goes on.
        return redirect("order", (problem.details or {})["orderId"])
    except IdempotencyKeyReused:
        # Bought before, at another price or from another provider.
        return _show_earlier(request, choice.key)
    except Problem as problem:
        return _ask_again(request, choice, problem, price_before=sent["max_price"])
    if placement.is_replay:
        return _show_earlier(request, choice.key)
    return redirect("order", placement.order.public_id)


def _buy_several(request: HttpRequest, choice: Choice, *, max_price: int) -> HttpResponse:
    outcomes = place_several(
        choice.request(max_price),
        count=choice.quantity,
        user=customer_of(request),
        mode=mode_of(request),
        now=timezone.now(),
    )
    problems = [each.problem for each in outcomes if not each.is_taken and each.problem]
    if len(problems) == len(outcomes):
        return _ask_again(request, choice, problems[0], price_before=max_price)
    if not any(each.is_new for each in outcomes):
        messages.info(request, _("You had bought these already. Nothing was charged again."))
    _note(request, choice, outcomes, problems)
    return redirect("batch", choice.key)


def _note(
    request: HttpRequest, choice: Choice, outcomes: list[BatchOutcome], problems: list[Problem]
) -> None:
    """Keep for the batch's page what no order can tell: why others were not bought."""
    reasons = Counter(problem.code for problem in problems)
    remember_batch(request, choice.key, asked=len(outcomes), reasons=reasons)


def _show_earlier(request: HttpRequest, key: str) -> HttpResponse:
    """Go to the order that this confirmation has bought before."""
    messages.info(request, _("You had bought this already. Nothing was charged again."))
    mine = Order.objects.for_account(customer_of(request), mode_of(request))
    return redirect("order", get_object_or_404(mine.with_key(key)).public_id)


def _ask_again(
    request: HttpRequest, choice: Choice, problem: Problem, *, price_before: int
) -> HttpResponse:
    """Say why nothing was bought; what is asked now is a new question, with a new key."""
    anew = Choice(choice.service, choice.country, choice.provider, choice.quantity, new_id("buy"))
    return _confirmation(request, anew, problem=problem, price_before=price_before)


# ---- the confirmation -------------------------------------------------------------------------


def _confirmation(
    request: HttpRequest,
    choice: Choice,
    *,
    problem: Problem | None = None,
    price_before: int | None = None,
) -> HttpResponse:
    now = timezone.now()
    offers, surest = _offers(request, choice, now)
    cheapest = offers[0] if offers else None
    ways = {ANY_PROVIDER: cheapest, BEST_DELIVERY: surest}
    ways |= {offer.provider_code: offer for offer in offers}
    is_gone = ways.get(choice.provider) is None
    provider = ANY_PROVIDER if is_gone else choice.provider
    offer = ways[provider]
    price = offer.price if offer else None
    context = {
        "service": choice.service,
        "country": choice.country,
        "offers": sorted(offers, key=lambda offer: (offer.price or 0, offer.provider_code)),
        "cheapest": cheapest,
        "surest": surest,
        "provider": provider,
        "best_delivery": BEST_DELIVERY,
        "is_gone": is_gone and cheapest is not None,
        "price": price,
        "currency": settings.SHOP_CURRENCY,
        "key": choice.key,
        "problem": problem or _terms(request) or _cooling(request, now),
        "price_before": price_before,
        **_quantities(request, choice.quantity, price),
    }
    response = page_or_part(request, "orders/confirm.html", "choice", context)
    response.status_code = 409 if price_before is not None else 200
    return response


def _offers(
    request: HttpRequest, choice: Choice, now: datetime
) -> tuple[list[Offer], Offer | None]:
    """Return what is on sale, the first in price first, and what is likeliest to deliver."""
    asking: dict[str, Any] = {"user": customer_of(request), "mode": mode_of(request), "now": now}
    by_price = find_quote(choice.service, choice.country, **asking)
    by_delivery = find_quote(choice.service, choice.country, **asking, by_delivery=True)
    return by_price.on_sale, next(iter(by_delivery.on_sale), None)


def _quantities(request: HttpRequest, wanted: int, price: int | None) -> dict[str, Any]:
    """Return how many can be bought, what they cost together, and what sets the limit."""
    user, mode = customer_of(request), mode_of(request)
    if price is None:
        return {"quantity": 1, "most": 1, "total": None, "limit": ""}
    affordable = (open_wallet(user=user, mode=mode).balance or 0) // price
    room = user.plan.max_open_orders - Order.objects.for_account(user, mode).open().count()
    most = max(1, min(MOST_AT_ONCE, affordable, room))
    limits = {affordable: "balance", room: "plan", MOST_AT_ONCE: "usual"}
    quantity = min(wanted, most)
    return {
        "quantity": quantity,
        "fewer": max(1, quantity - 1),
        "more": min(most, quantity + 1),
        "most": most,
        "is_fewer_than_asked": quantity < wanted,
        "total": quantity * price,
        "limit": limits.get(most, "balance" if affordable < room else "plan"),
    }


def _terms(request: HttpRequest) -> Problem | None:
    """Real money is spent under the terms that are in force; play money needs none."""
    asks = mode_of(request) == Mode.LIVE and must_agree(customer_of(request))
    return TermsNotAccepted() if asks else None


def _cooling(request: HttpRequest, now: datetime) -> Problem | None:
    """Tell before the click what the click would be told."""
    if mode_of(request) != Mode.LIVE:
        return None
    try:
        check_cool_down(customer_of(request), now)
    except AccountCoolingDown as problem:
        return problem
    return None
