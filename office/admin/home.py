"""The first page: how the shop does today, and what waits for somebody."""

import json
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from catalog.models import Supplier
from nexotp.lib.amounts import amount_text
from nexotp.lib.money import to_decimal
from office.reports.home import (
    Figures,
    by_day,
    by_hour,
    compared,
    mode_shown,
    standing,
)
from office.reports.spans import day_of, midnight
from orders.states import OPEN, Status

_BARS = {
    Status.SUCCESS: "var(--color-primary-600)",
    Status.RECEIVED: "var(--color-primary-400)",
    Status.CANCELLED: "var(--color-base-400)",
    Status.EXPIRED: "var(--color-base-500)",
    Status.FAILED: "var(--color-red-500)",
}


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Put the figures beside what the page has anyway; only what this person may see."""
    mode, now = mode_shown(request.GET.get("mode", "")), timezone.now()
    shown: dict[str, Any] = {"title": _("Home"), "mode": mode, "now": now}
    sees_money = request.user.has_perm("office.view_books")
    if request.user.has_perm("orders.view_order"):
        spans = compared(mode, now=now)
        stands = standing(mode)
        shown |= {
            "cards": _cards(spans, mode, sees_money=sees_money),
            "statuses": _statuses(spans, mode),
            "waiting": _waiting(stands, request),
            "orders_chart": _orders_chart(mode, now),
        }
        if sees_money:
            shown |= {
                "suppliers": [_supplier(each) for each in stands.suppliers],
                "money_chart": _money_chart(mode, now),
                "wallets": amount_text(stands.wallets, settings.SHOP_CURRENCY),
                "wallets_link": _list("wallet_ledgeraccount", kind__exact="wallet", o="-4"),
            }
        shown["active_orders"] = stands.active_orders
        shown["active_link"] = _list("orders_order", mode__exact=mode, status__in=",".join(OPEN))
    return context | shown


def _list(name: str, **query: Any) -> str:
    address = reverse(f"admin:{name}_changelist")
    return f"{address}?{urlencode(query)}" if query else address


def _cards(spans: dict[str, Figures], mode: str, *, sees_money: bool) -> list[dict[str, Any]]:
    orders = _list("orders_order", mode__exact=mode, **_today())
    today = day_of(timezone.now()).isoformat()
    span = {"mode": mode, "first": today, "last": today}
    profit = f"{reverse('admin:office_profit')}?{urlencode(span)}"
    cards = [
        _card(_("Orders"), orders, spans, lambda f: f.orders, _count),
        _card(_("Codes"), orders, spans, lambda f: f.success_rate, _percent),
        _card(_("Time to code"), orders, spans, lambda f: f.median_wait, _seconds, better=-1),
    ]
    if sees_money:
        cards[:0] = [
            _card(_("Revenue"), profit, spans, lambda f: f.revenue, _money),
            _card(_("Cost"), profit, spans, lambda f: f.cost, _money, better=-1),
            _card(_("Margin"), profit, spans, lambda f: f.margin, _money),
        ]
    return cards


def _today() -> dict[str, str]:
    """What makes a list of orders one of today's, as the figures are."""
    return {"created_at__gte": midnight(day_of(timezone.now())).isoformat()}


def _card(
    title: str, link: str, spans: dict[str, Figures], read: Any, write: Any, *, better: int = 1
) -> dict[str, Any]:
    today = read(spans["today"])
    return {
        "title": title,
        "link": link,
        "value": "—" if today is None else write(today),
        "against": [
            {"when": when, **_change(today, read(spans[name]), write, better)}
            for name, when in (("yesterday", _("yesterday")), ("last_week", _("a week ago")))
        ],
    }


def _change(today: Any, before: Any, write: Any, better: int) -> dict[str, str]:
    """How far today is from before; with a tone that says whether that is good."""
    if before is None:
        return {"value": "—", "change": "", "tone": ""}
    value = write(before)
    if today is None or not before:
        return {"value": value, "change": "", "tone": ""}
    percent = round(100 * (today - before) / abs(before))
    tone = "" if percent == 0 else "good" if percent * better > 0 else "bad"
    return {"value": value, "change": f"{percent:+d} %".replace("-", "−"), "tone": tone}


