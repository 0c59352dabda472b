"""Orders for staff: found by what customers name, read as a story, mended by the shop's actions."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from catalog.admin.links import why_link
from catalog.routing import Verdict, explanation
from nexotp.lib.admin import LongListAdmin, ReadOnlyInline, RowContext
from nexotp.lib.amounts import amount_text
from nexotp.lib.errors import Problem
from office.actions import ask_refund, note
from office.admin.asking import ReasonForm, ask, staff_of
from office.finding import find_orders
from office.models import Act
from office.timeline import timeline
from orders.actions import cancel_order, check_order
from orders.models import Order, OrderMessage, PurchaseAttempt

VERDICTS: dict[Verdict, "str | Promise"] = {
    Verdict.FIRST: _("asked first"),
    Verdict.NEXT: _("would be asked next"),
    Verdict.TOO_FAR: _("too far down the list"),
    Verdict.THIN_MARGIN: _("passed over: too dear for this price"),
    Verdict.OTHER_PROVIDER: _("not the provider that was asked for"),
    Verdict.SWITCHED_OFF: _("refused: supplier switched off"),
    Verdict.NO_PRICE: _("refused: no price"),
    Verdict.NO_STOCK: _("refused: no stock"),
    Verdict.SUPPLIER_PAUSED: _("refused: supplier paused"),
    Verdict.GOODS_PAUSED: _("refused: paused for these goods"),
    Verdict.NO_BALANCE: _("refused: our balance there is too low"),
}


class AttemptInline(ReadOnlyInline):
    model = PurchaseAttempt
    fields = ("supplier", "state", "reference", "cost_shown", "sent_at", "error")
    readonly_fields = ("cost_shown",)

    @admin.display(description=_("cost"))
    def cost_shown(self, attempt: PurchaseAttempt) -> str:
        return amount_text(attempt.cost, attempt.currency)


class MessageInline(ReadOnlyInline):
    model = OrderMessage
    fields = ("received_at", "sender", "code", "text", "is_late")


@admin.register(Order)
class OrderAdmin(RowContext, LongListAdmin):
    list_display = (
        *("pk", "created_at", "user", "service", "country", "phone_number", "status"),
        *("price_shown", "provider_code", "mode"),
    )
    list_filter = ("status", "mode", "created_at")
    list_select_related = ("user", "service", "country")
    # Looked up by office.finding, never through the whole table.
    search_fields = ("public_id",)
    search_help_text = _("Number, phone, e-mail, request id or a supplier's reference.")
    change_form_before_template = "office/order_timeline.html"
    fieldsets = (
        (
            None,
            {
                "fields": (
                    *("public_id", "user", "mode", "status", "service", "country"),
                    *("phone_number", "provider", "provider_code"),
                )
            },
        ),
        (
            _("Money"),
            {"fields": ("price_shown", "why", "refund_shown", "transfers", "idempotency_key")},
        ),
        (_("Why this supplier"), {"fields": ("choice",)}),
        (
            _("Times"),
            {
                "fields": (
                    *("created_at", "cancel_available_at", "expires_at", "received_at"),
                    *("closed_at", "updated_at", "next_action_at", "lease_until"),
                )
            },
        ),
        (
            _("How it ended"),
            {
                "fields": (
                    *("failure", "closing_as", "closing_since", "closing_reason"),
                    *("number_reported_at", "version"),
                )
            },
        ),
    )
    inlines = (AttemptInline, MessageInline)
    actions = ("cancel_selected",)
    actions_detail = ("check_now", "cancel", "refund")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Order], search_term: str
    ) -> tuple[QuerySet[Order], bool]:
        return (find_orders(queryset, search_term) if search_term else queryset), False

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Prices are explained to whoever may see the rules."""
        if request.user.has_perm("catalog.view_pricingrule"):
            return super().get_fieldsets(request, obj)
        return [
            (title, {"fields": [name for name in options["fields"] if name != "why"]})
            for title, options in super().get_fieldsets(request, obj)
        ]

    def has_check_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("orders.check_order")

    def has_cancel_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("orders.cancel_order")

    def has_refund_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("orders.refund_order")

    def row_context(self, request: HttpRequest, row: Order) -> dict[str, Any]:
        return {"happenings": timeline(row), "order": row}

    @admin.display(description=_("price"), ordering="price")
    def price_shown(self, order: Order) -> str:
        return amount_text(order.price, order.currency)

    @admin.display(description=_("why"))
    def why(self, order: Order) -> SafeString:
        """What the goods cost this account by the rules of this moment, and why."""
        return why_link(
            service=order.service.code,
            country=order.country.code,
            account=order.user.email,
            mode=order.mode,
        )

    @admin.display(description=_("refunded"))
    def refund_shown(self, order: Order) -> str:
        return amount_text(order.refund_amount, order.currency) if order.refund_amount else "—"

    @admin.display(description=_("transfers"))
    def transfers(self, order: Order) -> SafeString:
        address = reverse("admin:wallet_transfer_changelist")
        return format_html(
            '<a href="{}?order_id={}">{}</a>', address, order.pk, _("Money that moved")
        )

    @admin.display(description=_("who could have served"))
    def choice(self, order: Order) -> str:
        """Every offer there was, with its figures, its verdict, and what came of asking it."""
        attempts = list(order.attempts.select_related("supplier").order_by("pk"))
        stored = next((attempt.route for attempt in attempts if attempt.route), None)
        if stored is None:
            return "—"
        came = {attempt.provider_code: attempt.get_state_display() for attempt in attempts}
        context = {
            "by_delivery": stored["by"] == "delivery",
            "more": stored["more"],
            "rows": [
                {
                    "line": line,
                    "verdict": VERDICTS[Verdict(line.verdict)],
                    "price": line.price and amount_text(line.price, order.currency),
                    "cost": amount_text(line.cost, line.currency),
                    "outcome": came.get(line.provider, ""),
                }
                for line in explanation(stored)
            ],
        }
        return render_to_string("orders/admin_choice.html", context)

    @admin.action(description=_("Cancel the selected orders"), permissions=["cancel"])
    def cancel_selected(self, request: HttpRequest, queryset: QuerySet[Order]) -> None:
        for order in queryset:
            try:
                _cancel(request, order, "by staff")
            except Problem as problem:
                self.message_user(request, f"#{order.pk}: {problem.message}", messages.ERROR)
            else:
                self.message_user(request, f"#{order.pk}: {_standing(order)}", messages.SUCCESS)

    @action(  # type: ignore[untyped-decorator]
        description=_("Check now"), url_path="check", permissions=["check"], icon="sync"
    )
    def check_now(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._ask(request, object_id, title=_("Check now"), act=_check)

    @action(  # type: ignore[untyped-decorator]
        description=_("Cancel"), url_path="cancel", permissions=["cancel"], icon="cancel"
    )
    def cancel(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._ask(request, object_id, title=_("Cancel this order"), act=_cancel)

    @action(  # type: ignore[untyped-decorator]
        description=_("Refund"), url_path="refund", permissions=["refund"], icon="undo"
    )
    def refund(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._ask(request, object_id, title=_("Refund this order"), act=_refund)

    def _ask(
        self,
        request: HttpRequest,
        object_id: str,
        *,
        title: "str | Promise",
        act: Callable[[HttpRequest, Order, str], Any],
    ) -> HttpResponse:
        order = get_object_or_404(Order, pk=object_id)
        return ask(
            request,
            form=ReasonForm(request.POST or None),
            title=title,
            about=order,
            lines=[
                f"#{order.pk}",
                f"{order.service}, {order.country}",
                amount_text(order.price, order.currency),
                order.get_status_display(),
            ],
            back=reverse("admin:orders_order_change", args=[order.pk]),
            context=self.admin_site.each_context(request) | {"opts": self.opts},
            act=lambda entered: act(request, order, entered["reason"]),
        )


def _check(request: HttpRequest, order: Order, reason: str) -> str:
    note(Act.CHECKED, order, by=staff_of(request), reason=reason)
    check_order(order, now=timezone.now())
    return _standing(order)


def _cancel(request: HttpRequest, order: Order, reason: str) -> str:
    # Noted first: the supplier is called outside transactions, and may answer much later.
    note(Act.CANCELLED, order, by=staff_of(request), reason=reason)
    cancel_order(order, by=staff_of(request), reason=reason, now=timezone.now())
    return _standing(order)


def _refund(request: HttpRequest, order: Order, reason: str) -> str:
    asked = ask_refund(order, by=staff_of(request), reason=reason, now=timezone.now())
    if asked is not None:
        return gettext("This is more than one person may give back. A colleague must approve it.")
    return gettext("Refunded.")


def _standing(order: Order) -> str:
    order.refresh_from_db()
    return f"{gettext('It stands as')}: {order.get_status_display()}"
