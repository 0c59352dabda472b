"""Choosing what a number is for and where it comes from."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from accounts.modes import mode_of
from catalog.account_prices import prices_for
from catalog.models import Country, Offer, Service
from catalog.price_lists import lowest_by_service
from catalog.routing import expected_delivery
from catalog.search import search_countries, search_services
from nexotp.lib.pages import search_text
from orders.models import Favorite, Order
from orders.views.again import again
from orders.views.parts import back_or, customer_of, page_or_part, visible_service

_MOST_SERVICES = 30
_MOST_RECENT = 6
# Recent services are looked for among so many orders.
_RECENT_ORDERS = 60
# Of what a search found so many are looked at for numbers on sale.
_MOST_FOUND = 3 * _MOST_SERVICES


@never_cache
@require_safe
def choose_service(request: HttpRequest) -> HttpResponse:
    """Search what the code is for; without a search the customer's own services come first."""
    text, mode, now = search_text(request), mode_of(request), timezone.now()
    user = customer_of(request)
    starred = list(Favorite.objects.of(user).values_list("service_id", flat=True))
    context: dict[str, Any] = {"text": text, "starred": set(starred), "mode": mode}
    if text:
        found = _on_sale(search_services(text, mode)[:_MOST_FOUND], mode, now)
        services = found[:_MOST_SERVICES]
        context |= {"services": services, "has_more": len(found) > _MOST_SERVICES}
    else:
        context |= _own_and_wanted(user, starred, mode, now)
        last = _last_order(user, mode)
        context["again"] = again(last, user=user, now=now) if last else None
    _price(context["services"], context.get("own", []), user=user, mode=mode, now=now)
    return page_or_part(request, "orders/choose_service.html", "update", context)


def _price(*lists: list[Any], user: User, mode: str, now: datetime) -> None:
    """Put the account's own lowest price to each service, where it is not everybody's."""
    shown = [service for services in lists for service in services]
    lowest = lowest_by_service(shown, prices_for(user, now=now), mode=mode, now=now)
    for service in shown:
        service.price = lowest.get(service.pk, service.price)


def _own_and_wanted(user: User, starred: list[int], mode: str, now: datetime) -> dict[str, Any]:
    """Return favorites with what was bought lately, and the most wanted, each service once."""
    recent = [pk for pk in _recently_bought(user, mode) if pk not in set(starred)]
    own = _on_sale([*starred, *recent[:_MOST_RECENT]], mode, now)
    wanted: Any = (
        Service.objects.visible_in(mode)
        .exclude(pk__in=[service.pk for service in own])
        .by_popularity()
        .with_availability(mode, now=now)
    )
    found = list(wanted.filter(stock__gt=0)[: _MOST_SERVICES + 1])
    return {
        "own": own,
        "services": found[:_MOST_SERVICES],
        "has_more": len(found) > _MOST_SERVICES,
    }


def _on_sale(pks: Iterable[int], mode: str, now: datetime) -> list[Any]:
    """Return those of the services that have numbers, in the order given."""
    pks = list(pks)
    services = Service.objects.visible_in(mode).filter(pk__in=pks)
    summed: Any = services.with_availability(mode, now=now)
    by_pk = {service.pk: service for service in summed.filter(stock__gt=0)}
    return [by_pk[pk] for pk in pks if pk in by_pk]


def _recently_bought(user: User, mode: str) -> list[int]:
    orders = Order.objects.for_account(user, mode).newest_first()
    return list(dict.fromkeys(orders.values_list("service__pk", flat=True)[:_RECENT_ORDERS]))


def _last_order(user: User, mode: str) -> Order | None:
    orders = Order.objects.for_account(user, mode).newest_first()
    return orders.select_related("service", "country").first()


@require_POST
def set_favorite(request: HttpRequest, service_code: str) -> HttpResponse:
    """Star a service, or take the star away; sent twice it changes nothing more."""
    service = visible_service(request, service_code)
    user = customer_of(request)
    is_starred = request.POST.get("starred") == "yes"
    if is_starred:
        Favorite.objects.bulk_create([Favorite(user=user, service=service)], ignore_conflicts=True)
    else:
        Favorite.objects.of(user).filter(service=service).delete()
    if request.headers.get("HX-Request"):
        context = {"service": service, "is_starred": is_starred, "is_news": True}
        return render(request, "orders/star.html", context)
    return redirect(back_or(request, reverse("buy"), field="back"))


@dataclass(frozen=True, slots=True)
class Place:
    """A country as it stands in the list for one service. The price is in minor units."""

    country: Country
    price: int
    stock: int
    delivered: int
    ended: int

    @property
    def success_rate(self) -> float | None:
        """Share of ended orders that got a code; None without any."""
        return self.delivered / self.ended if self.ended else None

    @property
    def expected_delivery(self) -> float:
        return expected_delivery(self.delivered, self.ended)


@require_safe
def choose_country(request: HttpRequest, service_code: str) -> HttpResponse:
    """The countries that have numbers for a service, cheapest or likeliest to deliver first."""
    service = visible_service(request, service_code)
    text, by_delivery = search_text(request), request.GET.get("sort") == "delivery"
    places = _places(service, customer_of(request), mode_of(request), timezone.now())
    places.sort(key=_by_delivery if by_delivery else _by_price)
    if text:
        wanted = search_countries(text)
        places = [place for place in places if place.country.pk in wanted]
    context = {
        "service": service,
        "text": text,
        "places": places,
        "by_delivery": by_delivery,
        "currency": settings.SHOP_CURRENCY,
    }
    return page_or_part(request, "orders/choose_country.html", "update", context)


def _places(service: Service, user: User, mode: str, now: datetime) -> list[Place]:
    prices = prices_for(user, now=now)
    countries: Any = Country.objects.visible().with_availability(
        mode, service, now=now, price=prices.column
    )
    delivered = Offer.objects.deliveries_by_country(service, mode)
    return [
        Place(country, country.price, country.stock, *delivered.get(country.pk, (0, 0)))
        for country in countries.filter(stock__gt=0)
    ]


def _by_price(place: Place) -> tuple[Any, ...]:
    return (place.price, -place.expected_delivery, place.country.name)


def _by_delivery(place: Place) -> tuple[Any, ...]:
    return (-place.expected_delivery, place.price, place.country.name)
