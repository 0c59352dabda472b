"""Readings of price lists for staff: asked for, followed while they go, and what they changed."""

from typing import Any

from celery import current_app
from django.contrib import admin
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalog.actions import ask_sync
from catalog.models import Country, Service, Supplier, SyncRun
from nexotp.lib.admin import ReadOnlyAdmin, RowContext
from nexotp.lib.amounts import amount_text
from nexotp.lib.queues import CATALOGUE

_COUNTS = (
    *("read_count", "added_count", "vanished_count", "dearer_count", "cheaper_count"),
    *("changed_count", "held_count", "unmapped_count"),
)


def sync_soon(suppliers: list[int], *, by: User | None = None) -> int:
    """Have these suppliers' lists read without waiting for the next round; return how many will.

    One that is being read, or about to be, is not read once more.
    """
    asked = []
    for supplier in Supplier.objects.filter(pk__in=suppliers).order_by("pk"):
        run = ask_sync(supplier, by=by, now=timezone.now())
        if run is not None:
            asked.append((supplier.pk, run.pk))

    def send() -> None:
        for names in asked:
            # By name: doors do not import each other.
            current_app.send_task("catalog.sync_catalogue", names, queue=CATALOGUE)

    transaction.on_commit(send)
    return len(asked)


def shown_run(run: SyncRun) -> dict[str, Any]:
    """Return a run as its pages show it."""
    ends_at = run.ended_at or timezone.now()
    return {
        "run": run,
        "seconds": max(0, round((ends_at - run.began_at).total_seconds())),
        "shift": f"{run.cost_shift_percent:+.2f} %".replace("-", "−") if run.cost_shift else "",
    }


def largest_changes(run: SyncRun) -> dict[str, list[dict[str, Any]]]:
    """Return the largest changes of a run with the names of what they are about.

    Three queries at most, however many changes there are.
    """
    rows = [row for part in run.largest.values() for row in part]
    services = Service.objects.in_bulk({row[0] for row in rows})
    moved = [row for name in ("dearer", "cheaper") for row in run.largest.get(name, ())]
    countries = Country.objects.in_bulk({row[1] for row in moved})
    currency = run.supplier.currency
    return {
        **{
            name: [_moved(row, services, countries, currency) for row in run.largest.get(name, ())]
            for name in ("dearer", "cheaper")
        },
        **{
            name: [
                {"goods": services.get(service, f"#{service}"), "count": count}
                for service, count in run.largest.get(name, ())
            ]
            for name in ("new", "gone")
        },
    }


def _moved(
    row: list[Any], services: dict[int, Service], countries: dict[int, Country], currency: str
) -> dict[str, Any]:
    service, country, operator, was, became = row
    names = [services.get(service, f"#{service}"), countries.get(country, f"#{country}")]
    return {
        "goods": ", ".join([*map(str, names), *([operator] if operator else [])]),
        "was": amount_text(was, currency),
        "became": amount_text(became, currency),
        "percent": f"{100 * (became - was) / was:+.0f} %".replace("-", "−"),
    }


@admin.register(SyncRun)
class SyncRunAdmin(RowContext, ReadOnlyAdmin):
    """What each reading of a price list did, and how far the one is that reads now."""

    list_display = (
        *("began_at", "supplier", "state", "seconds", *_COUNTS),
        *("shift", "memory", "error"),
    )
    list_filter = ("state", "supplier")
    list_select_related = ("supplier",)
    ordering = ("-began_at",)
    change_form_outer_before_template = "catalog/admin/sync_changes.html"
    fields = (
        *("supplier", "state", "began_at", "ended_at", "asked_by", "error"),
        *(*_COUNTS, "unreadable_count", "memory"),
    )

    def row_context(self, request: HttpRequest, row: SyncRun) -> dict[str, Any]:
        return {"changes": largest_changes(row), "shown": shown_run(row)}

    @admin.display(description=_("seconds"))
    def seconds(self, run: SyncRun) -> str:
        return f"{((run.ended_at or timezone.now()) - run.began_at).total_seconds():.1f}"

    @admin.display(description=_("cost moved"), ordering="cost_shift")
    def shift(self, run: SyncRun) -> str:
        return str(shown_run(run)["shift"]) or "—"

    @admin.display(description=_("memory"), ordering="peak_memory")
    def memory(self, run: SyncRun) -> str:
        return "—" if run.peak_memory is None else f"{run.peak_memory // 2**20} MB"
