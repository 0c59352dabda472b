"""Purchases that suppliers have and we do not, and saying what they were."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action
from unfold.widgets import UnfoldAdminTextInputWidget

from nexotp.lib.admin import ReadOnlyAdmin
from nexotp.lib.amounts import amount_text
from nexotp.lib.asking import ReasonForm, ask, ask_for_many
from office.actions import note
from office.admin.asking import staff_of
from office.finding import find_orders
from office.models import Act
from orders.actions import assign_stray, settle_stray
from orders.models import Order, StrayPurchase, StrayState


class AssignForm(ReasonForm):
    """Which order it was bought for."""

    field_order = ("order", "reason")
    order = forms.CharField(
        label=_("Order"),
        max_length=60,
        widget=UnfoldAdminTextInputWidget(),
        help_text=_("Its number, such as ord_01J… or #4711."),
    )

    def clean_order(self) -> Order:
        found = list(find_orders(Order.objects.all(), self.cleaned_data["order"])[:2])
        if len(found) != 1:
            raise forms.ValidationError(_("There is no such order, or more than one."))
        return found[0]


@admin.register(StrayPurchase)
class StrayPurchaseAdmin(ReadOnlyAdmin):
    """Purchases that suppliers have and we do not: ours and lost, or somebody else's."""

    empty_text = _(
        "Every purchase that a supplier charged belongs to an order. There is nothing to do."
    )
    list_display = (
        *("found_at", "supplier", "reference", "phone_number", "cost_shown", "started_at"),
        *("state", "reason", "settled_at", "settled_by"),
    )
    list_filter = ("state", "supplier")
    list_select_related = ("supplier", "settled_by")
    search_fields = ("reference", "phone_number")
    ordering = ("-pk",)
    actions = ("book", "disown")
    actions_detail = ("assign",)
    fields = (
        *("supplier", "reference", "phone_number", "cost_shown", "started_at", "found_at"),
        *("state", "order_shown", "reason", "settled_at", "settled_by"),
    )

    def has_settle_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("orders.change_straypurchase")

    @admin.display(description=_("cost"), ordering="cost")
    def cost_shown(self, stray: StrayPurchase) -> str:
        return amount_text(stray.cost, stray.currency)

    @admin.display(description=_("order"))
    def order_shown(self, stray: StrayPurchase) -> SafeString | str:
        if stray.attempt is None:
            return "—"
        order = stray.attempt.order
        address = reverse("admin:orders_order_change", args=[order.pk])
        return format_html('<a href="{}">{}</a>', address, order)

    @admin.action(description=_("Ours: book as a loss"), permissions=["settle"])
    def book(self, request: HttpRequest, queryset: QuerySet[StrayPurchase]) -> HttpResponse:
        return self._ask_for_many(request, queryset, "book", is_ours=True)

    @admin.action(description=_("Not bought by the shop"), permissions=["settle"])
    def disown(self, request: HttpRequest, queryset: QuerySet[StrayPurchase]) -> HttpResponse:
        return self._ask_for_many(request, queryset, "disown", is_ours=False)

    def _ask_for_many(
        self, request: HttpRequest, strays: QuerySet[StrayPurchase], name: str, *, is_ours: bool
    ) -> HttpResponse:
        return ask_for_many(
            request,
            strays,
            action=name,
            title=getattr(self, name).short_description,
            context=self.admin_site.each_context(request) | {"opts": self.opts},
            act=lambda entered: _settle(request, strays, entered["reason"], is_ours=is_ours),
        )

    @action(  # type: ignore[untyped-decorator]
        description=_("Give to an order"), url_path="assign", permissions=["settle"], icon="link"
    )
    def assign(self, request: HttpRequest, object_id: str) -> HttpResponse:
        stray = get_object_or_404(StrayPurchase.objects.select_related("supplier"), pk=object_id)
        return ask(
            request,
            form=AssignForm(request.POST or None),
            title=_("Give to an order"),
            about=stray,
            lines=[
                stray.phone_number,
                amount_text(stray.cost, stray.currency),
                stray.get_state_display(),
                gettext("For an order that failed because this supplier's answer was lost."),
            ],
            back=reverse("admin:orders_straypurchase_change", args=[stray.pk]),
            context=self.admin_site.each_context(request) | {"opts": self.opts},
            act=lambda entered: _assign(request, stray, entered),
        )


def _settle(
    request: HttpRequest, strays: QuerySet[StrayPurchase], reason: str, *, is_ours: bool
) -> str:
    for stray in strays.filter(state=StrayState.REVIEW).order_by("pk"):
        with transaction.atomic():
            settled = settle_stray(
                stray, is_ours=is_ours, by=staff_of(request), reason=reason, now=timezone.now()
            )
            if settled.settled_by == request.user:
                states = [stray.state, settled.state]
                note(Act.SETTLED, settled, by=staff_of(request), reason=reason, state=states)
    return gettext("Settled.")


@transaction.atomic
def _assign(request: HttpRequest, stray: StrayPurchase, entered: dict[str, Any]) -> str:
    by, reason = staff_of(request), entered["reason"]
    assign_stray(stray, order=entered["order"], by=by, reason=reason, now=timezone.now())
    states = [stray.state, StrayState.ASSIGNED.value]
    note(
        Act.SETTLED, stray, by=by, reason=reason, state=states, order=[None, str(entered["order"])]
    )
    return gettext("Given to the order; it is ended at the supplier, or booked as a loss.")
