"""Messages and money paid to suppliers, for staff."""

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from nexotp.lib.admin import LongListAdmin, ShopAdmin
from nexotp.lib.amounts import amount_text
from nexotp.lib.money import to_minor
from orders.actions import record_supplier_top_up
from orders.models import OrderMessage, SupplierTopUp


def _staff(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


@admin.register(OrderMessage)
class OrderMessageAdmin(LongListAdmin):
    list_display = ("received_at", "order", "sender", "code", "text", "is_late")
    list_filter = ("is_late", "received_at")
    list_select_related = ("order",)
    search_fields = ("order__public_id__exact", "order__phone_number__exact")
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
