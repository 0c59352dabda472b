"""Why something costs what it costs, for any goods and any account, as a page."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Mode, User
from catalog.explaining import Applied, ExplainedOffer, Loss, Step, explain_price
from catalog.models import Country, Service
from catalog.routing import Verdict
from nexotp.lib.amounts import amount_text, fine_amount_text, signed_amount_text
from office.admin.orders import VERDICTS

_ABLE = {Verdict.FIRST, Verdict.NEXT, Verdict.TOO_FAR, Verdict.THIN_MARGIN}
_LOSSES = {
    Loss.LESS_SPECIFIC: _("less specific"),
    Loss.OLDER: _("older than the one that holds"),
    Loss.SWITCHED_OFF: _("switched off"),
    Loss.NOT_YET: _("has not begun"),
    Loss.OVER: _("has ended"),
}
_STEPS = {
    Step.WORTH: _("The cost in the shop's currency"),
    Step.PERCENT: _("With %(percent)s %%"),
    Step.FIXED: _("With the fixed markup of %(fixed)s"),
    Step.ROUNDED: _("Rounded up to a multiple of %(rounding)s"),
    Step.FLOOR: _("Raised to the lowest price"),
    Step.CEILING: _("Cut to the highest price"),
    Step.NO_RISE: _("Not above everybody's price"),
    Step.LEAST: _("Held where cost and floor margin remain"),
}


class WhyForm(forms.Form):
    """Which goods, and for whom."""

    service = forms.ModelChoiceField(
        Service.objects.order_by("name"), label=_("service"), to_field_name="code"
    )
    country = forms.ModelChoiceField(
        Country.objects.order_by("name_en"), label=_("country"), to_field_name="code"
    )
    account = forms.EmailField(label=_("The account's e-mail"), required=False)
    mode = forms.ChoiceField(label=_("mode"), choices=Mode, required=False)

    def clean_account(self) -> User | None:
        email = self.cleaned_data["account"].lower()
        if not email:
            return None
        found = User.objects.select_related("tier").filter(email=email).first()
        if found is None:
            raise forms.ValidationError(_("There is no account with this e-mail address."))
        return found

    def clean_mode(self) -> str:
        return self.cleaned_data["mode"] or Mode.LIVE.value


def why_context(request: HttpRequest, *, now: datetime) -> dict[str, Any]:
    """Return what the page shows: the form, and the explanation once it is filled in."""
    is_asked = bool(request.GET.get("service") and request.GET.get("country"))
    form = WhyForm(request.GET if is_asked else None, initial=request.GET.dict())
    context: dict[str, Any] = {"form": form, "title": _("Why this price")}
    if not is_asked or not form.is_valid():
        return context
    asked = form.cleaned_data
    found = explain_price(
        asked["service"], asked["country"], user=asked["account"], mode=asked["mode"], now=now
    )
    return context | {
        "found": found,
        "account": asked["account"],
        "service": asked["service"],
        "country": asked["country"],
        "price": _money(found.price),
        "offers": [_offer(each, now) for each in found.offers],
        "now": now,
    }


def _offer(each: ExplainedOffer, now: datetime) -> dict[str, Any]:
    offer, judged = each.offer, each.judged
    return {
        "name": offer.provider_code,
        "supplier": offer.supplier,
        "supplier_link": reverse("admin:catalog_supplier_change", args=[offer.supplier_id]),
        "offer_link": reverse("admin:catalog_offer_change", args=[offer.pk]),
        "verdict": VERDICTS[judged.verdict],
        "until": judged.until,
        "is_able": judged.verdict in _ABLE,
        "cost": amount_text(offer.cost, offer.supplier.currency),
        "rate": _rate(each, now),
        "of_offer": _applied(each.of_offer),
        "leaves_margin": each.leaves_margin,
        "floor_percent": settings.FLOOR_MARGIN_PERCENT,
        "is_stale": each.is_stale,
        "base": _money(each.base),
        "of_tier": _applied(each.of_tier) if each.of_tier else None,
        "price": _money(each.price),
        "stock": offer.stock,
    }


def _rate(each: ExplainedOffer, now: datetime) -> dict[str, Any] | None:
    if each.rate is None:
        return None
    rate = each.rate
    age = now - rate.as_of
    return {
        "text": f"1 {rate.currency} = {_plain(rate.rate)} {settings.SHOP_CURRENCY}",
        "as_of": timezone.localtime(rate.as_of),
        "source": rate.source,
        "is_old": age.total_seconds() > settings.EXCHANGE_RATE_MAX_AGE_HOURS * 3600,
    }


def _plain(number: Decimal) -> str:
    whole = number.to_integral_value()
    exact = number.normalize() if number != whole else whole
    return formats.number_format(exact, use_l10n=True, force_grouping=True)


def _applied(applied: Applied) -> dict[str, Any]:
    return {
        "rule": applied.rule,
        "link": _rule_link(applied.rule.pk) if applied.rule else "",
        "steps": [(_step(step, applied), _exact(amount)) for step, amount in applied.steps],
        "result": _money(applied.result),
        "lost": [
            {"rule": lost.rule, "link": _rule_link(lost.rule.pk), "reason": _LOSSES[lost.reason]}
            for lost in applied.lost
        ],
    }


def _step(step: Step, applied: Applied) -> str:
    rule = applied.rule
    assert rule is not None, "without a rule there are no steps"
    percent = formats.number_format(abs(rule.markup_percent).normalize())
    return str(_STEPS[step]) % {
        "percent": f"{'−' if rule.markup_percent < 0 else '+'}{percent}",
        "fixed": signed_amount_text(rule.markup_fixed, settings.SHOP_CURRENCY),
        "rounding": amount_text(rule.rounding, settings.SHOP_CURRENCY),
    }


def _rule_link(pk: int) -> str:
    return reverse("admin:catalog_pricingrule_change", args=[pk])


def _money(amount: int | None) -> str:
    return "—" if amount is None else amount_text(amount, settings.SHOP_CURRENCY)


def _exact(amount: Decimal) -> str:
    """A step's amount, with the fraction of a minor unit that rounding takes away later."""
    if amount == amount.to_integral_value():
        return amount_text(int(amount), settings.SHOP_CURRENCY)
    return fine_amount_text(amount, settings.SHOP_CURRENCY)
