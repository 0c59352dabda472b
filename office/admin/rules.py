"""The pricing rules' past for staff: who changed what, all prices of a moment, and the way back."""

from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from catalog.admin.rule_plans import (
    Names,
    column_shown,
    goods_shown,
    names_for,
    plan_shown,
    rules_there,
    value_shown,
)
from catalog.admin.rule_sheets import RuleSheetPages
from catalog.models import PricingRule
from catalog.rule_plans import FIELDS, SCOPE, Values, fingerprint, plan
from nexotp.lib.errors import Problem
from office.actions import at_moment, revert_change, revert_rules, without_change
from office.admin.asking import ReasonForm
from office.models import Act, AuditEntry
from office.reports.rule_history import became, begins, changes_of_rules, last_known, was

_AT_ONCE = 50
_INSTANT = timedelta(microseconds=1)
_YEARS = range(2000, 9000)


class RulePastPages(RuleSheetPages):
    """The pages beside pricing rules that tell what the audit knows of them."""

    def tools(self, request: HttpRequest) -> list[dict[str, Any]]:
        past = {
            "title": _("History"),
            "icon": "history",
            "link": reverse("admin:office_rules_past"),
        }
        return [*super().tools(request), past]

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        pages: list[URLPattern] = [
            path("past/", wrap(self.past_view), name="office_rules_past"),
            path("past/then/", wrap(self.then_view), name="office_rules_then"),
            path("past/<int:pk>/revert/", wrap(self.revert_view), name="office_rules_revert"),
        ]
        return pages + super().get_urls()

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """One rule's history, also of a rule that is gone."""
        self.check_rewrite(request)
        pk = int(object_id) if object_id.isdecimal() and len(object_id) < 19 else 0
        return self._past(request, gettext("History of rule #%s") % pk, pk)

    def past_view(self, request: HttpRequest) -> HttpResponse:
        """Every change of the rules, some at a time, the newest first."""
        self.check_rewrite(request)
        return self._past(request, gettext("History of the pricing rules"), None)

    def _past(self, request: HttpRequest, title: str, pk: int | None) -> HttpResponse:
        changes = changes_of_rules(pk)
        before = request.GET.get("before", "")
        if before.isdecimal() and len(before) < 19:
            changes = changes.filter(pk__lt=int(before))
        shown = list(changes[: _AT_ONCE + 1])
        page, is_more = shown[:_AT_ONCE], len(shown) > _AT_ONCE
        context = self.page_context(request, title) | {
            "changes": _changes_shown(page),
            "older": page[-1].pk if is_more else None,
            "rule": pk if pk and PricingRule.objects.filter(pk=pk).exists() else None,
            "is_one": pk is not None,
            "now": timezone.localtime(timezone=timezone.get_default_timezone()),
        }
        return render(request, "office/rules_past.html", context)

    def then_view(self, request: HttpRequest) -> HttpResponse:
        """The rules of a moment, what going back to them would change, and the button for it."""
        self.check_rewrite(request)
        moment = _moment(request.GET.get("at", ""))
        if moment is None:
            messages.error(request, _("Choose a day and a time."))
            return redirect("admin:office_rules_past")
        present = rules_there()
        then, lost = at_moment(moment, present)
        names = names_for(each.values for each in [*then, *lost])
        return self._way_back(
            request,
            title=_("The rules as they were"),
            present=present,
            wanted=then,
            act=lambda reason, seen: revert_rules(moment, seen=seen, reason=reason),
            context={
                "moment": moment,
                "then": [_rule_shown(each.pk, each.values, names) for each in then],
                "lost": [_rule_shown(each.pk, each.values, names) for each in lost],
            },
        )

    def revert_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """One change, and what taking it back would do."""
        self.check_rewrite(request)
        change = get_object_or_404(changes_of_rules(), pk=pk)
        present = rules_there()
        try:
            wanted, trouble = without_change(change, present), None
        except Problem as problem:
            wanted, trouble = None, problem.message
        return self._way_back(
            request,
            title=_("Take a change back"),
            present=present,
            wanted=wanted,
            act=lambda reason, seen: revert_change(change, seen=seen, reason=reason),
            context={"changes": _changes_shown([change]), "trouble": trouble},
        )

    def _way_back(
        self,
        request: HttpRequest,
        *,
        title: Any,
        present: list[PricingRule],
        wanted: Any,
        act: Any,
        context: dict[str, Any],
    ) -> HttpResponse:
        form = ReasonForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            try:
                act(form.cleaned_data["reason"], request.POST.get("seen", ""))
            except Problem as problem:
                form.add_error(None, str(problem.message))
            else:
                messages.success(request, _("Done. It stands in the history as a change of yours."))
                self._reprice(request)
                return redirect("admin:office_rules_past")
        lines = [] if wanted is None else plan(wanted, present, replaces=True)
        shown = self.page_context(request, title) | context
        shown |= {"plan": plan_shown(lines), "seen": fingerprint(present), "form": form}
        status = 422 if form.is_bound else 200
        return render(request, "office/rules_back.html", shown, status=status)


def _changes_shown(changes: list[AuditEntry]) -> list[dict[str, Any]]:
    sides = [(was(change), became(change)) for change in changes]
    known = last_known(int(change.row_id) for change in changes)
    names = names_for([*(side for pair in sides for side in pair), *known.values()])
    first = begins(changes)
    shown = []
    for change, (before, after) in zip(changes, sides, strict=True):
        pk = int(change.row_id)
        shown.append(
            {
                "entry": change,
                "pk": pk,
                "goods": goods_shown(known[pk], names) if pk in known else "",
                "icon": {Act.INSERT: "add_circle", Act.DELETE: "delete"}.get(
                    Act(change.act), "edit"
                ),
                "columns": _columns_shown(Act(change.act), before, after, names),
                "before": _just_before(first.get(change.request_id, change.at)),
            }
        )
    return shown


def _columns_shown(act: Act, was: Values, became: Values, names: Names) -> list[dict[str, Any]]:
    told = []
    for name in FIELDS:
        if name not in became and name not in was:
            continue
        before = None if act == Act.INSERT else value_shown(name, was.get(name), names)
        after = None if act == Act.DELETE else value_shown(name, became.get(name), names)
        if {before, after} != {None, "—"}:
            told.append({"column": column_shown(name), "was": before, "becomes": after})
    return told


def _rule_shown(pk: int | None, values: Values, names: Names) -> dict[str, Any]:
    told = [
        {"column": column_shown(name), "becomes": value_shown(name, values[name], names)}
        for name in FIELDS
        if name not in SCOPE and values[name] is not None
    ]
    return {"pk": pk, "goods": goods_shown(values, names), "changes": told}


def _just_before(moment: datetime) -> str:
    local = timezone.localtime(moment - _INSTANT, timezone.get_default_timezone())
    return local.isoformat()


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.year not in _YEARS:
        return None
    zone = timezone.get_default_timezone()
    return moment if timezone.is_aware(moment) else timezone.make_aware(moment, zone)
