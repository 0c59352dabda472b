"""What there is to say about the pricing rules, on their list and on the page of each."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from catalog.actions import offers_for_nothing
from catalog.models import Offer, PricingRule, RuleCount, Supplier
from catalog.rule_findings import Finding, Found, find
from catalog.waking import wake_counting
from nexotp.lib.admin import RowContext, ShopAdmin
from nexotp.lib.amounts import amount_text

_GRAVE = {Finding.COVERED, Finding.UNDER_COST, Finding.TIE}


def findings(request: HttpRequest) -> dict[int, list[Found]]:
    """Return what there is to say of every rule, worked out once for a page."""
    found: dict[int, list[Found]] | None = getattr(request, "rule_findings", None)
    if found is None:
        counts = RuleCount.objects.exclude(rule=None)
        found = find(PricingRule.objects.all(), counts, now=timezone.now())
        request.rule_findings = found  # type: ignore[attr-defined]
    return found


class FindingFilter(admin.SimpleListFilter):
    """Rules that somebody should look at, by why."""

    title = _("to look at")
    parameter_name = "finding"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        return Finding.choices

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in Finding.values:
            return queryset
        told = findings(request).items()
        return queryset.filter(
            pk__in=[pk for pk, found in told if self.value() in {each.kind for each in found}]
        )


class RuleFindingPages(RowContext, ShopAdmin):
    """The list's column and the part of a rule's page that say what is odd about it."""

    change_form_before_template = "catalog/rule_findings.html"

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        shown = super().get_changelist_instance(request)
        found = findings(request)
        for rule in shown.result_list:
            rule.findings = found.get(rule.pk, [])
        return shown

    @admin.display(description=_("to look at"))
    def findings_shown(self, rule: PricingRule) -> SafeString | str:
        found: list[Found] = getattr(rule, "findings", [])
        if not found:
            return "—"
        return format_html_join(
            "",
            '<span class="office-finding{}">{}</span>',
            ((" office-bad" if each.kind in _GRAVE else "", _brief(each)) for each in found),
        )

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        gaps = RuleCount.objects.exclude(supplier=None)
        shown = {
            "gap_count": sum(gap.offer_count for gap in gaps),
            "counted_at": RuleCount.objects.values_list("counted_at", flat=True).first(),
        }
        return super().changelist_view(request, shown | (extra_context or {}))

    def row_context(self, request: HttpRequest, row: PricingRule) -> dict[str, Any]:
        return {"findings": [_told(each, row.pk) for each in findings(request).get(row.pk, [])]}

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        pages: list[URLPattern] = [
            path("gaps/", wrap(self.gaps_view), name="catalog_rules_gaps"),
            path("<int:pk>/under-cost/", wrap(self.under_cost_view), name="catalog_rules_below"),
        ]
        return pages + super().get_urls()

    def gaps_view(self, request: HttpRequest) -> HttpResponse:
        """Offers that no rule prices, by supplier, counted again when somebody asks for it."""
        self._check_view(request)
        if request.method == "POST":
            if not self.has_change_permission(request):
                raise PermissionDenied
            wake_counting()
            messages.success(request, _("The offers are being counted; look again in a moment."))
            return redirect("admin:catalog_rules_gaps")
        gaps = RuleCount.objects.exclude(supplier=None).select_related("supplier")
        suppliers = [gap.supplier for gap in gaps if gap.supplier]
        return self._offers(request, _("Offers without a rule"), suppliers, None, gaps=gaps)

    def under_cost_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Offers that are not sold since the price one rule makes leaves too little."""
        self._check_view(request)
        rule = get_object_or_404(PricingRule, pk=pk)
        suppliers = Supplier.objects.order_by("code")
        if rule.supplier_id:
            suppliers = suppliers.filter(pk=rule.supplier_id)
        title = gettext("Offers that rule #%s prices under cost") % pk
        return self._offers(request, title, suppliers, rule)

    def _offers(
        self,
        request: HttpRequest,
        title: Any,
        suppliers: Iterable[Supplier],
        rule: PricingRule | None,
        **context: Any,
    ) -> HttpResponse:
        now = timezone.now()
        listed = [
            {"supplier": supplier, "offers": _with_names(supplier, rule, now)}
            for supplier in suppliers
        ]
        shown = self.admin_site.each_context(request) | context
        shown |= {
            "opts": self.opts,
            "title": title,
            "suppliers": [each for each in listed if each["offers"]],
            "counted_at": RuleCount.objects.values_list("counted_at", flat=True).first(),
            "may_count": self.has_change_permission(request),
            "rule": rule,
        }
        return render(request, "catalog/rule_gaps.html", shown)

    def _check_view(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise PermissionDenied


def _with_names(supplier: Supplier, rule: PricingRule | None, now: Any) -> list[dict[str, Any]]:
    found = offers_for_nothing(supplier, rule=rule, now=now)
    offers = Offer.objects.select_related("service", "country").in_bulk([o["id"] for o in found])
    currency = settings.SHOP_CURRENCY
    return [
        {
            "offer": offers[each["id"]],
            "link": reverse("admin:catalog_offer_change", args=[each["id"]]),
            "cost": amount_text(each["cost"], supplier.currency),
            "shop_cost": "—"
            if each["shop_cost"] is None
            else amount_text(int(each["shop_cost"]), currency),
            "quote": "—" if each["quote"] is None else amount_text(each["quote"], currency),
        }
        for each in found
        if each["id"] in offers
    ]


def _brief(found: Found) -> str:
    others = " ".join(f"#{other}" for other in found.others)
    count = f"({found.count})" if found.count else ""
    return " ".join(part for part in (str(found.kind.label), others, count) if part)


def _told(found: Found, pk: int) -> dict[str, Any]:
    """Return a finding for the rule's own page: what it means, and the rules it is about."""
    means = {
        Finding.COVERED: _("Newer rules for the same goods hold for all the time it has left."),
        Finding.TIE: _("These hold for the same goods at some of the same times; the newest wins."),
        Finding.IDLE: _("There is no offer for it, or more specific rules price all of them."),
        Finding.ENDS_SOON: _("It ends within a week; then the next rule that fits holds."),
        Finding.OVER: _("It has ended and does nothing any more."),
    }
    if found.kind == Finding.UNDER_COST:
        offers = ngettext(
            "%(count)s offer is not sold, since its price would not leave the lowest margin.",
            "%(count)s offers are not sold, since their prices would not leave the lowest margin.",
            found.count,
        )
        meaning: Any = offers % {"count": found.count}
    else:
        meaning = means[found.kind]
    links = PricingRule.objects.select_related("service", "country", "supplier", "tier")
    others = links.filter(pk__in=found.others)
    return {
        "label": found.kind.label,
        "meaning": meaning,
        "is_grave": found.kind in _GRAVE,
        "others": others,
        "link": reverse("admin:catalog_rules_below", args=[pk])
        if found.kind == Finding.UNDER_COST
        else "",
    }
