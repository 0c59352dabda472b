"""The pages of one supplier: how it stands and serves, what it costs, whether its books agree."""

from datetime import datetime, timedelta
from typing import Any

from celery import current_app
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.formats import date_format
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from accounts.limits import take
from catalog.actions import TestCall, call_for_test
from catalog.admin.syncs import shown_run, sync_soon
from catalog.models import Pause, Service, Supplier, SyncRun
from nexotp.lib.admin import RowContext, ShopAdmin
from nexotp.lib.amounts import amount_text, signed_amount_text
from nexotp.lib.queues import UPKEEP
from nexotp.lib.ratelimit import Bucket
from office.actions import note
from office.admin.asking import staff_of
from office.models import Act
from office.reports.spans import day_of
from office.reports.supply import SUCCESS_DAYS, cost_days, reconciled, served
from orders.models import StrayPurchase, StrayState

_RECENT_SYNCS = 8
_SHOWN_PAUSES = 20
_BOOK_DAYS = 14
_OLDEST = timedelta(days=730)
# A person pressing a button; a supplier may shut out whoever asks it too often.
_TEST_CALLS = Bucket("SUPPLIER_TEST", per_minute=4, burst=2)
_COMPARISONS = Bucket("SUPPLIER_COMPARE", per_minute=1, burst=1)


