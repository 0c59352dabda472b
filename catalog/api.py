"""The catalogue through the API."""

from typing import Any

from django.db.models import Min, QuerySet, Sum
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.door import ApiView
from accounts.models import Scope
from catalog import schema
from catalog.lookup import CatalogUnavailable, find_country, find_service, shown_price
from catalog.models import ANY_PROVIDER, Country, Offer, Service
from catalog.quotes import find_quote
from nexotp.lib.errors import FieldProblem, InvalidRequest
from nexotp.lib.http import DATABASE_AWAY, log_failure

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
        country = find_country(request.GET.get("country"))
        services = Service.objects.visible_in(self.mode).by_popularity()
        if text := request.GET.get("q", "").replace("\x00", "").strip():
            services = services.search(text)
        rows = services.with_availability(self.mode, country)[: _limit(request)]
        return Response([_service(row, with_price=country is not None) for row in rows])


class CountriesView(CatalogView):
    @schema.list_countries
    def get(self, request: Request) -> Response:
        service = find_service(request.GET.get("service"), self.mode)
        rows = Country.objects.visible().order_by("name_en").with_availability(self.mode, service)
        return Response([_country(row, with_price=service is not None) for row in rows])


class ProvidersView(CatalogView):
    @schema.list_providers
    def get(self, request: Request) -> Response:
        service = find_service(request.GET.get("service"), self.mode)
        country = find_country(request.GET.get("country"))
        now = timezone.now()
        if service is not None and country is not None:
            # What would be charged for exactly these goods.
            offers = find_quote(service, country, mode=self.mode, now=now).on_sale
            return Response(_with_any([_provider_of(offer) for offer in offers]))
        on_sale = Offer.objects.on_sale(self.mode, now)
        if service is not None:
            on_sale = on_sale.filter(service=service)
        if country is not None:
            on_sale = on_sale.filter(country=country)
        return Response(_with_any(_providers(on_sale)))


def _limit(request: Request) -> int:
    text = request.GET.get("limit", "")
    if not text:
        return _MOST_SERVICES
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= _MOST_SERVICES:
        raise InvalidRequest(
            fields=[
                FieldProblem(
                    "limit",
                    "out_of_range",
                    _("A whole number from 1 to %(most)d.") % {"most": _MOST_SERVICES},
                )
            ]
        )
    return int(text)


def _service(row: Any, *, with_price: bool) -> dict[str, Any]:
    shown = {
        "serviceCode": row.code,
        "serviceId": row.public_id,
        "name": row.name,
        "category": row.category,
        "available": row.stock > 0,
    }
    return shown | {"price": shown_price(row.price), "stock": row.stock} if with_price else shown


def _country(row: Any, *, with_price: bool) -> dict[str, Any]:
    shown = {
        "countryCode": row.code,
        "countryId": row.public_id,
        "name": row.name,
        "prefix": row.prefix,
        "available": row.stock > 0,
    }
    return shown | {"price": shown_price(row.price), "stock": row.stock} if with_price else shown


def _providers(offers: QuerySet[Offer]) -> list[dict[str, Any]]:
    """Return each provider, cheapest first, with the lowest price of many goods."""
    grouped = offers.values("supplier__code", "operator").annotate(
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
