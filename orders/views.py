"""Buying a number in the browser, and watching its order."""

import re
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import AnonymousUser
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import Mode, User
from catalog.models import ANY_PROVIDER, Country, Service
from catalog.quotes import find_quote
from nexotp.lib.errors import Problem
from nexotp.lib.ids import new_id
from nexotp.lib.pagination import keyset_page
from orders.actions import (
    AccountCoolingDown,
    IdempotencyInProgress,
    IdempotencyKeyReused,
    OrderNotCancellable,
    OrderRequest,
    cancel_order,
    check_cool_down,
    finish_order,
    place_order,
    resend_code,
)
from orders.models import Order
from orders.wording import look_at

_MOST_SERVICES = 30
_PER_PAGE = 20
_KEY = re.compile("buy_[0-9A-Z]{26}")


class PurchaseForm(forms.Form):
    """What the confirmation sends back: what it showed, and the key that makes it count once."""

    provider = forms.CharField(max_length=100)
    max_price = forms.IntegerField(min_value=1)
    key = forms.CharField(max_length=60)


@require_safe
def choose_service(request: HttpRequest) -> HttpResponse:
    """Search what the code is for; the most wanted come first."""
    text = _search_text(request)
    services = Service.objects.visible_in(Mode.LIVE).by_popularity()
    if text:
        services = services.search(text)
    on_sale: Any = services.with_availability(Mode.LIVE, now=timezone.now())
    found = list(on_sale.filter(stock__gt=0)[: _MOST_SERVICES + 1])
    context = {
        "text": text,
        "services": found[:_MOST_SERVICES],
        "has_more": len(found) > _MOST_SERVICES,
    }
    return _page_or_part(request, "orders/choose_service.html", "results", context)


@require_safe
def choose_country(request: HttpRequest, service_code: str) -> HttpResponse:
    """The countries that have numbers for a service, cheapest first."""
    service = _service(service_code)
    text = _search_text(request)
    countries: Any = Country.objects.visible().with_availability(
        Mode.LIVE, service, now=timezone.now()
    )
    if text:
        named = Q(name_en__icontains=text) | Q(name_id__icontains=text)
        countries = countries.filter(named | Q(prefix__startswith=f"+{text.lstrip('+')}"))
    context = {
        "service": service,
        "text": text,
        "countries": countries.filter(stock__gt=0).order_by("price", "name_en"),
    }
    return _page_or_part(request, "orders/choose_country.html", "results", context)


@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, service_code: str, country_code: str) -> HttpResponse:
    """The exact price, and the one button that buys."""
    service = _service(service_code)
    country = get_object_or_404(Country.objects.visible(), code=country_code)
    if request.method == "POST":
        return _buy(request, service, country)
    provider = request.GET.get("provider", ANY_PROVIDER)
    key = request.GET.get("key", "")
    if not _KEY.fullmatch(key):
        # The key is part of the address, so that "back" and "reload" bring the same one.
        return redirect(f"{request.path}?{urlencode({'provider': provider, 'key': new_id('buy')})}")
    return _confirmation(request, service, country, provider=provider, key=key)


def _buy(request: HttpRequest, service: Service, country: Country) -> HttpResponse:
    form = PurchaseForm(request.POST)
    if not form.is_valid():
        return redirect("confirm", service.code, country.code)
    sent = form.cleaned_data
    wanted = OrderRequest(
        service=service,
        country=country,
        provider=sent["provider"],
        max_price=sent["max_price"],
        key=sent["key"],
    )
    try:
        placement = place_order(wanted, user=_customer(request), mode=Mode.LIVE, now=timezone.now())
    except IdempotencyInProgress as problem:
        # The first click is still buying: its page shows how it goes on.
        return redirect("order", (problem.details or {})["orderId"])
    except IdempotencyKeyReused:
        # Bought before, at another price or from another provider.
        return _show_earlier(request, sent["key"])
    except Problem as problem:
        return _confirmation(
            request,
            service,
            country,
            provider=sent["provider"],
            key=new_id("buy"),
            problem=problem,
            price_before=sent["max_price"],
        )
    if placement.is_replay:
        return _show_earlier(request, sent["key"])
    return redirect("order", placement.order.public_id)


def _show_earlier(request: HttpRequest, key: str) -> HttpResponse:
    """Go to the order that this confirmation has bought before."""
    messages.info(request, _("You had bought this already. Nothing was charged again."))
    mine = Order.objects.for_account(_customer(request), Mode.LIVE)
    return redirect("order", get_object_or_404(mine.with_key(key)).public_id)