class SupplierPages(RowContext, ShopAdmin):
    """The addresses of the pages, for whoever may see suppliers."""

    change_form_outer_before_template = "office/supplier/tabs.html"

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        views: dict[str, Any] = {
            "overview": self.overview,
            "success": self.success,
            "costs": self.costs,
            "books": self.books,
            "sync_panel": self.sync_panel,
            "sync": require_POST(self.sync),
            "test": require_POST(self.test),
            "compare": require_POST(self.compare),
        }
        pages: list[URLPattern] = [
            path(f"<int:supplier_id>/{name}/", wrap(view), name=f"catalog_supplier_{name}")
            for name, view in views.items()
        ]
        return pages + super().get_urls()

    def overview(self, request: HttpRequest, supplier_id: int) -> HttpResponse:
        """Whether it is bought from, our money there, what rests, what was read last."""
        return self._overview(request, self._supplier(request, supplier_id))

    def _overview(
        self, request: HttpRequest, supplier: Supplier, call: TestCall | None = None
    ) -> HttpResponse:
        now = timezone.now()
        resting = Pause.objects.on(now).filter(supplier=supplier)
        shown = {
            "standing": standing_of(supplier, now=now),
            "money": _money(supplier, now=now),
            "pauses": resting.select_related("service", "country").order_by("until")[
                :_SHOWN_PAUSES
            ],
            "strays": StrayPurchase.objects.filter(
                supplier=supplier, state=StrayState.REVIEW
            ).count(),
            "push_address": _push_address(supplier)
            if self.has_change_permission(request, supplier)
            else "",
            "call": call and _shown_call(call, supplier),
            **_syncs(supplier),
        }
        return self._page(request, supplier, "overview", shown)

    def success(self, request: HttpRequest, supplier_id: int) -> HttpResponse:
        """How purchases of each service went in the last days."""
        supplier = self._supplier(request, supplier_id)
        lines = served(supplier.pk, day_of(timezone.now()))
        names = dict(Service.objects.values_list("code", "name"))
        shown = {
            "lines": [(names.get(line.service, line.service), line) for line in lines[:-1]],
            "total": lines[-1] if lines else None,
            "days": SUCCESS_DAYS,
        }
        return self._page(request, supplier, "success", shown)

    def costs(self, request: HttpRequest, supplier_id: int) -> HttpResponse:
        """How its costs move."""
        supplier = self._supplier(request, supplier_id)
        days = cost_days(supplier, now=timezone.now())
        recent = SyncRun.objects.filter(supplier=supplier).exclude(dearer_count=0, cheaper_count=0)
        shown = {
            "days": [
                {"day": day, "moved": _percent(day.moved), "week": _percent(day.in_a_week)}
                for day in days
            ],
            "week": _percent(days[0].in_a_week),
            "runs": [shown_run(run) for run in recent.order_by("-began_at")[:_BOOK_DAYS]],
        }
        return self._page(request, supplier, "costs", shown)

    def books(self, request: HttpRequest, supplier_id: int) -> HttpResponse:
        """Our purchases of each day beside what the supplier says of it."""
        supplier = self._supplier(request, supplier_id)
        if not request.user.has_perm("office.view_books"):
            raise PermissionDenied
        today = day_of(timezone.now())
        try:
            last = min(parse_date(request.GET.get("last", "")) or today, today)
        except ValueError:
            last = today
        last = max(last, today - _OLDEST)
        first = last - timedelta(days=_BOOK_DAYS - 1)
        shown = {
            "lines": [
                _shown_day(day, supplier) for day in reconciled(supplier, first=first, last=last)
            ],
            "last": last,
            "today": today,
            "older": first - timedelta(days=1),
            "newer": min(last + timedelta(days=_BOOK_DAYS), today) if last < today else None,
            "has_history": _has_history(supplier),
            "strays_link": reverse("admin:orders_straypurchase_changelist")
            + f"?supplier__id__exact={supplier.pk}",
        }
        return self._page(request, supplier, "books", shown)

    def sync_panel(self, request: HttpRequest, supplier_id: int) -> HttpResponse:
        """Only how the reading of its price list goes, for the page that follows it."""
        supplier = self._supplier(request, supplier_id)
        shown = {"supplier": supplier, **_syncs(supplier), **self._rights(request, supplier)}
        return render(request, "office/supplier/sync.html", shown)

    def sync(self, request: HttpRequest, supplier_id: int) -> HttpResponse:
        """Have the price list read; whoever presses twice has it read once."""
        supplier = self._supplier(request, supplier_id)
        if not request.user.has_perm("catalog.sync_supplier"):
            raise PermissionDenied
        if not sync_soon([supplier.pk], by=staff_of(request)):
            messages.info(request, gettext("It is being read already."))
        return _back(supplier)

    def test(self, request: HttpRequest, supplier_id: int) -> HttpResponse:
        """Ask the supplier for the balance, and show what it answers."""
        supplier = self._supplier(request, supplier_id)
        if not self.has_change_permission(request, supplier):
            raise PermissionDenied
        if not take(f"supplier-test:{supplier.pk}", _TEST_CALLS).allowed:
            messages.error(request, gettext("It was just tested. Wait a quarter of a minute."))
            return _back(supplier)
        call = call_for_test(supplier, now=timezone.now())
        told = [None, call.error or gettext("answered")]
        note(Act.TESTED, supplier, by=staff_of(request), answer=told)
        supplier.refresh_from_db()
        return self._overview(request, supplier, call)

    def compare(self, request: HttpRequest, supplier_id: int) -> HttpResponse:
        """Have its history compared with our purchases without waiting for the night."""
        supplier = self._supplier(request, supplier_id)
        if not request.user.has_perm("orders.change_straypurchase"):
            raise PermissionDenied
        if take(f"supplier-compare:{supplier.pk}", _COMPARISONS).allowed:
            # By name: doors do not import each other.
            transaction.on_commit(
                lambda: current_app.send_task(
                    "orders.reconcile_history", (supplier.pk,), queue=UPKEEP
                )
            )
            messages.success(request, gettext("The histories are being compared; look again soon."))
        else:
            messages.info(request, gettext("They are being compared already."))
        return redirect("admin:catalog_supplier_books", supplier.pk)

    def _supplier(self, request: HttpRequest, supplier_id: int) -> Supplier:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return get_object_or_404(Supplier, pk=supplier_id)

    def _rights(self, request: HttpRequest, supplier: Supplier) -> dict[str, bool]:
        may = request.user.has_perm
        return {
            "may_change": self.has_change_permission(request, supplier),
            "may_sync": may("catalog.sync_supplier"),
            "sees_books": may("office.view_books"),
            "sees_strays": may("orders.view_straypurchase"),
            "may_compare": may("orders.change_straypurchase"),
            "may_top_up": may("orders.add_suppliertopup"),
            "sees_syncs": may("catalog.view_syncrun"),
            "sees_pauses": may("catalog.view_pause"),
        }

    def _page(
        self, request: HttpRequest, supplier: Supplier, name: str, shown: dict[str, Any]
    ) -> HttpResponse:
        rights = self._rights(request, supplier)
        context = self.admin_site.each_context(request) | {
            "opts": self.opts,
            "title": f"{supplier.code} · {supplier.name}",
            "supplier": supplier,
            "tabs": self._tabs(supplier, rights),
            "tab": name,
        }
        return render(request, f"office/supplier/{name}.html", context | rights | shown)

    def row_context(self, request: HttpRequest, row: Supplier) -> dict[str, Any]:
        """The way from the settings back to the other pages."""
        tabs = self._tabs(row, self._rights(request, row))
        return {"tabs": tabs, "tab": "change", "supplier": row}

    def _tabs(self, supplier: Supplier, rights: dict[str, bool]) -> list[dict[str, Any]]:
        """The pages of a supplier that this person may open."""
        return [
            {
                "title": title,
                "name": tab,
                "link": reverse(f"admin:catalog_supplier_{tab}", args=[supplier.pk]),
            }
            for tab, title, is_theirs in (
                ("overview", _("Overview"), True),
                ("success", _("Success"), True),
                ("costs", _("Costs"), True),
                ("books", _("Reconciliation"), rights["sees_books"]),
                ("change", _("Settings"), rights["may_change"]),
            )
            if is_theirs
        ]


