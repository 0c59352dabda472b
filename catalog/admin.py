"""What the shop sells, from whom and for how much, for staff."""

from typing import Any

from celery import current_app
from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.db.models import F, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminPasswordWidget

from catalog.actions import reprice_offers
from catalog.models import (
    Block,
    CodeMapping,
    Country,
    CountryMapping,
    ExchangeRate,
    Offer,
    Pause,
    PauseReason,
    PricingRule,
    Service,
    ServiceMapping,
    Supplier,
)
from catalog.pausing import lift_pauses
from catalog.rates import accept_rate
from nexotp.lib.admin import ReadOnlyAdmin, ShopAdmin
from nexotp.lib.amounts import amount_text
from nexotp.lib.queues import CATALOGUE


@admin.register(Service)
class ServiceAdmin(ShopAdmin):
    list_display = ("name", "code", "trade_code", "category", "popularity", "is_visible", "is_test")
    list_editable = ("popularity", "is_visible")
    list_filter = ("is_visible", "is_test", "category")
    search_fields = ("name", "code", "trade_code")
    ordering = ("-popularity", "name")


@admin.register(Country)
class CountryAdmin(ShopAdmin):
    list_display = ("name_en", "name_id", "code", "iso", "prefix", "trade_id", "is_visible")
    list_editable = ("is_visible",)
    list_filter = ("is_visible",)
    search_fields = ("name_en", "name_id", "code", "iso", "prefix")
    ordering = ("name_en",)


class SupplierForm(forms.ModelForm):  # type: ignore[type-arg]
    """The key goes in and never comes out again."""

    api_key = forms.CharField(
        label=_("API key"),
        required=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
        help_text=_("Stored encrypted and never shown. Leave it empty to keep the one there is."),
    )

    class Meta:
        model = Supplier
        fields = (
            *("code", "name", "protocol", "mode", "base_url", "api_key", "options", "currency"),
            *("is_enabled", "priority", "paused_until"),
        )


