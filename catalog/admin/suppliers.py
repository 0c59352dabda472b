"""Suppliers and what is paused at them, for staff."""

from typing import Any
from urllib.parse import urlencode

from celery import current_app
from django import forms
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

from catalog.models import (
    Pause,
    PauseReason,
    Supplier,
    SyncRun,
)
from catalog.pausing import lift_pauses
from nexotp.lib.admin import ReadOnlyAdmin, ShopAdmin
from nexotp.lib.amounts import amount_text
from nexotp.lib.queues import CATALOGUE

_RECENT_SYNCS = 10


_SYNC_COUNTS = (
    *("read_count", "added_count", "changed_count", "vanished_count", "held_count"),
    "unmapped_count",
)


def sync_soon(suppliers: list[int]) -> None:
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
        sync_soon(sorted(queryset.values_list("pk", flat=True)))
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
