"""What is on sale, listed for programs that keep a price list of their own.

A list of everything may have hundreds of thousands of lines: it is summed up by the database, made
once for all who ask within some seconds, and by one thread at a time.
"""

import threading
from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from django.db.models import F, Min, Sum
from django.utils import timezone

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
    *,
    service: Service | None = None,
    country: Country | None = None,
    operators: Collection[str] = (),
    now: datetime,
) -> list[Goods]:
    """Return each service in each country with its lowest price and its stock."""
    if service is None and country is None and not operators:
        with _everything_lock:
            return _everything(mode)
    return _summed(_on_sale(mode, service, country, operators, now))


def lines_on_sale(
    mode: str, *, service: Service | None = None, country: Country | None = None, now: datetime
) -> list[Line]:
    """Return each provider's price of each service in each country, cheapest first.

    Raises TooLong.
    """
    offers = _on_sale(mode, service, country, (), now).order_by("price", "pk")
    rows = offers.values_list(
        *("country__code", "service__code", "supplier__code", "operator", "price", "stock"),
        *("delivered_count", "ended_count"),
    )[: MOST_LINES + 1]
    lines = [
        Line(country_code, service_code, provider_code(supplier, operator), price or 0, *rest)
        for country_code, service_code, supplier, operator, price, *rest in rows
    ]
    if len(lines) > MOST_LINES:
        raise TooLong
    return lines


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


def _summed(offers: OfferQuerySet) -> list[Goods]:
    rows = (
        offers.values(country_code=F("country__code"), service_code=F("service__code"))
        .annotate(lowest=Min("price"), total=Sum("stock"))
        .order_by("country_code", "service_code")
        .values_list("country_code", "service_code", "lowest", "total")
    )
    return [Goods(*row) for row in rows]


@briefly(seconds=15)
def _everything(mode: str) -> list[Goods]:
    return _summed(_on_sale(mode, None, None, (), timezone.now()))
