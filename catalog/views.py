"""The shop window: what anybody may see of services, countries and prices."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.models import Mode, User
from catalog.account_prices import AccountPrices, prices_for
from catalog.models import Country, Service, ServicePicture
from catalog.shelf import (
    ShelfCountry,
    countries_on_sale,
    priced,
    search_services,
    services_in,
    services_on_sale,
)
from nexotp.lib.pages import addresses_of, page_or_part, public_page, search_text

_MOST_ON_LANDING = 8
# Where most customers are; its numbers come first.
_HOME = "id"
_MOST_IN_LIST = 60


@public_page
def landing(request: HttpRequest) -> HttpResponse:
    """What the shop is, with its prices; customers go on to buying."""
    if request.user.is_authenticated:
        return redirect("buy")
    text = search_text(request)
    found = search_services(text)
    countries = countries_on_sale()
    context = {
        "text": text,
        "services": found[:_MOST_ON_LANDING],
        "more_count": max(len(found) - _MOST_ON_LANDING, 0),
        "count": len(found),
        "service_count": len(services_on_sale()),
        "countries": _best_stocked(countries)[:_MOST_ON_LANDING],
        "country_count": len(countries),
        "lowest": countries[0].price if countries else None,
        "currency": settings.SHOP_CURRENCY,
        **addresses_of(request),
    }
    return page_or_part(request, "catalog/landing.html", "results", context)


def _prices_of(request: HttpRequest) -> AccountPrices:
    user = request.user if isinstance(request.user, User) else None
    return prices_for(user, now=timezone.now())


def _best_stocked(countries: tuple[ShelfCountry, ...]) -> list[ShelfCountry]:
    return sorted(countries, key=lambda shelf: (shelf.country.code != _HOME, -shelf.stock))


@public_page
def prices(request: HttpRequest) -> HttpResponse:
    """Every service with its lowest price, and every country."""
    text, own = search_text(request), _prices_of(request)
    found = search_services(text)
    is_whole = "all" in request.GET
    context = {
        "text": text,
        "services": priced(found if is_whole else found[:_MOST_IN_LIST], own),
        "count": len(found),
        "has_more": not is_whole and len(found) > _MOST_IN_LIST,
        "countries": countries_on_sale(None, own),
        "currency": settings.SHOP_CURRENCY,
        **addresses_of(request),
    }
    return page_or_part(request, "catalog/prices.html", "results", context)


@public_page
def service_prices(request: HttpRequest, service_code: str) -> HttpResponse:
    """What a service costs in each country."""
    service = get_object_or_404(Service.objects.visible_in(Mode.LIVE), code=service_code)
    countries = countries_on_sale(service.code, _prices_of(request))
    context = {
        "service": service,
        "countries": countries,
        "lowest": countries[0].price if countries else None,
        "currency": settings.SHOP_CURRENCY,
        **addresses_of(request),
    }
    return render(request, "catalog/service_prices.html", context)


@public_page
def country_prices(request: HttpRequest, country_code: str) -> HttpResponse:
    """What each service costs in a country."""
    country = get_object_or_404(Country.objects.visible(), code=country_code)
    services = services_in(country.code, _prices_of(request))
    context = {
        "country": country,
        "services": services,
        "lowest": min((service.price for service in services), default=None),
        "currency": settings.SHOP_CURRENCY,
        **addresses_of(request),
    }
    return render(request, "catalog/country_prices.html", context)


@login_not_required
@require_safe
def service_picture(request: HttpRequest, code: str, digest: str) -> HttpResponse:
    """A picture that staff sent in; its address never means another one."""
    picture = get_object_or_404(ServicePicture, service__code=code, digest=digest)
    response = HttpResponse(bytes(picture.png), content_type="image/png")
    response["Cache-Control"] = "public, max-age=31536000, immutable"
    return response
