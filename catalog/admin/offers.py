"""Offers for staff: millions of them, narrowed by what one asks of them, never counted."""

from dataclasses import dataclass
from decimal import Decimal
from functools import reduce
from operator import or_
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.db import OperationalError, connection, transaction
from django.db.models import F, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import AutocompleteSelectFilter, RelatedDropdownFilter

from catalog.actions import exchange_rates
from catalog.admin.links import why_link
from catalog.deciding_rules import Deciding, deciding_rules
from catalog.models import Block, Country, Offer, PricingRule, Service, Supplier
from nexotp.lib.admin import InfinitePaginator, LongListAdmin
from nexotp.lib.amounts import amount_text
from nexotp.lib.brief import briefly

# Longer than this a filter that nearly nothing meets is not waited for, in milliseconds.
_PATIENCE_MS = 4_000
_MOST_FOUND = 200


class StockFilter(admin.SimpleListFilter):
    title = _("stock")
    parameter_name = "in_stock"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("In stock")), ("no", _("Out of stock"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Offer]) -> QuerySet[Offer]:
        match self.value():
            case "yes":
                return queryset.filter(stock__gt=0)
            case "no":
                return queryset.filter(stock=0)
        return queryset


class SaleFilter(admin.SimpleListFilter):
    """What keeps an offer from being sold, or makes it sold at a loss."""

    title = _("state")
    parameter_name = "sale"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("priced", _("With a price")),
            ("unpriced", _("Without a price: no rule, no rate, or too small a margin")),
            ("below", _("Price below the cost")),
            ("blocked", _("Blocked goods")),
            ("hidden", _("Hidden service or country")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Offer]) -> QuerySet[Offer]:
        match self.value():
            case "priced":
                return queryset.filter(price__isnull=False)
            case "unpriced":
                return queryset.filter(price=None)
            case "below":
                return queryset.filter(below_cost())
            case "blocked":
                return queryset.filter(Block.objects.goods())
            case "hidden":
                hidden = {
                    f"{name}__in": list(
                        model.objects.filter(is_visible=False).values_list("pk", flat=True)
                    )
                    for name, model in (("service", Service), ("country", Country))
                }
                return queryset.filter(reduce(or_, (Q(**{k: v}) for k, v in hidden.items())))
        return queryset


class RuleFilter(admin.SimpleListFilter):
    title = _("priced by")
    parameter_name = "rule"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        in_force = PricingRule.objects.of_offers().in_force(timezone.now())
        named = in_force.select_related("service", "country", "supplier", "tier").order_by("pk")
        return [(str(rule.pk), str(rule)) for rule in named]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Offer]) -> QuerySet[Offer]:
        chosen = self.value()
        if not chosen or not chosen.isdecimal():
            return queryset
        rule = PricingRule.objects.filter(pk=int(chosen[:18])).first()
        if rule is None:
            return queryset.none()
        decide = deciding_rules(Supplier.objects.all(), now=timezone.now()).values()
        return queryset.filter(reduce(or_, (each.where(rule) for each in decide), Q(pk__in=[])))


def below_cost() -> Q:
    """The condition for an offer's price to be below its cost at the rates of this moment."""
    rates = exchange_rates(timezone.now())
    below = Q(pk__in=[])
    for supplier, currency in Supplier.objects.values_list("pk", "currency"):
        if (rate := rates.get(currency)) is not None:
            # Both sides whole: the database divides no fraction for each of millions of rows.
            below |= Q(supplier=supplier, price__lt=F("cost") * Decimal(rate))
    return below


@admin.register(Offer)
class OfferAdmin(LongListAdmin):
    list_display = (
        *("goods_shown", "supplier", "operator", "cost_shown", "price_shown", "margin_shown"),
        *("stock", "rule_shown", "why", "success_shown", "updated_at"),
    )
    list_display_links = ("goods_shown",)
    list_filter = (
        ("supplier", RelatedDropdownFilter),
        ("service", AutocompleteSelectFilter),
        ("country", AutocompleteSelectFilter),
        *(StockFilter, SaleFilter, RuleFilter),
    )
    list_filter_submit = True
    list_select_related = ("supplier", "service", "country")
    search_fields = ("service__name",)
    search_help_text = _("A service or a country, by name or code.")
    paginator = InfinitePaginator
    # As they stand in an index that begins with whatever is filtered by.
    ordering = ("supplier_id", "service_id", "country_id", "operator")
    sortable_by = ()

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Offer], search_term: str
    ) -> tuple[QuerySet[Offer], bool]:
        """Names are looked up where they are few, and the offers by what they name."""
        if not search_term:
            return queryset, False
        service = Q(name__icontains=search_term) | Q(code__iexact=search_term)
        country = (
            Q(name_en__icontains=search_term)
            | Q(name_id__icontains=search_term)
            | Q(code__iexact=search_term)
        )
        services = Service.objects.filter(service).values_list("pk", flat=True)[:_MOST_FOUND]
        countries = Country.objects.filter(country).values_list("pk", flat=True)[:_MOST_FOUND]
        found = Q(service__in=list(services)) | Q(country__in=list(countries))
        return queryset.filter(found), False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Of a filter that nearly nothing meets, all rows are read; nobody waits long for that."""
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL statement_timeout = {_PATIENCE_MS}")
                response = super().changelist_view(request, extra_context)
                if isinstance(response, TemplateResponse):
                    response.render()
                return response
        except OperationalError:
            messages.error(request, _("This takes too long. Choose a supplier or a service too."))
            return redirect(request.path)

    @admin.display(description=_("goods"))
    def goods_shown(self, offer: Offer) -> str:
        return f"{offer.service}, {offer.country}"

    @admin.display(description=_("cost"))
    def cost_shown(self, offer: Offer) -> str:
        return amount_text(offer.cost, offer.supplier.currency)

    @admin.display(description=_("price"))
    def price_shown(self, offer: Offer) -> str:
        return "—" if offer.price is None else amount_text(offer.price, settings.SHOP_CURRENCY)

    @admin.display(description=_("margin"))
    def margin_shown(self, offer: Offer) -> SafeString | str:
        """What is left of the price, in percent of it, at the rate of this moment."""
        rate = _known().rates.get(offer.supplier.currency)
        if offer.price is None or rate is None:
            return "—"
        left = 100 * (1 - offer.cost * rate / offer.price)
        text = f"{left:.0f} %".replace("-", "−")
        return format_html('<span class="office-bad">{}</span>', text) if left < 0 else text

    @admin.display(description=_("priced by"))
    def rule_shown(self, offer: Offer) -> SafeString | str:
        decides = _known().rules.get(offer.supplier_id)
        rule = decides and decides.of(offer)
        if not rule:
            return "—"
        address = reverse("admin:catalog_pricingrule_change", args=[rule.pk])
        return format_html('<a href="{}">{}</a>', address, rule)

    @admin.display(description=_("why"))
    def why(self, offer: Offer) -> SafeString:
        return why_link(
            service=offer.service.code, country=offer.country.code, mode=offer.supplier.mode
        )

    @admin.display(description=_("success"))
    def success_shown(self, offer: Offer) -> str:
        if offer.success_rate is None:
            return "—"
        return f"{100 * offer.success_rate:.0f} % ({offer.delivered_count}/{offer.ended_count})"


@dataclass(frozen=True, slots=True)
class _Known:
    """What every row of a list is compared with."""

    rates: dict[str, Decimal]
    rules: dict[int, Deciding]


@briefly(seconds=5)
def _known() -> _Known:
    now = timezone.now()
    return _Known(exchange_rates(now), deciding_rules(Supplier.objects.all(), now=now))
