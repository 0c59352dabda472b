"""What the shop sells, from whom and for how much, for staff."""

from typing import Any
from urllib.parse import urlencode

from celery import current_app
from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.db import transaction
from django.db.models import F, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminPasswordWidget

from catalog.actions import (
    accept_proposals,
    believe_changes,
    mark_availability_stale,
    refuse_codes,
    reprice_offers,
    stop_selling_as_before,
)
from catalog.models import (
    Block,
    CodeMapping,
    Country,
    CountryMapping,
    ExchangeRate,
    HeldChange,
    Offer,
    Pause,
    PauseReason,
    PricingRule,
    Service,
    ServiceMapping,
    Supplier,
    SyncRun,
)
from catalog.pausing import lift_pauses
from catalog.rates import accept_rate
from nexotp.lib.admin import ReadOnlyAdmin, ShopAdmin
from nexotp.lib.amounts import amount_text
from nexotp.lib.queues import CATALOGUE

# Pages wait this long for prices to be baked; the rest is done in the background.
_PATIENCE = 2.0
_RECENT_SYNCS = 10


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


_SYNC_COUNTS = (
    *("read_count", "added_count", "changed_count", "vanished_count", "held_count"),
    "unmapped_count",
)


def _sync_soon(suppliers: list[int]) -> None:
    """Have these suppliers' lists read without waiting for the next round."""

    def send() -> None:
        for supplier in suppliers:
            # By name: doors do not import each other.
            current_app.send_task("catalog.sync_catalogue", (supplier,), queue=CATALOGUE)

    transaction.on_commit(send)


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
        *("recent_syncs", "push_address"),
        *("hours_left", "drift_shown", "reconciled_until"),
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

    @admin.display(description=_("sync runs"))
    def recent_syncs(self, supplier: Supplier) -> str:
        """The last few, how far the one is that reads now, and the way to all of them."""
        runs = SyncRun.objects.filter(supplier=supplier).order_by("-began_at")[:_RECENT_SYNCS]
        lines = format_html_join(
            mark_safe("<br>"),
            "{}: {}. {}",
            (
                (
                    timezone.localtime(run.began_at).strftime("%Y-%m-%d %H:%M"),
                    run.get_state_display(),
                    run.summary,
                )
                for run in runs
            ),
        )
        everything = reverse("admin:catalog_syncrun_changelist")
        query = urlencode({"supplier__id__exact": supplier.pk})
        return format_html('{}<br><a href="{}?{}">{}</a>', lines, everything, query, _("All"))

    @admin.action(description=_("Sync the catalogue now"), permissions=["change"])
    def sync_now(self, request: HttpRequest, queryset: QuerySet[Supplier]) -> None:
        _sync_soon(sorted(queryset.values_list("pk", flat=True)))
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


