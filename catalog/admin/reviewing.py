"""Codes and changes that wait for a person's word."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from catalog.actions import (
    accept_proposals,
    believe_changes,
    refuse_codes,
    stop_selling_as_before,
)
from catalog.admin.review_pages import ReviewPages, said_of
from catalog.admin.syncs import sync_soon
from catalog.models import (
    CodeMapping,
    CountryMapping,
    HeldChange,
    ServiceMapping,
)
from nexotp.lib.admin import ReadOnlyAdmin
from nexotp.lib.amounts import amount_text


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


class CodeMappingAdmin(ReviewPages):
    """The review queue: what a supplier's code means is sold only after a person agreed.

    What has the most stock behind it comes first.
    """

    list_filter = (QueueFilter, "supplier", "proposed_by")
    search_fields = ("code", "name")
    ordering = ("is_reviewed", "-stock_count", "supplier", "code")
    readonly_fields = ("proposed_by", "listing_count", "stock_count")
    actions = ("accept", "refuse")
    list_before_template = "catalog/admin/queue.html"

    def save_model(self, request: HttpRequest, obj: CodeMapping, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        stop_selling_as_before(obj, now=timezone.now())
        sync_soon([obj.supplier_id])

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
            said_of(len(accepted)),
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
        sync_soon(sorted({mapping.supplier_id for mapping in mappings}))


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

    empty_text = _("No price list holds a jump that somebody must look at.")
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
