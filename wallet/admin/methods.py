"""The ways to pay, for staff to keep."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminPasswordWidget

from nexotp.lib.admin import ShopAdmin
from wallet.models import PaymentMethod

_KEPT = _("Stored encrypted and never shown. Leave it empty to keep the one there is.")


def _secret(label: Any) -> forms.CharField:
    return forms.CharField(
        label=label,
        required=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
        help_text=_KEPT,
    )


class PaymentMethodForm(forms.ModelForm):  # type: ignore[type-arg]
    """Secrets go in and never come out again."""

    api_key = _secret(_("API key"))
    callback_secret = _secret(_("Callback secret"))

    class Meta:
        model = PaymentMethod
        fields = (
            *("code", "name", "protocol", "is_enabled", "position", "account_number"),
            *("account_holder", "base_url", "api_key", "callback_secret"),
        )


@admin.register(PaymentMethod)
class PaymentMethodAdmin(ShopAdmin):
    form = PaymentMethodForm
    list_display = ("name", "code", "protocol", "is_enabled", "position", "account_number")
    list_filter = ("is_enabled", "protocol")
    search_fields = ("code", "name", "account_number")
    ordering = ("position", "pk")
    fieldsets = (
        (None, {"fields": ("code", "name", "protocol", "is_enabled", "position")}),
        (_("Bank account"), {"fields": ("account_number", "account_holder")}),
        (_("Payment gateway"), {"fields": ("base_url", "api_key", "callback_secret")}),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Callbacks come to an address with the code in it, and payments know their protocol."""
        return ("code", "protocol") if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Its top-ups stay on the books; one that has gone is switched off."""
        return False

    def save_model(self, request: HttpRequest, obj: PaymentMethod, form: Any, change: bool) -> None:
        sent = form.cleaned_data
        obj.set_secrets(
            api_key=sent.get("api_key", ""), callback_secret=sent.get("callback_secret", "")
        )
        super().save_model(request, obj, form, change)
