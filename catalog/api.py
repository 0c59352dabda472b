"""The catalogue through the API."""

from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import Min, QuerySet, Sum
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.door import ApiView
from accounts.models import Scope
from catalog import schema
from catalog.account_prices import prices_for
from catalog.actions import exchange_rates
from catalog.forms import CatalogFields, GoodsChoice, read_goods
from catalog.lookup import CatalogUnavailable, NotOffered, shown_price
from catalog.models import (
    ANY_PROVIDER,
    Availability,
    Country,
    Offer,
    Service,
    country_id,
    name_column,
    service_id,
)
from catalog.price_lists import providers_on_sale
from catalog.pricing import in_usd
from catalog.quotes import find_quote
from nexotp.lib.http import DATABASE_AWAY, log_failure
from nexotp.lib.money import to_json

_MOST_SERVICES = 2_000


class CatalogView(ApiView):
    scope = Scope.CATALOG_READ
    bucket = "GENERAL"

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, DATABASE_AWAY):
            log_failure(self.request, exc)
            exc = CatalogUnavailable(retry_after=5)
        return super().handle_exception(exc)


class ServicesView(CatalogView):
    @schema.list_services
    def get(self, request: Request) -> Response:
        fields = CatalogFields(request.GET, self.mode)
        country = fields.country()
        limit = fields.whole_number(
            "limit", lowest=1, highest=_MOST_SERVICES, default=_MOST_SERVICES
        )
        fields.check()
        services = Service.objects.visible_in(self.mode).by_popularity()
        if text := request.GET.get("q", "").replace("\x00", "").strip():
            services = services.search(text)
        now = timezone.now()
        found: Any = services.with_availability(
            self.mode, country, now=now, price=prices_for(self.account, now=now).column
        )[:limit]
        # Values, as a thousand instances would be most of the work.
        rows = found.values_list("code", "name", "category", "price", "stock")
        return Response([_service(*row, with_price=country is not None) for row in rows])


class CountriesView(CatalogView):
    @schema.list_countries
    def get(self, request: Request) -> Response:
        fields = CatalogFields(request.GET, self.mode)
        service = fields.service()
        fields.check()
        countries = Country.objects.visible().order_by("name_en")
        now = timezone.now()
        found: Any = countries.with_availability(
            self.mode, service, now=now, price=prices_for(self.account, now=now).column
        )
        rows = found.values_list("code", name_column(), "prefix", "price", "stock")
        return Response([_country(*row, with_price=service is not None) for row in rows])


class ProvidersView(CatalogView):
    @schema.list_providers
    def get(self, request: Request) -> Response:
        fields = CatalogFields(request.GET, self.mode)
        service, country = fields.service(), fields.country()
        fields.check()
        now = timezone.now()
        if service is not None and country is not None:
            # What would be charged for exactly these goods.
            offers = find_quote(
                service, country, user=self.account, mode=self.mode, now=now
            ).on_sale
            return Response(_with_any([_provider_of(offer) for offer in offers]))
        prices = prices_for(self.account, now=now)
        if prices.tier is not None:
            lines = providers_on_sale(self.mode, prices, service=service, country=country, now=now)
            return Response(_with_any([_provider(**line._asdict()) for line in lines]))
        # Over many goods the sums are read that are kept for this, at everybody's price.
        sums = Availability.objects.on_sale(self.mode, now).of(service, country)
        return Response(_with_any(_providers(sums)))


class PriceView(CatalogView):
    @schema.get_price
    def get(self, request: Request) -> Response:
        wanted = read_goods(request.GET, self.mode)
        now = timezone.now()
        quote = find_quote(
            wanted.service,
            wanted.country,
            provider=wanted.provider,
            by_delivery=wanted.best_delivery,
            user=self.account,
            mode=self.mode,
            now=now,
        )
        if not quote.to_try:
            raise NotOffered
        return Response(_price(quote.to_try[0], wanted, exchange_rates(now)))


def _price(offer: Offer, wanted: GoodsChoice, rates: dict[str, Decimal]) -> dict[str, Any]:
    assert offer.price is not None, "offers on sale have a price"
    price_usd = in_usd(offer.price, rates)
    return {
        "serviceCode": wanted.service.code,
        "countryCode": wanted.country.code,
        "providerCode": offer.provider_code,
        "price": shown_price(offer.price),
        "currency": settings.SHOP_CURRENCY,
        "priceUsd": None if price_usd is None else to_json(price_usd, "USD"),
        "stock": offer.stock,
        "successRate": offer.success_rate,
    }


def _service(
    code: str, name: str, category: str, price: int | None, stock: int, *, with_price: bool
) -> dict[str, Any]:
    shown = {
        "serviceCode": code,
        "serviceId": service_id(code),
        "name": name,
        "category": category,
        "available": stock > 0,
    }
    return shown | {"price": shown_price(price), "stock": stock} if with_price else shown


def _country(
    code: str, name: str, prefix: str, price: int | None, stock: int, *, with_price: bool
) -> dict[str, Any]:
    shown = {
        "countryCode": code,
        "countryId": country_id(code),
        "name": name,
        "prefix": prefix,
        "available": stock > 0,
    }
    return shown | {"price": shown_price(price), "stock": stock} if with_price else shown


def _providers(sums: QuerySet[Availability]) -> list[dict[str, Any]]:
    """Return each provider, cheapest first, with the lowest price of many goods."""
    grouped = sums.values("supplier__code", "operator").annotate(
        lowest=Min("price"),
        total=Sum("stock"),
        delivered=Sum("delivered_count"),
        ended=Sum("ended_count"),
    )
    return [
        _provider(
            ".".join(part for part in (row["supplier__code"], row["operator"]) if part),
            price=row["lowest"],
            stock=row["total"],
            delivered=row["delivered"],
            ended=row["ended"],
        )
        for row in grouped.order_by("lowest", "supplier__code", "operator")
    ]


def _provider_of(offer: Offer) -> dict[str, Any]:
    assert offer.price is not None, "offers on sale have a price"
    return _provider(
        offer.provider_code,
        price=offer.price,
        stock=offer.stock,
        delivered=offer.delivered_count,
        ended=offer.ended_count,
    )


def _with_any(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Put `any` before the providers, which are sorted by price."""
    return [_any_provider(rows), *rows] if rows else []


def _any_provider(rows: list[dict[str, Any]]) -> dict[str, Any]:
    samples = sum(row["sampleSize"] for row in rows)
    delivered = sum(row["sampleSize"] * (row["successRate"] or 0) for row in rows)
    return {
        "providerCode": ANY_PROVIDER,
        "name": "Any Provider",
        "price": rows[0]["price"],
        "stock": sum(row["stock"] for row in rows),
        "successRate": round(delivered / samples, 3) if samples else None,
        "sampleSize": samples,
    }


def _provider(code: str, *, price: int, stock: int, delivered: int, ended: int) -> dict[str, Any]:
    return {
        "providerCode": code,
        "name": code.replace(".", " ").replace("-", " ").title(),
        "price": shown_price(price),
        "stock": stock,
        "successRate": round(delivered / ended, 3) if ended else None,
        "sampleSize": ended,
    }