def _confirmation(
    request: HttpRequest,
    service: Service,
    country: Country,
    *,
    provider: str,
    key: str,
    problem: Problem | None = None,
    price_before: int | None = None,
) -> HttpResponse:
    now = timezone.now()
    offers = find_quote(service, country, mode=Mode.LIVE, now=now).on_sale
    chosen = next((offer for offer in offers if offer.provider_code == provider), None)
    cheapest = offers[0] if offers else None
    offer = chosen or cheapest
    context = {
        "service": service,
        "country": country,
        "offers": offers,
        "cheapest": cheapest,
        "provider": chosen.provider_code if chosen else ANY_PROVIDER,
        "is_gone": provider != ANY_PROVIDER and chosen is None,
        "price": offer.price if offer else None,
        "currency": settings.SHOP_CURRENCY,
        "key": key,
        "problem": problem or _cooling(request, now),
        "price_before": price_before,
    }
    response = _page_or_part(request, "orders/confirm.html", "choice", context)
    response.status_code = 409 if price_before is not None else 200
    return response


def _cooling(request: HttpRequest, now: datetime) -> Problem | None:
    """Tell before the click what the click would be told."""
    try:
        check_cool_down(_customer(request), now)
    except AccountCoolingDown as problem:
        return problem
    return None


@never_cache
@require_safe
def show_order(request: HttpRequest, order_id: str) -> HttpResponse:
    """An order's page. While it is open, its live part asks again whether anything changed."""
    order = _order(request, order_id)
    look = look_at(order, now=timezone.now())
    is_poll = bool(request.headers.get("HX-Request"))
    if is_poll and request.GET.get("seen") == look.mark:
        return HttpResponse(status=204)
    context = {
        "order": order,
        "look": look,
        "messages_received": order.messages.filter(is_late=False).order_by("-pk"),
        "poll_every": "2s" if order.is_open else "",
    }
    return _page_or_part(request, "orders/order.html", "update", context)


def change_of_order(view: "Callable[[HttpRequest, str], HttpResponse]") -> Any:
    """A view that takes POST only; asked for with GET, as after a sign-in, it shows the order."""

    @wraps(view)
    def changing(request: HttpRequest, order_id: str) -> HttpResponse:
        if request.method == "POST":
            return view(request, order_id)
        return redirect("order", order_id)

    return changing


@change_of_order
def cancel(request: HttpRequest, order_id: str) -> HttpResponse:
    def act(order: Order, now: datetime) -> None:
        try:
            cancel_order(order, by=_customer(request), reason="", now=now)
        except OrderNotCancellable as problem:
            raise OrderNotCancellable(
                _("Too late to cancel: a code came first, or the order has ended.")
            ) from problem

    return _change(request, order_id, act, done=_("Cancelled. Your money is back."))


@change_of_order
def resend(request: HttpRequest, order_id: str) -> HttpResponse:
    def act(order: Order, now: datetime) -> None:
        resend_code(order, now=now)

    return _change(
        request, order_id, act, done=_("We asked for another code. Have it sent once more.")
    )


@change_of_order
def finish(request: HttpRequest, order_id: str) -> HttpResponse:
    def act(order: Order, now: datetime) -> None:
        finish_order(order, by=_customer(request), now=now)

    return _change(request, order_id, act, done=_("Finished. Thank you!"))


def _change(
    request: HttpRequest,
    order_id: str,
    act: Callable[[Order, datetime], None],
    *,
    done: "str | Promise",
) -> HttpResponse:
    """Do one thing to an order and go back to its page, which tells how it stands."""
    try:
        act(_order(request, order_id), timezone.now())
    except Problem as problem:
        messages.warning(request, str(problem.message))
    else:
        messages.success(request, str(done))
    return redirect("order", order_id)


@require_safe
def list_orders(request: HttpRequest) -> HttpResponse:
    """Every order of the customer, newest first."""
    mine = Order.objects.for_account(_customer(request), Mode.LIVE)
    page = keyset_page(
        mine.newest_first().select_related("service", "country"),
        before=request.GET.get("before", ""),
        size=_PER_PAGE,
    )
    return render(request, "orders/orders.html", {"page": page})


def _customer(request: HttpRequest) -> User:
    assert not isinstance(request.user, AnonymousUser)
    return request.user


def _order(request: HttpRequest, order_id: str) -> Order:
    """Return the customer's own order; anybody else's does not exist for them."""
    mine = Order.objects.for_account(_customer(request), Mode.LIVE)
    return get_object_or_404(mine.select_related("service", "country"), public_id=order_id)


def _service(code: str) -> Service:
    return get_object_or_404(Service.objects.visible_in(Mode.LIVE), code=code)


def _search_text(request: HttpRequest) -> str:
    return request.GET.get("q", "").replace("\x00", "").strip()[:60]


def _page_or_part(
    request: HttpRequest, template: str, part: str, context: dict[str, Any]
) -> HttpResponse:
    """Answer htmx with the live part of a page, and everybody else with the whole page."""
    is_part = bool(request.headers.get("HX-Request"))
    response = render(request, f"{template}#{part}" if is_part else template, context)
    patch_vary_headers(response, ["HX-Request"])
    return response
