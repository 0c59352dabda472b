"""Pricing rules and exchange rates, for staff."""

from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from catalog.actions import (
    reprice_offers,
)
from catalog.admin.links import why_link
from catalog.admin.rule_findings import FindingFilter, RuleFindingPages
from catalog.admin.rule_form import RuleForm
from catalog.admin.rule_sheets import RuleSheetPages
from catalog.models import (
    ExchangeRate,
    PricingRule,
)
from catalog.rates import accept_rate
from catalog.waking import wake_counting
from nexotp.lib.admin import ShopAdmin
from nexotp.lib.amounts import amount_text

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


def _amount(amount: int | None) -> str:
    return "—" if amount is None else amount_text(amount, settings.SHOP_CURRENCY)


@admin.register(PricingRule)
class PricingRuleAdmin(_RepricingAdmin, RuleFindingPages, RuleSheetPages):
    empty_text = _(
        "Without a rule nothing has a price, so nothing is sold. Add one for everything first."
    )
    form = RuleForm
    list_before_template = "catalog/rule_tools.html"
    change_form_after_template = "catalog/rule_preview.html"
    list_display = (
        *("__str__", "findings_shown", "fixed_shown", "floor_shown", "ceiling_shown"),
        *("rounding_shown", "holds", "why"),
    )
    list_filter = (FindingFilter, "is_active", "tier", "supplier")
    list_select_related = ("service", "country", "supplier", "tier")
    autocomplete_fields = ("service", "country", "supplier", "tier")
    search_fields = ("service__name", "country__name_en", "supplier__code", "tier__name")
    fieldsets = (
        (_("What it is for"), {"fields": (("service", "country"), ("supplier", "tier"))}),
        (
            _("What it makes of it"),
            {
                "fields": (
                    ("markup_percent", "markup_fixed"),
                    ("floor", "ceiling"),
                    "rounding",
                )
            },
        ),
        (_("When it holds"), {"fields": ("is_active", "starts_at", "ends_at")}),
    )

    class Media:
        js = ("js/preview.js",)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """A tier's rule is in no offer's price: it holds by being there."""
        was_of_offers = change and "tier" in form.changed_data
        is_on_top = obj.tier_id is not None and not was_of_offers
        save = ShopAdmin.save_model if is_on_top else _RepricingAdmin.save_model
        save(self, request, obj, form, change)
        self.message_user(request, f"{obj}: {obj.standing(timezone.now())}")

    @admin.display(description=_("fixed markup"), ordering="markup_fixed")
    def fixed_shown(self, rule: PricingRule) -> str:
        return _amount(rule.markup_fixed or None)

    @admin.display(description=_("lowest price"), ordering="floor")
    def floor_shown(self, rule: PricingRule) -> str:
        return _amount(rule.floor if rule.floor > 1 else None)

    @admin.display(description=_("highest price"), ordering="ceiling")
    def ceiling_shown(self, rule: PricingRule) -> str:
        return _amount(rule.ceiling)

    @admin.display(description=_("rounded up to a multiple of"), ordering="rounding")
    def rounding_shown(self, rule: PricingRule) -> str:
        return _amount(rule.rounding if rule.rounding > 1 else None)

    @admin.display(description=_("why"))
    def why(self, rule: PricingRule) -> SafeString:
        service, country = rule.service, rule.country
        return why_link(
            service=service.code if service else None, country=country.code if country else None
        )

    @admin.display(description=_("holds"), ordering="starts_at")
    def holds(self, rule: PricingRule) -> str:
        return str(rule.standing(timezone.now()))


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
