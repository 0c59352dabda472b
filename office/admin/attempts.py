"""Purchases at suppliers, and saying what became of one that nobody knows."""

from typing import Any

from django.contrib import admin
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from nexotp.lib.admin import LongListAdmin
from nexotp.lib.amounts import amount_text
from office.actions import note
from office.admin.asking import OutcomeForm, ask, staff_of
from office.finding import find_orders
from office.models import Act
from orders.actions import AttemptNotOpen, Outcome, decide_attempt, possible_outcomes
from orders.models import Order, PurchaseAttempt


@admin.register(PurchaseAttempt)
class PurchaseAttemptAdmin(LongListAdmin):
    empty_text = _("What was asked of suppliers stands here, each purchase with its answer.")
    list_display = (
        *("sent_at", "order", "supplier", "state", "reference", "cost_shown", "error"),
        "next_action_at",
    )
    list_filter = ("state", "supplier", "sent_at")
    list_select_related = ("order", "supplier")
    # Looked up by office.finding, never through the whole table.
    search_fields = ("reference__exact",)
    fields = (
        *("order", "supplier", "state", "reference", "cost_shown", "error"),
        *("sent_at", "answered_at", "checked_at", "next_action_at", "returned_at"),
        *("supplier_service", "supplier_country", "operator", "reported_operator", "offer"),
    )
    actions_detail = ("settle",)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[PurchaseAttempt], search_term: str
    ) -> tuple[QuerySet[PurchaseAttempt], bool]:
        if not search_term:
            return queryset, False
        orders = find_orders(Order.objects.all(), search_term).values_list("pk", flat=True)
        return queryset.filter(order__in=list(orders[:100])), False

    def has_settle_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("orders.decide_attempt")

    @admin.display(description=_("cost"), ordering="cost")
    def cost_shown(self, attempt: PurchaseAttempt) -> str:
        return amount_text(attempt.cost, attempt.currency)

    @action(  # type: ignore[untyped-decorator]
        description=_("Settle by hand"), url_path="settle", permissions=["settle"], icon="gavel"
    )
    def settle(self, request: HttpRequest, object_id: str) -> HttpResponse:
        attempts = PurchaseAttempt.objects.select_related("order", "supplier")
        attempt = get_object_or_404(attempts, pk=object_id)
        outcomes = possible_outcomes(attempt)
        form = OutcomeForm(request.POST or None, outcomes=outcomes, reference=attempt.reference)
        return ask(
            request,
            form=form,
            title=_("Settle this purchase"),
            about=attempt,
            lines=[
                f"{attempt.supplier_service}, {attempt.supplier_country}",
                amount_text(attempt.cost, attempt.currency),
                attempt.get_state_display(),
                "" if outcomes else str(AttemptNotOpen.message),
            ],
            back=reverse("admin:orders_purchaseattempt_change", args=[attempt.pk]),
            context=self.admin_site.each_context(request) | {"opts": self.opts},
            act=lambda entered: _settle(request, attempt, entered),
        )


@transaction.atomic
def _settle(request: HttpRequest, attempt: PurchaseAttempt, entered: dict[str, Any]) -> str:
    settled = decide_attempt(
        attempt,
        outcome=Outcome(entered["outcome"]),
        reference=entered.get("reference", ""),
        reason=entered["reason"],
    )
    states = [attempt.state, settled.state]
    note(Act.SETTLED, settled, by=staff_of(request), reason=entered["reason"], state=states)
    return gettext("Settled.")
