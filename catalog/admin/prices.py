"""Pricing rules and exchange rates, for staff."""

from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from catalog.actions import (
    reprice_offers,
)
from catalog.admin.rule_findings import FindingFilter, RuleFindingPages
from catalog.admin.rule_sheets import RuleSheetPages
from catalog.models import (
    ExchangeRate,
    PricingRule,
)
from catalog.rates import accept_rate
from catalog.waking import wake_counting
from nexotp.lib.admin import ShopAdmin

# Pages wait this long for prices to be baked; the rest is done in the background.
_PATIENCE = 2.0


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
        wake_counting()


@admin.register(PricingRule)
class PricingRuleAdmin(_RepricingAdmin, RuleFindingPages, RuleSheetPages):
    list_before_template = "catalog/rule_tools.html"
    list_display = (
        *("__str__", "findings_shown", "markup_percent", "markup_fixed"),
        *("floor", "ceiling", "rounding"),
        *("starts_at", "ends_at", "is_active"),
    )
    list_filter = ("is_active", "supplier", FindingFilter)
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
