"""Buying a number: what for, where, from whom, at which price."""

import re
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.conf import settings
from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.modes import mode_of
from catalog.models import ANY_PROVIDER, Country, Service
from catalog.quotes import find_quote
from nexotp.lib.errors import Problem
from nexotp.lib.ids import new_id
from orders.actions import (
    AccountCoolingDown,
    IdempotencyInProgress,
    IdempotencyKeyReused,
    OrderRequest,
    check_cool_down,
    place_order,
)
from orders.models import Order
from orders.views.parts import customer_of, page_or_part

_MOST_SERVICES = 30


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
    services = Service.objects.visible_in(mode_of(request)).by_popularity()
    if text:
        services = services.search(text)
    on_sale: Any = services.with_availability(mode_of(request), now=timezone.now())
    found = list(on_sale.filter(stock__gt=0)[: _MOST_SERVICES + 1])
    context = {
        "text": text,
        "services": found[:_MOST_SERVICES],
        "has_more": len(found) > _MOST_SERVICES,
    }
    return page_or_part(request, "orders/choose_service.html", "results", context)


@require_safe
def choose_country(request: HttpRequest, service_code: str) -> HttpResponse:
    """The countries that have numbers for a service, cheapest first."""
    service = _service(request, service_code)
    text = _search_text(request)
    countries: Any = Country.objects.visible().with_availability(
        mode_of(request), service, now=timezone.now()
    )
    if text:
        named = Q(name_en__icontains=text) | Q(name_id__icontains=text)
        countries = countries.filter(named | Q(prefix__startswith=f"+{text.lstrip('+')}"))
    context = {
        "service": service,
        "text": text,
        "countries": countries.filter(stock__gt=0).order_by("price", "name_en"),
    }
    return page_or_part(request, "orders/choose_country.html", "results", context)


@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, service_code: str, country_code: str) -> HttpResponse:
    """The exact price, and the one button that buys."""
    service = _service(request, service_code)
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
        placement = place_order(
            wanted, user=customer_of(request), mode=mode_of(request), now=timezone.now()
        )
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
    mine = Order.objects.for_account(customer_of(request), mode_of(request))
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
    offers = find_quote(service, country, mode=mode_of(request), now=now).on_sale
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
    response = page_or_part(request, "orders/confirm.html", "choice", context)
    response.status_code = 409 if price_before is not None else 200
    return response


def _cooling(request: HttpRequest, now: datetime) -> Problem | None:
    """Tell before the click what the click would be told."""
    try:
        check_cool_down(customer_of(request), now)
    except AccountCoolingDown as problem:
        return problem
    return None


def _service(request: HttpRequest, code: str) -> Service:
    return get_object_or_404(Service.objects.visible_in(mode_of(request)), code=code)


def _search_text(request: HttpRequest) -> str:
    return request.GET.get("q", "").replace("\x00", "").strip()[:60]
