"""Orders for staff: to look at, to cancel and to refund, each through the shop's own actions."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action
from unfold.widgets import UnfoldAdminTextInputWidget

from accounts.models import User
from catalog.routing import Verdict, explanation
from nexotp.lib.admin import ReadOnlyAdmin, ReadOnlyInline
from nexotp.lib.amounts import amount_text
from nexotp.lib.errors import Problem
from orders.actions import cancel_order, refund_order
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


class ReasonForm(forms.Form):
    """Why staff steps in; it stands in the ledger or in the order afterwards."""

    reason = forms.CharField(label=_("Reason"), max_length=200, widget=UnfoldAdminTextInputWidget())


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
class OrderAdmin(ReadOnlyAdmin):
    list_display = (
        *("pk", "created_at", "user", "service", "country", "phone_number", "status"),
        *("price_shown", "provider_code", "mode"),
    )
    list_filter = ("status", "mode", "created_at")
    list_select_related = ("user", "service", "country")
    search_fields = ("public_id", "phone_number", "user__email", "attempts__reference")
    ordering = ("-pk",)
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
            {"fields": ("price_shown", "refund_shown", "transfers", "idempotency_key")},
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
            {"fields": ("failure", "closing_as", "closing_since", "closing_reason", "version")},
        ),
    )
    inlines = (AttemptInline, MessageInline)
    actions = ("cancel_selected",)
    actions_detail = ("cancel", "refund")

    def has_intervene_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("orders.change_order")

    @admin.display(description=_("price"), ordering="price")
    def price_shown(self, order: Order) -> str:
        return amount_text(order.price, order.currency)

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

    @admin.action(description=_("Cancel the selected orders"), permissions=["intervene"])
    def cancel_selected(self, request: HttpRequest, queryset: QuerySet[Order]) -> None:
        for order in queryset:
            self._try(request, order, lambda order: _cancel(request, order, "by staff"))

    @action(description=_("Cancel"), url_path="cancel", permissions=["intervene"])  # type: ignore[untyped-decorator]
    def cancel(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._with_reason(request, object_id, _("Cancel this order"), _cancel)

    @action(description=_("Refund"), url_path="refund", permissions=["intervene"])  # type: ignore[untyped-decorator]
    def refund(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._with_reason(request, object_id, _("Refund this order"), _refund)

    def _with_reason(
        self,
        request: HttpRequest,
        object_id: str,
        title: "str | Promise",
        act: Callable[[HttpRequest, Order, str], Any],
    ) -> HttpResponse:
        """Ask for a reason, then act; a link alone changes nothing."""
        order = get_object_or_404(Order, pk=object_id)
        form = ReasonForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            reason = form.cleaned_data["reason"]
            self._try(request, order, lambda order: act(request, order, reason))
            return redirect("admin:orders_order_change", order.pk)
        context = self.admin_site.each_context(request) | {
            "title": title,
            "form": form,
            "order": order,
            "opts": self.opts,
        }
        return render(request, "orders/admin_reason.html", context)

    def _try(self, request: HttpRequest, order: Order, act: Callable[[Order], Any]) -> None:
        try:
            act(order)
        except Problem as problem:
            self.message_user(request, f"#{order.pk}: {problem.message}", messages.ERROR)
        else:
            order.refresh_from_db()
            self.log_change(request, order, order.status)
            self.message_user(
                request, f"#{order.pk}: {order.get_status_display()}", messages.SUCCESS
            )


def _cancel(request: HttpRequest, order: Order, reason: str) -> None:
    cancel_order(order, by=_staff(request), reason=reason, now=timezone.now())


def _refund(request: HttpRequest, order: Order, reason: str) -> None:
    refund_order(order, by=_staff(request), reason=reason, now=timezone.now())


def _staff(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


@admin.register(PurchaseAttempt)
class PurchaseAttemptAdmin(ReadOnlyAdmin):
    list_display = (
        *("sent_at", "order", "supplier", "state", "reference", "cost_shown", "error"),
        "next_action_at",
    )
    list_filter = ("state", "supplier", "sent_at")
    list_select_related = ("order", "supplier")
    search_fields = ("reference", "order__public_id")
    ordering = ("-pk",)

    @admin.display(description=_("cost"), ordering="cost")
    def cost_shown(self, attempt: PurchaseAttempt) -> str:
        return amount_text(attempt.cost, attempt.currency)


@admin.register(OrderMessage)
class OrderMessageAdmin(ReadOnlyAdmin):
    list_display = ("received_at", "order", "sender", "code", "text", "is_late")
    list_filter = ("is_late", "received_at")
    list_select_related = ("order",)
    search_fields = ("order__public_id", "order__phone_number", "sender")
    ordering = ("-pk",)
    exclude = ("fingerprint",)