class QueueFilter(admin.SimpleListFilter):
    """Where a code stands: to be looked at, sold, or not sold on purpose."""

    title = _("review")
    parameter_name = "review"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("proposed", _("Waiting, with a proposal")),
            ("unknown", _("Waiting, without one")),
            ("sold", _("Sold")),
            ("refused", _("Not sold")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        where = {
            "proposed": {"is_reviewed": False, "isnull": False},
            "unknown": {"is_reviewed": False, "isnull": True},
            "sold": {"is_reviewed": True, "isnull": False},
            "refused": {"is_reviewed": True, "isnull": True},
        }.get(self.value() or "")
        if where is None:
            return queryset
        has_meaning = {f"{queryset.model.MEANING}__isnull": where["isnull"]}
        return queryset.filter(is_reviewed=where["is_reviewed"], **has_meaning)


class CodeMappingAdmin(ShopAdmin):
    """The review queue: what a supplier's code means is sold only after a person agreed.

    What has the most stock behind it comes first.
    """

    list_filter = (QueueFilter, "supplier", "proposed_by")
    search_fields = ("code", "name")
    ordering = ("is_reviewed", "-stock_count", "supplier", "code")
    readonly_fields = ("proposed_by", "listing_count", "stock_count")
    actions = ("accept", "refuse")

    def save_model(self, request: HttpRequest, obj: CodeMapping, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        stop_selling_as_before(obj, now=timezone.now())
        _sync_soon([obj.supplier_id])

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Any:
        """Whoever chooses what a code means has reviewed it."""
        mapping = super().save_form(request, form, change)
        mapping.is_reviewed = mapping.is_reviewed or mapping.MEANING in form.changed_data
        return mapping

    @admin.action(description=_("Accept what is proposed"), permissions=["change"])
    def accept(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        accepted = accept_proposals(queryset)
        self._note(request, accepted, "accepted")
        self.message_user(
            request,
            _("%(count)d codes were accepted. They are on sale as soon as the list is read again.")
            % {"count": len(accepted)},
            messages.SUCCESS,
        )

    @admin.action(description=_("Not sold: ignore these codes"), permissions=["change"])
    def refuse(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        refused = refuse_codes(queryset, now=timezone.now())
        self._note(request, refused, "not sold")
        self.message_user(
            request,
            _("%(count)d codes are not sold.") % {"count": len(refused)},
            messages.SUCCESS,
        )

    def _note(self, request: HttpRequest, mappings: list[CodeMapping], what: str) -> None:
        for mapping in mappings:
            self.log_change(request, mapping, what)
        _sync_soon(sorted({mapping.supplier_id for mapping in mappings}))


@admin.register(ServiceMapping)
class ServiceMappingAdmin(CodeMappingAdmin):
    list_display = (
        *("code", "name", "supplier", "service", "proposed_by", "listing_count", "stock_count"),
        "is_reviewed",
    )
    list_select_related = ("supplier", "service")
    autocomplete_fields = ("service",)


@admin.register(CountryMapping)
class CountryMappingAdmin(CodeMappingAdmin):
    list_display = (
        *("code", "name", "supplier", "country", "proposed_by", "listing_count", "stock_count"),
        "is_reviewed",
    )
    list_select_related = ("supplier", "country")
    autocomplete_fields = ("country",)


@admin.register(HeldChange)
class HeldChangeAdmin(ReadOnlyAdmin):
    """Prices and losses that are not believed yet, for people to decide sooner."""

    list_display = ("offer", "known_cost", "new_cost", "seen_count", "since")
    list_filter = ("offer__supplier",)
    list_select_related = ("offer__supplier", "offer__service", "offer__country")
    search_fields = ("offer__service__name", "offer__country__name_en", "offer__supplier__code")
    ordering = ("-since", "offer")
    actions = ("believe",)

    def has_believe_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("catalog.change_heldchange"))

    @admin.display(description=_("known cost"))
    def known_cost(self, change: HeldChange) -> str:
        return amount_text(change.offer.cost, change.offer.supplier.currency)

    @admin.display(description=_("new cost"))
    def new_cost(self, change: HeldChange) -> Any:
        if change.cost is None:
            return _("gone")
        return amount_text(change.cost, change.offer.supplier.currency)

    @admin.action(description=_("Believe the selected changes"), permissions=["believe"])
    def believe(self, request: HttpRequest, queryset: QuerySet[HeldChange]) -> None:
        changes = list(queryset)
        for change in changes:
            self.log_change(request, change, "believed")
        chosen = HeldChange.objects.filter(pk__in=[change.pk for change in changes])
        count = believe_changes(chosen, now=timezone.now())
        self.message_user(
            request, _("%(count)d changes were made.") % {"count": count}, messages.SUCCESS
        )
        if count < len(changes):
            self.message_user(
                request,
                _("A price list is just being stored. Look again in a minute."),
                messages.WARNING,
            )


@admin.register(SyncRun)
class SyncRunAdmin(ReadOnlyAdmin):
    """What each reading of a price list did, and how far the one is that reads now."""

    list_display = (*("began_at", "supplier", "state", "seconds"), *_SYNC_COUNTS, "memory", "error")
    list_filter = ("state", "supplier")
    list_select_related = ("supplier",)
    ordering = ("-began_at",)

    @admin.display(description=_("seconds"))
    def seconds(self, run: SyncRun) -> str:
        return f"{((run.ended_at or timezone.now()) - run.began_at).total_seconds():.1f}"

    @admin.display(description=_("memory"), ordering="peak_memory")
    def memory(self, run: SyncRun) -> str:
        return "—" if run.peak_memory is None else f"{run.peak_memory // 2**20} MB"


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
        # The form's own transaction would keep every repriced offer locked.
        transaction.on_commit(lambda: self._reprice_now(request))

    def _reprice_now(self, request: HttpRequest) -> None:
        done = reprice_offers(now=timezone.now(), within=_PATIENCE)
        self.message_user(request, _("%(count)d prices changed.") % {"count": done.changed})
        if not done.is_complete:
            self.message_user(request, _("The other prices follow within minutes."))


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
