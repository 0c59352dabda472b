"""The shop window: services and countries on sale, with the lowest prices of whoever looks.

Read at most once a minute in each process and for each tier, whatever is asked of it.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.utils import timezone

from accounts.models import Mode
from catalog import search
from catalog.account_prices import EVERYBODYS, AccountPrices
from catalog.models import Country, Service
from catalog.price_lists import lowest_by_country, lowest_by_service
from nexotp.lib.brief import briefly

_SECONDS = 60


@dataclass(frozen=True, slots=True)
class ShelfService:
    """A service on sale; `price` is the lowest, in minor units of the shop's currency."""

    pk: int
    code: str
    name: str
    price: int


@dataclass(frozen=True, slots=True)
class ShelfCountry:
    """A country with numbers; `price` is the lowest, in minor units of the shop's currency."""

    country: Country
    price: int
    stock: int


@briefly(seconds=_SECONDS)
def services_on_sale() -> tuple[ShelfService, ...]:
    """Return every service that has numbers, the most wanted first, at everybody's price."""
    return _services(None, EVERYBODYS, timezone.now())


def priced(services: list[ShelfService], prices: AccountPrices) -> list[ShelfService]:
    """Return the services at an account's own prices; of a few, as each is read by itself."""
    own = lowest_by_service(
        [each.pk for each in services], prices, mode=Mode.LIVE, now=timezone.now()
    )
    return [replace(each, price=own.get(each.pk, each.price)) for each in services]


@briefly(seconds=_SECONDS)
def services_in(country_code: str, prices: AccountPrices = EVERYBODYS) -> tuple[ShelfService, ...]:
    """Return the services that have numbers in a country, the most wanted first."""
    country = Country.objects.visible().filter(code=country_code).first()
    return _services(country, prices, timezone.now()) if country else ()


def _services(
    country: Country | None, prices: AccountPrices, now: datetime
) -> tuple[ShelfService, ...]:
    wanted = Service.objects.visible_in(Mode.LIVE).by_popularity()
    on_sale: Any = wanted.with_availability(Mode.LIVE, country, now=now, price=prices.column)
    rows = on_sale.filter(stock__gt=0).values("pk", "code", "name", "price")
    return tuple(ShelfService(**row) for row in rows)


def search_services(text: str) -> list[ShelfService]:
    """Return the services on sale that the text may mean; without a text, all of them."""
    if not text:
        return list(services_on_sale())
    on_sale = {service.pk: service for service in services_on_sale()}
    found = search.search_services(text, Mode.LIVE)
    return [on_sale[service] for service in found if service in on_sale]


@briefly(seconds=_SECONDS)
def countries_on_sale(
    service_code: str | None = None, prices: AccountPrices = EVERYBODYS
) -> tuple[ShelfCountry, ...]:
    """Return the countries that have numbers, for a service or for any, cheapest first."""
    service = Service.objects.visible_in(Mode.LIVE).filter(code=service_code).first()
    if service_code is not None and service is None:
        return ()
    now = timezone.now()
    on_sale: Any = Country.objects.visible().with_availability(
        Mode.LIVE, service, now=now, price=prices.column
    )
    own = lowest_by_country(prices, mode=Mode.LIVE, now=now) if service is None else {}
    shelves = [
        ShelfCountry(row, price=own.get(row.pk, row.price), stock=row.stock)
        for row in on_sale.filter(stock__gt=0)
    ]
    return tuple(sorted(shelves, key=lambda shelf: (shelf.price, shelf.country.name_en)))