def _statuses(spans: dict[str, Figures], mode: str) -> list[dict[str, Any]]:
    return [
        {
            "label": status.label,
            "link": _list("orders_order", mode__exact=mode, status__exact=status.value, **_today()),
            "counts": [_count(figures.by_status.get(status, 0)) for figures in spans.values()],
        }
        for status in Status
    ]


def _waiting(stands: Any, request: HttpRequest) -> list[dict[str, Any]]:
    """What somebody must look at, with its list; nobody is shown what is not theirs to see."""
    lines: list[tuple[str, str | Promise, int, str]] = [
        (
            "orders.view_purchaseattempt",
            _("Purchases with an unknown outcome"),
            stands.unknown,
            _list("orders_purchaseattempt", state__exact="unknown"),
        ),
        (
            "orders.view_purchaseattempt",
            _("Purchases for a person to look at"),
            stands.review,
            _list("orders_purchaseattempt", state__exact="review"),
        ),
        (
            "orders.view_straypurchase",
            _("Purchases without an order"),
            stands.strays,
            _list("orders_straypurchase", state__exact="review"),
        ),
        (
            "wallet.change_topup",
            _("Top-ups to decide"),
            stands.top_ups,
            _list("wallet_topup", waits="yes"),
        ),
        (
            "catalog.view_servicemapping",
            _("Codes to review"),
            stands.mappings,
            _list("catalog_servicemapping", review="proposed"),
        ),
        (
            "webhooks.view_endpoint",
            _("Failing webhooks"),
            stands.failing_webhooks,
            _list("webhooks_endpoint", is_answering__exact=0),
        ),
        (
            "office.view_approval",
            _("Approvals"),
            stands.approvals,
            _list("office_approval", state__exact="pending"),
        ),
    ]
    return [
        {"label": label, "count": count, "shown": _count(count), "link": link}
        for permission, label, count, link in lines
        if request.user.has_perm(permission)
    ]


def _supplier(supplier: Supplier) -> dict[str, Any]:
    hours = supplier.hours_left
    return {
        "name": f"{supplier.code} ({supplier.name})",
        "link": reverse("admin:catalog_supplier_overview", args=[supplier.pk]),
        "balance": "—"
        if supplier.balance is None
        else amount_text(supplier.balance, supplier.currency),
        "hours": "—" if hours is None else _("%(n)d h") % {"n": hours},
        "is_low": hours is not None and hours < settings.SUPPLIER_FLOAT_HOURS,
        "is_enabled": supplier.is_switched_on,
    }


def _money_chart(mode: str, now: Any) -> dict[str, Any]:
    days = by_day(mode, now=now)
    revenue = [_whole(found.revenue) for found in days.values()]
    cost = [_whole(found.cost or 0) for found in days.values()]
    return _chart(
        [formats.date_format(day, "d M") for day in days],
        [
            (_("Revenue"), revenue, _BARS[Status.SUCCESS]),
            (_("Cost"), cost, _BARS[Status.CANCELLED]),
        ],
    )


def _orders_chart(mode: str, now: Any) -> dict[str, Any]:
    hours = by_hour(mode, now=now)
    return _chart(
        [f"{timezone.localtime(hour):%H}" for hour in hours],
        [
            (str(status.label), [counts.get(status, 0) for counts in hours.values()], color)
            for status, color in _BARS.items()
        ],
    )


def _chart(labels: list[str], sets: list[tuple[str, list[int], str]]) -> dict[str, Any]:
    """Bars, and the same as rows: a picture says nothing to whoever cannot see it or hover."""
    bars = [
        {"label": label, "data": data, "backgroundColor": color, "borderColor": color}
        for label, data, color in sets
    ]
    rows = zip(labels, *(data for _label, data, _color in sets), strict=True)
    return {
        "bars": json.dumps({"labels": labels, "datasets": bars}),
        "columns": [(label, color) for label, _data, color in sets],
        "rows": [(label, [_count(n) for n in counts]) for label, *counts in rows if any(counts)],
    }


def _whole(amount: int) -> int:
    return int(to_decimal(amount, settings.SHOP_CURRENCY))


def _count(number: int) -> str:
    return formats.number_format(number, use_l10n=True, force_grouping=True)


def _money(amount: int) -> str:
    return amount_text(amount, settings.SHOP_CURRENCY)


def _percent(number: float) -> str:
    return f"{formats.number_format(number, decimal_pos=1)} %"


def _seconds(number: int) -> str:
    return _("%(n)d s") % {"n": number}
