"""The books for staff: the daily close, the profit, and the proof that all agrees."""

import csv
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from celery import current_app
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from accounts.models import Mode
from nexotp.lib.admin import ReadOnlyAdmin
from nexotp.lib.amounts import amount_text
from nexotp.lib.queues import UPKEEP
from office.actions import ask_books_check
from office.admin.asking import staff_of
from office.models import BooksCheck
from office.reports.close import Close, check_of, close_table, daily_close
from office.reports.home import mode_shown
from office.reports.profit import BY, profit, profit_table
from office.reports.spans import ONE_DAY, day_of

# A longer profit would read a year of days; a spreadsheet can add two of them.
_LONGEST = timedelta(days=366)


@admin.register(BooksCheck)
class BooksCheckAdmin(ReadOnlyAdmin):
    empty_text = _("The books were not checked yet. Check them now, at the top of this page.")
    list_display = ("asked_at", "asked_by", "ended_at", "result")
    list_select_related = ("asked_by",)
    ordering = ("-pk",)
    fields = ("asked_at", "asked_by", "ended_at", "result", "findings_shown")
    actions_list = ("check_now", "daily_close", "profit_page")

    def has_check_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("office.add_bookscheck")

    def has_books_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("office.view_books")

    @admin.display(description=_("result"))
    def result(self, check: BooksCheck) -> Any:
        if check.ended_at is None:
            return _("running; look again in a minute")
        if not check.findings:
            return _("everything agrees")
        return _("%(count)d things do not agree") % {"count": len(check.findings)}

    @admin.display(description=_("findings"))
    def findings_shown(self, check: BooksCheck) -> str:
        return "\n".join(check.findings) or "—"

    @action(  # type: ignore[untyped-decorator]
        description=_("Check the books now"),
        url_path="check-now",
        permissions=["check"],
        icon="fact_check",
        attrs={"data-office-post": ""},
    )
    def check_now(self, request: HttpRequest) -> HttpResponse:
        """A button that sends; a link alone changes nothing, and is only asked to be pressed."""
        back = reverse("admin:office_bookscheck_changelist")
        if request.method != "POST":
            context = self.admin_site.each_context(request) | {
                "opts": self.opts,
                "title": _("Check the books now"),
                "about": _("Check the books now"),
                "lines": [_("Every wallet, order and purchase is compared with the ledger.")],
                "form": (),
                "back": back,
            }
            return render(request, "office/ask.html", context)
        ask_books_check(by=staff_of(request), now=timezone.now())
        # By name: doors do not import each other. Lost, it is found again within ten minutes.
        transaction.on_commit(_wake)
        messages.success(request, _("The books are being checked; the result stands here."))
        return redirect(back)

    @action(  # type: ignore[untyped-decorator]
        description=_("Daily close"), url_path="to-close", permissions=["books"], icon="today"
    )
    def daily_close(self, request: HttpRequest) -> HttpResponse:
        return redirect("admin:office_close")

    @action(  # type: ignore[untyped-decorator]
        description=_("Profit"), url_path="to-profit", permissions=["books"], icon="trending_up"
    )
    def profit_page(self, request: HttpRequest) -> HttpResponse:
        return redirect("admin:office_profit")

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        pages: list[URLPattern] = [
            path("close/", wrap(self.close_view), name="office_close"),
            path("profit/", wrap(self.profit_view), name="office_profit"),
        ]
        return pages + super().get_urls()

    def close_view(self, request: HttpRequest) -> HttpResponse:
        """One day's books, as a page or, with `csv`, as a table for spreadsheets."""
        if not self.has_books_permission(request):
            raise PermissionDenied
        today = day_of(timezone.now())
        day = min(_day(request.GET.get("day", ""), today - ONE_DAY), today)
        mode = mode_shown(request.GET.get("mode", ""))
        closes = daily_close(day, mode)
        if "csv" in request.GET:
            return _csv(f"close-{day}-{mode}.csv", close_table(closes))
        context = self.admin_site.each_context(request) | {
            "title": _("Daily close"),
            "day": day,
            "today": today,
            "mode": mode,
            "modes": Mode.choices,
            "books": [_shown(close) for close in closes],
            "check": check_of(day),
            "is_over": day < today,
        }
        return render(request, "office/close.html", context)

    def profit_view(self, request: HttpRequest) -> HttpResponse:
        """Profit of some days, as a page or, with `csv`, as a table for spreadsheets."""
        if not self.has_books_permission(request):
            raise PermissionDenied
        now = timezone.now()
        today = day_of(now)
        last = min(_day(request.GET.get("last", ""), today), today)
        first = min(_day(request.GET.get("first", ""), last - timedelta(days=6)), last)
        first = max(first, last - _LONGEST)
        mode = mode_shown(request.GET.get("mode", ""))
        by = request.GET.get("by", "supplier")
        by = by if by in BY else "supplier"
        lines = profit(first=first, last=last, mode=mode, by=by, now=now)
        if "csv" in request.GET:
            return _csv(f"profit-{by}-{first}-{last}-{mode}.csv", profit_table(lines, by))
        context = self.admin_site.each_context(request) | {
            "title": _("Profit"),
            "first": first,
            "last": last,
            "mode": mode,
            "modes": Mode.choices,
            "by": by,
            "choices": {
                "supplier": _("Supplier"),
                "service": _("Service"),
                "country": _("Country"),
            },
            "lines": [
                {
                    "line": line,
                    "revenue": _money(line.revenue),
                    "refunds": _money(line.refunds),
                    "spent": [amount_text(n, currency) for currency, n in line.spent.items() if n],
                    "cost": _money(line.cost),
                    "margin": _money(line.margin),
                }
                for line in lines
            ],
        }
        return render(request, "office/profit.html", context)


def _wake() -> None:
    current_app.send_task("office.check_books", queue=UPKEEP)


def _shown(close: Close) -> dict[str, Any]:
    return {
        "close": close,
        "lines": [
            {
                "account": line.account.label,
                "opening": amount_text(line.opening, close.currency),
                "movements": [
                    {"kind": kind.label, "amount": amount_text(amount, close.currency)}
                    for kind, amount in line.movements
                ],
                "closing": amount_text(line.closing, close.currency),
            }
            for line in close.lines.values()
        ],
    }


def _money(amount: int | None) -> str:
    return "—" if amount is None else amount_text(amount, settings.SHOP_CURRENCY)


def _day(text: str, otherwise: date) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return otherwise
    return day if day.year >= 2000 else otherwise


def _csv(name: str, rows: Iterable[list[str]]) -> HttpResponse:
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    writer = csv.writer(response)
    for row in rows:
        writer.writerow([_harmless(cell) for cell in row])
    return response


def _harmless(cell: str) -> str:
    """A name that begins like a formula would be one, once a spreadsheet has opened it."""
    is_number = cell.lstrip("-").replace(".", "", 1).isdigit()
    return f"'{cell}" if cell[:1] in {"=", "+", "-", "@"} and not is_number else cell
