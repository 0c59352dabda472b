"""Orders for staff: to look at, to cancel and to refund, each through the shop's own actions."""

from collections.abc import Callable
from decimal import Decimal
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
from nexotp.lib.admin import ReadOnlyAdmin, ReadOnlyInline, ShopAdmin
from nexotp.lib.amounts import amount_text
from nexotp.lib.errors import Problem
from nexotp.lib.money import to_minor
from orders.actions import (
    cancel_order,
    record_supplier_top_up,
    refund_order,
    settle_stray,
)
from orders.models import Order, OrderMessage, PurchaseAttempt, StrayPurchase, SupplierTopUp

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
            {
                "fields": (
                    "failure",
                    "closing_as",
                    "closing_since",
                    "closing_reason",
                    "number_reported_at",
                    "version",
                )
            },
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


class TopUpForm(forms.ModelForm):  # type: ignore[type-arg]
    """The amount is written as people write it, in the supplier's currency."""

    amount = forms.DecimalField(label=_("amount"), min_value=Decimal("0.0001"), decimal_places=4)

    class Meta:
        model = SupplierTopUp
        fields = ("supplier", "amount", "note")

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        supplier, amount = cleaned.get("supplier"), cleaned.get("amount")
        if supplier and amount is not None:
            try:
                cleaned["amount"] = to_minor(str(amount), supplier.currency)
            except ValueError:
                self.add_error("amount", _("Too many decimals for this currency."))
        return cleaned


@admin.register(SupplierTopUp)
class SupplierTopUpAdmin(ShopAdmin):
    """Money paid to suppliers; recorded once, in the ledger as well, and never changed."""

    form = TopUpForm
    list_display = ("created_at", "supplier", "amount_shown", "note", "by")
    list_filter = ("supplier", "created_at")
    list_select_related = ("supplier", "by")
    ordering = ("-pk",)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj is None and super().has_change_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: SupplierTopUp, form: Any, change: bool) -> None:
        recorded = record_supplier_top_up(
            obj.supplier, amount=obj.amount, by=_staff(request), note=obj.note, now=timezone.now()
        )
        obj.pk = recorded.pk

    @admin.display(description=_("amount"), ordering="amount")
    def amount_shown(self, top_up: SupplierTopUp) -> str:
        return amount_text(top_up.amount, top_up.currency)


@admin.register(StrayPurchase)
class StrayPurchaseAdmin(ReadOnlyAdmin):
    """Purchases that suppliers have and we do not: ours and lost, or somebody else's."""

    list_display = (
        *("found_at", "supplier", "reference", "phone_number", "cost_shown", "started_at"),
        *("state", "settled_at", "settled_by"),
    )
    list_filter = ("state", "supplier")
    list_select_related = ("supplier", "settled_by")
    search_fields = ("reference", "phone_number")
    ordering = ("-pk",)
    actions = ("book", "disown")

    def has_settle_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("orders.change_straypurchase")

    @admin.display(description=_("cost"), ordering="cost")
    def cost_shown(self, stray: StrayPurchase) -> str:
        return amount_text(stray.cost, stray.currency)

    @admin.action(description=_("Ours: book as a loss"), permissions=["settle"])
    def book(self, request: HttpRequest, queryset: QuerySet[StrayPurchase]) -> None:
        self._settle(request, queryset, is_ours=True)

    @admin.action(description=_("Not bought by the shop"), permissions=["settle"])
    def disown(self, request: HttpRequest, queryset: QuerySet[StrayPurchase]) -> None:
        self._settle(request, queryset, is_ours=False)

    def _settle(
        self, request: HttpRequest, strays: QuerySet[StrayPurchase], *, is_ours: bool
    ) -> None:
        for stray in strays:
            settled = settle_stray(stray, is_ours=is_ours, by=_staff(request), now=timezone.now())
            self.log_change(request, settled, settled.state)
        self.message_user(request, _("Settled."), messages.SUCCESS)
