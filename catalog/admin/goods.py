"""Services, countries, what is blocked and what is offered, for staff."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from catalog.actions import (
    mark_availability_stale,
)
from catalog.admin.links import why_link
from catalog.models import (
    Block,
    Country,
    Offer,
    Service,
)
from nexotp.lib.admin import ReadOnlyAdmin, ShopAdmin
from nexotp.lib.amounts import amount_text


@admin.register(Service)
class ServiceAdmin(ShopAdmin):
    list_display = ("name", "code", "trade_code", "category", "popularity", "is_visible", "is_test")
    list_editable = ("popularity", "is_visible")
    list_filter = (
        *("is_visible", "is_test", "category"),
        ("trade_code", admin.EmptyFieldListFilter),
    )
    search_fields = ("name", "code", "trade_code")
    ordering = ("-popularity", "name")


@admin.register(Country)
class CountryAdmin(ShopAdmin):
    list_display = ("name_en", "name_id", "code", "iso", "prefix", "trade_id", "is_visible")
    list_editable = ("is_visible",)
    list_filter = ("is_visible", ("trade_id", admin.EmptyFieldListFilter))
    search_fields = ("name_en", "name_id", "code", "iso", "prefix", "=trade_id")
    ordering = ("name_en",)


@admin.register(Block)
class BlockAdmin(ShopAdmin):
    """What the shop does not sell, whoever has it. Open orders of it go on.

    Nobody can buy it from now on; lists of services and countries follow within seconds.
    """

    list_display = ("__str__", "service", "country", "reason", "created_at")
    list_select_related = ("service", "country")
    search_fields = ("service__name", "service__code", "country__name_en", "country__code")
    autocomplete_fields = ("service", "country")
    ordering = ("-created_at",)

    def save_model(self, request: HttpRequest, obj: Block, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        mark_availability_stale(now=timezone.now())

    def delete_model(self, request: HttpRequest, obj: Block) -> None:
        super().delete_model(request, obj)
        mark_availability_stale(now=timezone.now())

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Block]) -> None:
        super().delete_queryset(request, queryset)
        mark_availability_stale(now=timezone.now())


@admin.register(Offer)
class OfferAdmin(ReadOnlyAdmin):
    list_display = (
        *("service", "country", "supplier", "operator", "cost_shown", "price_shown", "stock"),
        *("success_rate", "ended_count", "updated_at", "why"),
    )
    list_filter = ("supplier",)
    list_select_related = ("supplier", "service", "country")
    search_fields = ("service__name", "service__code", "country__name_en", "country__code")

    @admin.display(description=_("cost"), ordering="cost")
    def cost_shown(self, offer: Offer) -> str:
        return amount_text(offer.cost, offer.supplier.currency)

    @admin.display(description=_("why"))
    def why(self, offer: Offer) -> SafeString:
        return why_link(
            service=offer.service.code, country=offer.country.code, mode=offer.supplier.mode
        )

    @admin.display(description=_("price"), ordering="price")
    def price_shown(self, offer: Offer) -> str:
        return "—" if offer.price is None else amount_text(offer.price, settings.SHOP_CURRENCY)
