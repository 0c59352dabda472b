"""What a pricing rule would do before it is saved, and why something costs what it costs."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import URLPattern, path
from django.utils import formats, timezone
from django.views.decorators.http import require_POST

from catalog.admin.prices import PricingRuleAdmin
from catalog.models import Offer, PricingRule
from catalog.previewing import Effect, Example, change_by, effect_on_offers
from nexotp.lib.admin import ShopAdmin
from nexotp.lib.amounts import amount_text, signed_amount_text
from office.admin.rules import RulePastPages
from office.admin.why import why_context
from office.reports.price_effect import SalesEffect, effect_on_sales

admin.site.unregister(PricingRule)


class PricePages(ShopAdmin):
    """The pages beside pricing rules that look at prices and change nothing."""

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        pages: list[URLPattern] = [
            path("why/", wrap(self.why_view), name="office_why"),
            path("preview/", wrap(require_POST(self.preview_view)), name="office_price_preview"),
        ]
        return pages + super().get_urls()

    def why_view(self, request: HttpRequest) -> HttpResponse:
        """Why some goods cost an account what they cost it, step by step."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = self.admin_site.each_context(request) | why_context(request, now=timezone.now())
        return render(request, "office/why.html", context)

    def preview_view(self, request: HttpRequest) -> HttpResponse:
        """What saving this form would do, as a part of its page, or what is wrong with it."""
        rule = self._rule_of(request)
        form = self.get_form(request, rule, change=rule is not None)(request.POST, instance=rule)
        if not form.is_valid():
            return JsonResponse({"errors": form.errors, "html": ""})
        wished: PricingRule = form.instance
        now = timezone.now()
        change = change_by(wished, now=now)
        effect, sales = effect_on_offers(change, now=now), effect_on_sales(change, now=now)
        context = {
            "rule": wished,
            "change": change,
            "effect": effect,
            "sales": sales,
            "standing": wished.standing(now),
            "is_over": wished.ends_at is not None and wished.ends_at <= now,
            "examples": [_example(each) for each in effect.examples],
            "money": _money(sales),
            "shown": _counts(effect, sales),
        }
        html = render_to_string("office/price_preview.html", context, request)
        return JsonResponse({"errors": {}, "html": html})

    def _rule_of(self, request: HttpRequest) -> PricingRule | None:
        """Raises PermissionDenied."""
        number = request.GET.get("rule", "")
        stored = None
        if number.isascii() and number.isdigit() and len(number) < 19:
            stored = PricingRule.objects.filter(pk=int(number)).first()
        if not (
            self.has_change_permission(request, stored)
            if stored
            else self.has_add_permission(request)
        ):
            raise PermissionDenied
        return stored


def _counts(effect: Effect, sales: SalesEffect) -> dict[str, str]:
    of_offers = ("reached", "changed", "cheaper", "dearer", "appeared", "thin", "below_cost")
    counts = {name: getattr(effect, name) for name in of_offers}
    counts |= {name: getattr(sales, name) for name in ("orders", "touched", "lost")}
    counts["looked_at"] = round(effect.reached * effect.share)
    return {
        name: formats.number_format(count, use_l10n=True, force_grouping=True)
        for name, count in counts.items()
    }


def _example(example: Example) -> dict[str, Any]:
    before, after = example.before, example.after
    change = ""
    if before and after:
        change = f"{100 * (after - before) / before:+.0f} %".replace("-", "−")
    return {
        "offer": _offer_name(example.offer),
        "before": _amount(before),
        "after": _amount(after),
        "change": change,
        "is_lower": bool(before and after and after < before),
    }


def _offer_name(offer: Offer) -> str:
    return " · ".join((str(offer.service), str(offer.country), offer.provider_code))


def _amount(amount: int | None) -> str:
    return "—" if amount is None else amount_text(amount, settings.SHOP_CURRENCY)


def _money(sales: SalesEffect) -> list[tuple[str, str, str, str, bool]]:
    """Revenue and margin: before, after, the difference, and whether that is a loss."""
    rows = [
        ("revenue", sales.revenue, sales.new_revenue),
        ("margin", sales.margin, sales.new_margin),
    ]
    shown = []
    for name, before, after in rows:
        difference = None if before is None or after is None else after - before
        told = "" if difference is None else signed_amount_text(difference, settings.SHOP_CURRENCY)
        shown.append((name, _amount(before), _amount(after), told, (difference or 0) < 0))
    return shown


@admin.register(PricingRule)
class PricedRuleAdmin(PricePages, RulePastPages, PricingRuleAdmin):
    """The rules of the catalogue, with what they would do and have done."""
