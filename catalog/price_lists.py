"""What is on sale, listed for programs that keep a price list of their own.

A list of everything may have hundreds of thousands of lines: it is summed up by the database, made
once for all of a tier who ask within some seconds, and by one thread at a time. Prices are those
of the account that asks.
"""

import threading
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import NamedTuple

from django.db.models import F, Min, Sum
from django.utils import timezone

from catalog.account_prices import AccountPrices
from catalog.models import Country, Offer, OfferQuerySet, Service, provider_code
from nexotp.lib.brief import briefly

# A list by provider of more lines than this must be asked for by country or by service.
MOST_LINES = 100_000
_everything_lock = threading.Lock()


class TooLong(Exception):
    """The list has more lines than are told in one answer."""


class Goods(NamedTuple):
    """What one service in one country costs; codes are our own, prices in the shop's currency."""

    country: str
    service: str
    price: int
    stock: int


class ProviderLine(NamedTuple):
    """What one provider has of many goods, with the lowest price among them."""

    code: str
    price: int
    stock: int
    delivered: int
    ended: int


class Line(NamedTuple):
    """What one provider has of one service in one country, and how often codes came."""

    country: str
    service: str
    provider: str
    price: int
    stock: int
    delivered: int
    ended: int


def goods_on_sale(
    mode: str,
    prices: AccountPrices,
    *,
    service: Service | None = None,
    country: Country | None = None,
    operators: Collection[str] = (),
    now: datetime,
) -> list[Goods]:
    """Return each service in each country with its lowest price and its stock."""
    if service is None and country is None and not operators:
        with _everything_lock:
            return _everything(mode, prices)
    return _summed(_on_sale(mode, service, country, operators, now), prices)


def lines_on_sale(
    mode: str,
    prices: AccountPrices,
    *,
    service: Service | None = None,
    country: Country | None = None,
    now: datetime,
) -> list[Line]:
    """Return each provider's price of each service in each country, cheapest first.

    Raises TooLong.
    """
    offers = _on_sale(mode, service, country, (), now).annotate(asked=prices.column())
    rows = offers.order_by("asked", "price", "pk").values_list(
        *("country__code", "service__code", "supplier__code", "operator", "asked", "stock"),
        *("delivered_count", "ended_count"),
    )[: MOST_LINES + 1]
    lines = [
        Line(country_code, service_code, provider_code(supplier, operator), price or 0, *rest)
        for country_code, service_code, supplier, operator, price, *rest in rows
    ]
    if len(lines) > MOST_LINES:
        raise TooLong
    return lines


def providers_on_sale(
    mode: str,
    prices: AccountPrices,
    *,
    service: Service | None = None,
    country: Country | None = None,
    now: datetime,
) -> list[ProviderLine]:
    """Return each provider's lowest price over the goods named, the cheapest first."""
    rows = (
        _on_sale(mode, service, country, (), now)
        .values("supplier__code", "operator")
        .annotate(
            lowest=Min(prices.column()),
            total=Sum("stock"),
            delivered=Sum("delivered_count"),
            ended=Sum("ended_count"),
        )
        .order_by("lowest", "supplier__code", "operator")
        .values_list(
            "supplier__code", "operator", "lowest", "total", "delivered", "ended", named=True
        )
    )
    return [
        ProviderLine(
            provider_code(row.supplier__code, row.operator),
            *(row.lowest, row.total, row.delivered, row.ended),
        )
        for row in rows
    ]


def lowest_by_service(
    services: Iterable[Service | int], prices: AccountPrices, *, mode: str, now: datetime
) -> dict[int, int]:
    """Return the account's lowest price of each service, by key; nothing for everybody's prices."""
    if prices.tier is None:
        return {}
    offers = _on_sale(mode, None, None, (), now).filter(service__in=list(services))
    return dict(offers.values_list("service").annotate(lowest=Min(prices.column())))


def lowest_by_country(prices: AccountPrices, *, mode: str, now: datetime) -> dict[int, int]:
    """Return the account's lowest price in each country, by key; nothing for everybody's prices."""
    if prices.tier is None:
        return {}
    offers = _on_sale(mode, None, None, (), now)
    return dict(offers.values_list("country").annotate(lowest=Min(prices.column())))


def operators_on_sale(
    mode: str, country: Country | None, *, now: datetime
) -> list[tuple[str, str]]:
    """Return pairs of a country's code and an operator, without those that sell by none."""
    offers = _on_sale(mode, None, country, (), now).exclude(operator="")
    return list(
        offers.order_by("country__code", "operator")
        .values_list("country__code", "operator")
        .distinct()
    )


def _on_sale(
    mode: str,
    service: Service | None,
    country: Country | None,
    operators: Collection[str],
    now: datetime,
) -> OfferQuerySet:
    asked = {"service": service, "country": country, "operator__in": operators or None}
    narrowed = {name: value for name, value in asked.items() if value is not None}
    return Offer.objects.on_sale(mode, now).filter(
        **narrowed, service__is_visible=True, country__is_visible=True
    )


def _summed(offers: OfferQuerySet, prices: AccountPrices) -> list[Goods]:
    rows = (
        offers.values(country_code=F("country__code"), service_code=F("service__code"))
        .annotate(lowest=Min(prices.column()), total=Sum("stock"))
        .order_by("country_code", "service_code")
        .values_list("country_code", "service_code", "lowest", "total")
    )
    return [Goods(*row) for row in rows]


@briefly(seconds=15)
def _everything(mode: str, prices: AccountPrices) -> list[Goods]:
    return _summed(_on_sale(mode, None, None, (), timezone.now()), prices)