@admin.register(Supplier)
class SupplierAdmin(ShopAdmin):
    form = SupplierForm
    list_display = (
        *("code", "name", "protocol", "mode", "is_enabled", "paused_until", "paused_for"),
        *("balance_shown", "hours_left", "synced_at", "sync_error"),
    )
    list_filter = ("mode", "is_enabled", "protocol")
    search_fields = ("code", "name")
    readonly_fields = (
        *("paused_for", "failure_count", "balance_shown", "balance_at", "synced_at", "sync_error"),
        *("hours_left", "drift_shown", "reconciled_until", "push_address"),
    )
    actions = ("sync_now", "pause", "enable", "lift", "renew_push_address")

    def save_model(self, request: HttpRequest, obj: Supplier, form: Any, change: bool) -> None:
        if key := form.cleaned_data.get("api_key"):
            obj.set_api_key(key)
        if "paused_until" in form.changed_data:
            obj.paused_for = PauseReason.STAFF if obj.paused_until else ""
        super().save_model(request, obj, form, change)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Its purchases stay on the books; a supplier that has gone is switched off."""
        return False

    @admin.display(description=_("balance"), ordering="balance")
    def balance_shown(self, supplier: Supplier) -> str:
        if supplier.balance is None:
            return "—"
        return amount_text(supplier.balance, supplier.currency)

    @admin.action(description=_("Sync the catalogue now"), permissions=["change"])
    def sync_now(self, request: HttpRequest, queryset: QuerySet[Supplier]) -> None:
        for supplier in queryset:
            # By name: doors do not import each other.
            current_app.send_task("catalog.sync_catalogue", (supplier.pk,), queue=CATALOGUE)
        self.message_user(
            request, _("The catalogues are being read; offers follow within a minute.")
        )

    @admin.action(description=_("Pause: buy nothing here"), permissions=["change"])
    def pause(self, request: HttpRequest, queryset: QuerySet[Supplier]) -> None:
        queryset.update(is_enabled=False)
        self._note(request, queryset, "paused")
        self.message_user(request, _("Paused."), messages.SUCCESS)

    @admin.display(description=_("more than our books say"))
    def drift_shown(self, supplier: Supplier) -> str:
        return "—" if supplier.drift is None else amount_text(supplier.drift, supplier.currency)

    @admin.display(description=_("address for pushes"))
    def push_address(self, supplier: Supplier) -> str:
        """What to enter at the supplier; `push_networks` in the options limits who may use it."""
        token = supplier.push_token
        return f"/hooks/supplier/{supplier.code}/{token}" if token else "—"

    @admin.action(description=_("Make a new address for pushes"), permissions=["change"])
    def renew_push_address(self, request: HttpRequest, queryset: QuerySet[Supplier]) -> None:
        for supplier in queryset:
            supplier.renew_push_token()
            supplier.save(update_fields=["push_token_encrypted"])
        self._note(request, queryset, "push address renewed")
        self.message_user(request, _("Enter the new address at the supplier."), messages.SUCCESS)

    @admin.action(description=_("Lift all pauses now"), permissions=["change"])
    def lift(self, request: HttpRequest, queryset: QuerySet[Supplier]) -> None:
        lift_pauses(queryset)
        self._note(request, queryset, "pauses lifted")
        self.message_user(request, _("Lifted."), messages.SUCCESS)

    @admin.action(description=_("Enable, and forget its failures"), permissions=["change"])
    def enable(self, request: HttpRequest, queryset: QuerySet[Supplier]) -> None:
        lift_pauses(queryset)
        queryset.update(is_enabled=True)
        self._note(request, queryset, "enabled")
        self.message_user(request, _("Enabled."), messages.SUCCESS)

    def _note(self, request: HttpRequest, suppliers: QuerySet[Supplier], what: str) -> None:
        for supplier in suppliers:
            self.log_change(request, supplier, what)


@admin.register(Block)
class BlockAdmin(ShopAdmin):
    """What the shop does not sell, whoever has it. Open orders of it go on."""

    list_display = ("__str__", "service", "country", "reason", "created_at")
    list_select_related = ("service", "country")
    search_fields = ("service__name", "service__code", "country__name_en", "country__code")
    autocomplete_fields = ("service", "country")
    ordering = ("-created_at",)


@admin.register(Pause)
class PauseAdmin(ShopAdmin):
    """What is not bought for a while, why, and when that ends; taking a row away ends it now."""

    list_display = ("supplier", "service", "country", "reason", "until", "failure_count")
    list_filter = ("reason", "supplier", "until")
    list_select_related = ("supplier", "service", "country")
    search_fields = ("service__name", "service__code", "country__name_en", "country__code")
    ordering = (F("until").desc(nulls_last=True),)
    autocomplete_fields = ("supplier", "service", "country")
    fields = ("supplier", "service", "country", "until")
    actions = ("lift",)

    def save_model(self, request: HttpRequest, obj: Pause, form: Any, change: bool) -> None:
        obj.reason = PauseReason.STAFF
        super().save_model(request, obj, form, change)

    @admin.action(description=_("Lift: buy here again now"), permissions=["change"])
    def lift(self, request: HttpRequest, queryset: QuerySet[Pause]) -> None:
        self.log_deletions(request, queryset)
        queryset.delete()
        self.message_user(request, _("Lifted."), messages.SUCCESS)


class CodeMappingAdmin(ShopAdmin):
    """The review queue: what a supplier's code means is sold only after a person agreed."""

    meaning = ""
    list_filter = ("is_reviewed", "supplier")
    search_fields = ("code", "name")
    ordering = ("is_reviewed", "supplier", "code")
    actions = ("accept",)

    @admin.action(description=_("Accept what is proposed"), permissions=["change"])
    def accept(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        proposed = queryset.filter(**{f"{self.meaning}__isnull": False}, is_reviewed=False)
        accepted: list[CodeMapping] = list(proposed)
        proposed.update(is_reviewed=True)
        for mapping in accepted:
            self.log_change(request, mapping, "accepted")
        self.message_user(
            request,
            _("%(count)d codes were accepted. They are on sale after the next sync.")
            % {"count": len(accepted)},
            messages.SUCCESS,
        )


@admin.register(ServiceMapping)
class ServiceMappingAdmin(CodeMappingAdmin):
    meaning = "service"
    list_display = ("code", "name", "supplier", "service", "is_reviewed")
    list_select_related = ("supplier", "service")
    autocomplete_fields = ("service",)


@admin.register(CountryMapping)
class CountryMappingAdmin(CodeMappingAdmin):
    meaning = "country"
    list_display = ("code", "name", "supplier", "country", "is_reviewed")
    list_select_related = ("supplier", "country")
    autocomplete_fields = ("country",)


@admin.register(Offer)
class OfferAdmin(ReadOnlyAdmin):
    list_display = (
        *("service", "country", "supplier", "operator", "cost_shown", "price_shown", "stock"),
        *("success_rate", "ended_count", "updated_at"),
    )
    list_filter = ("supplier",)
    list_select_related = ("supplier", "service", "country")
    search_fields = ("service__name", "service__code", "country__name_en", "country__code")

    @admin.display(description=_("cost"), ordering="cost")
    def cost_shown(self, offer: Offer) -> str:
        return amount_text(offer.cost, offer.supplier.currency)

    @admin.display(description=_("price"), ordering="price")
    def price_shown(self, offer: Offer) -> str:
        return "—" if offer.price is None else amount_text(offer.price, settings.SHOP_CURRENCY)


class _RepricingAdmin(ShopAdmin):
    """Every change here is in the prices as soon as it is saved."""

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        self._reprice(request)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        super().delete_model(request, obj)
        self._reprice(request)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        super().delete_queryset(request, queryset)
        self._reprice(request)

    def _reprice(self, request: HttpRequest) -> None:
        changed = reprice_offers(now=timezone.now())
        self.message_user(request, _("%(count)d prices changed.") % {"count": changed})


@admin.register(PricingRule)
class PricingRuleAdmin(_RepricingAdmin):
    list_display = (
        *("__str__", "markup_percent", "markup_fixed", "floor", "ceiling", "rounding"),
        *("starts_at", "ends_at", "is_active"),
    )
    list_filter = ("is_active", "supplier")
    list_select_related = ("service", "country", "supplier")
    autocomplete_fields = ("service", "country", "supplier")
    search_fields = ("service__name", "country__name_en", "supplier__code")


@admin.register(ExchangeRate)
class ExchangeRateAdmin(_RepricingAdmin):
    """Rates are added, so that what was true stays known."""

    list_display = ("currency", "rate", "as_of", "source", "needs_review")
    list_filter = ("needs_review", "currency", "source")
    ordering = ("-as_of",)
    actions = ("accept",)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_accept_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("catalog.change_exchangerate")

    @admin.action(description=_("Believe the selected rates"), permissions=["accept"])
    def accept(self, request: HttpRequest, queryset: QuerySet[ExchangeRate]) -> None:
        waiting = list(queryset.filter(needs_review=True))
        for rate in waiting:
            accept_rate(rate, now=timezone.now())
            self.log_change(request, rate, "accepted")
        self.message_user(
            request,
            _("%(count)d rates were accepted; prices follow them.") % {"count": len(waiting)},
            messages.SUCCESS,
        )
