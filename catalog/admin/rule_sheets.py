"""Pricing rules out to spreadsheets and back in, looked at before anything is changed."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminFileFieldWidget, UnfoldBooleanWidget

from accounts.models import User
from catalog.actions import carry_out_sheet, keep_sheet, read_kept
from catalog.admin.rule_plans import plan_shown, rules_there
from catalog.models import RuleSheet
from catalog.rule_plans import Kind, fingerprint, plan
from catalog.rule_sheets import header, rows_of
from nexotp.lib.acting import because
from nexotp.lib.admin import ShopAdmin
from nexotp.lib.errors import Problem
from nexotp.lib.sheets import XLSX_TYPE, Sheet, SheetRefused, read_sheet, xlsx
from nexotp.lib.tables import csv_answer

_NAME = "nexotp-pricing-rules"


class UploadForm(forms.Form):
    """A file of pricing rules; what it says is only looked at."""

    file = forms.FileField(
        label=_("file"),
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": ".csv,.xlsx"}),
        help_text=_("CSV (UTF-8) or XLSX, two megabytes and five thousand rows at most."),
        allow_empty_file=True,
    )
    replaces = forms.BooleanField(
        label=_("Replace everything: rules that are not in the file are removed"),
        required=False,
        widget=UnfoldBooleanWidget(),
    )

    def clean_file(self) -> Sheet:
        file = self.cleaned_data["file"]
        self.cleaned_data["name"] = file.name
        try:
            return read_sheet(file.read())
        except SheetRefused as refused:
            raise forms.ValidationError(str(refused.message)) from refused


class RuleSheetPages(ShopAdmin):
    """The pages for sheets of rules, beside those of the rules themselves."""

    def _reprice(self, request: HttpRequest) -> None:
        """Bring prices in line with what was changed, as soon as it is committed."""
        raise NotImplementedError

    def has_rewrite_permission(self, request: HttpRequest) -> bool:
        """Whether somebody may change many rules at once: whoever may change any of them so."""
        acts = ("add", "change", "delete")
        return all(request.user.has_perm(f"catalog.{act}_pricingrule") for act in acts)

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        pages: list[URLPattern] = [
            path("rules.<str:kind>", wrap(self.export_view), name="catalog_rules_export"),
            path("import/", wrap(self.upload_view), name="catalog_rules_import"),
            path("import/<int:pk>/", wrap(self.plan_view), name="catalog_rules_plan"),
        ]
        return pages + super().get_urls()

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The list, with what can be done with all of its rules above it."""
        shown = {
            "may_rewrite": self.has_rewrite_permission(request),
            "query": f"?{request.GET.urlencode()}" if request.GET else "",
            "tools": self.tools(request),
        }
        return super().changelist_view(request, shown | (extra_context or {}))

    def tools(self, request: HttpRequest) -> list[dict[str, Any]]:
        """Return what else can be done with all rules: title, icon and link of each."""
        return []

    def export_view(self, request: HttpRequest, kind: str) -> HttpResponseBase:
        """The rules that the list shows with these filters, or all of them."""
        self.check_rewrite(request)
        try:
            rules = self.get_changelist_instance(request).queryset.order_by("pk")
        except IncorrectLookupParameters:
            return redirect("admin:catalog_pricingrule_changelist")
        if kind == "csv":
            return csv_answer(_NAME, header(), rows_of(rules))
        if kind != "xlsx":
            return redirect("admin:catalog_pricingrule_changelist")
        return HttpResponse(
            xlsx(header(), rows_of(rules), title="rules"),
            content_type=XLSX_TYPE,
            headers={
                "Content-Disposition": f'attachment; filename="{_NAME}.xlsx"',
                "Cache-Control": "no-store",
            },
        )

    def upload_view(self, request: HttpRequest) -> HttpResponse:
        """Take a file; what it would do is the next page."""
        self.check_rewrite(request)
        form = UploadForm(request.POST or None, request.FILES or None)
        if request.method == "POST" and form.is_valid():
            assert isinstance(request.user, User)
            kept = keep_sheet(
                form.cleaned_data["file"],
                name=form.cleaned_data["name"],
                replaces=form.cleaned_data["replaces"],
                by=request.user,
                now=timezone.now(),
            )
            return redirect("admin:catalog_rules_plan", kept.pk)
        context = self.page_context(request, _("Import rules")) | {
            "form": form,
            "columns": header(),
        }
        status = 422 if form.is_bound else 200
        return render(request, "catalog/rule_import.html", context, status=status)

    def plan_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """What a file would do, row by row, and the button that does it."""
        self.check_rewrite(request)
        kept = get_object_or_404(RuleSheet, pk=pk)
        trouble = None
        if request.method == "POST":
            try:
                return self._carry_out(request, kept)
            except Problem as problem:
                trouble = problem.message
        present = rules_there()
        wanted, problems = read_kept(kept, present)
        lines = [] if problems else plan(wanted, present, replaces=kept.replaces)
        context = self.page_context(request, _("What this file would do")) | {
            "sheet": kept,
            "problems": problems,
            "plan": plan_shown(lines),
            "seen": fingerprint(present),
            "trouble": trouble,
        }
        status = 409 if trouble else 200
        return render(request, "catalog/rule_sheet_plan.html", context, status=status)

    def _carry_out(self, request: HttpRequest, kept: RuleSheet) -> HttpResponse:
        with because(gettext("Import of %s") % kept.name):
            done = carry_out_sheet(kept, seen=request.POST.get("seen", ""), now=timezone.now())
        counts = {"new": done[Kind.NEW], "changed": done[Kind.CHANGED]}
        told = gettext("Carried out: %(new)s new, %(changed)s changed, %(removed)s removed.")
        messages.success(request, told % (counts | {"removed": done[Kind.REMOVED]}))
        self._reprice(request)
        return redirect("admin:catalog_pricingrule_changelist")

    def check_rewrite(self, request: HttpRequest) -> None:
        """Raises PermissionDenied for whoever may not change many rules at once."""
        if not self.has_rewrite_permission(request):
            raise PermissionDenied

    def page_context(self, request: HttpRequest, title: Any) -> dict[str, Any]:
        """Return what a page of the admin needs to know, under this title."""
        site: admin.AdminSite = self.admin_site
        return site.each_context(request) | {"opts": self.opts, "title": title}