def standing_of(supplier: Supplier, *, now: datetime) -> dict[str, str]:
    """Say whether it is bought from at this moment; the tone is a word for pages."""
    if supplier.stopped_at is not None:
        return {"tone": "stopped", "label": gettext("Stopped")}
    if not supplier.is_enabled:
        return {"tone": "off", "label": gettext("Switched off")}
    if supplier.paused_until is not None and supplier.paused_until > now:
        until = date_format(timezone.localtime(supplier.paused_until), "j M H:i")
        why = supplier.get_paused_for_display()
        label = gettext("Paused until %(until)s") % {"until": until}
        return {"tone": "paused", "label": f"{label}: {why}" if why else label}
    return {"tone": "buying", "label": gettext("Bought from")}


def _back(supplier: Supplier) -> HttpResponse:
    return redirect("admin:catalog_supplier_overview", supplier.pk)


def _syncs(supplier: Supplier) -> dict[str, Any]:
    runs = list(SyncRun.objects.filter(supplier=supplier).order_by("-began_at")[:_RECENT_SYNCS])
    going = next((run for run in runs if run.is_under_way), None)
    return {
        "going": shown_run(going) if going else None,
        "runs": [shown_run(run) for run in runs if not run.is_under_way],
    }


def _money(supplier: Supplier, *, now: datetime) -> dict[str, Any]:
    left = supplier.hours_left
    return {
        "balance": _amount(supplier.balance, supplier),
        "is_fresh": supplier.known_balance(now) is not None,
        "lasts": "" if left is None else ngettext("%(n)d hour", "%(n)d hours", left) % {"n": left},
        "is_low": left is not None and left < settings.SUPPLIER_FLOAT_HOURS,
        "drift": "—"
        if supplier.drift is None
        else signed_amount_text(supplier.drift, supplier.currency),
    }


def _push_address(supplier: Supplier) -> str:
    token = supplier.push_token
    return f"/hooks/supplier/{supplier.code}/{token}" if token else ""


def _shown_call(call: TestCall, supplier: Supplier) -> dict[str, Any]:
    return {
        "call": call,
        "seconds": f"{call.seconds:.2f}",
        "balance": _amount(call.balance, supplier),
    }


def _shown_day(day: Any, supplier: Supplier) -> dict[str, Any]:
    return {
        "day": day,
        "ours": _amount(day.our_kept, supplier),
        "theirs": _amount(day.their_kept, supplier),
        "strays": _amount(day.stray_cost, supplier) if day.stray_count else "—",
        "difference": "—"
        if day.difference is None
        else signed_amount_text(day.difference, supplier.currency),
        "is_off": bool(day.difference) or bool(day.count_difference),
        "balance": _amount(day.balance, supplier),
        "drift": "—" if day.drift is None else signed_amount_text(day.drift, supplier.currency),
    }


def _amount(amount: int | None, supplier: Supplier) -> str:
    return "—" if amount is None else amount_text(amount, supplier.currency)


def _percent(moved: float) -> str:
    return f"{moved:+.2f} %".replace("-", "−") if abs(moved) >= 0.005 else "0 %"


def _has_history(supplier: Supplier) -> bool:
    try:
        return supplier.client().has_history
    except ValueError:
        # A protocol that is gone, or an option that is no number.
        return False
