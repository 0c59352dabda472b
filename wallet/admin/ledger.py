"""The ledger for staff: to look at, never to write."""

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from nexotp.lib.admin import ReadOnlyAdmin
from nexotp.lib.amounts import amount_text
from wallet.models import LedgerAccount, Transfer


@admin.register(LedgerAccount)
class LedgerAccountAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "kind", "currency", "mode", "balance_shown", "opened_at")
    list_filter = ("kind", "mode", "currency")
    list_select_related = ("owner",)
    search_fields = ("owner__email", "owner__public_id")
    ordering = ("-pk",)

    @admin.display(description=_("balance"), ordering="balance")
    def balance_shown(self, account: LedgerAccount) -> str:
        """Recorded accounts keep none."""
        return "—" if account.balance is None else amount_text(account.balance, account.currency)


@admin.register(Transfer)
class TransferAdmin(ReadOnlyAdmin):
    list_display = (
        "created_at",
        "kind",
        "amount_shown",
        "debit",
        "credit",
        "mode",
        "order_link",
        "by",
        "reason",
    )
    list_filter = ("kind", "mode", "currency", "created_at")
    list_select_related = ("debit__owner", "credit__owner", "by")
    search_fields = ("public_id", "reference", "request_id", "debit__owner__email")
    ordering = ("-pk",)
    fields = (
        *("public_id", "kind", "amount_shown", "debit", "credit", "currency", "mode"),
        *("reference", "balance_after", "order_link", "by", "reason", "request_id", "created_at"),
    )

    @admin.display(description=_("amount"), ordering="amount")
    def amount_shown(self, transfer: Transfer) -> str:
        return amount_text(transfer.amount, transfer.currency)

    @admin.display(description=_("order"), ordering="order_id")
    def order_link(self, transfer: Transfer) -> SafeString | str:
        if transfer.order_id is None:
            return "—"
        address = reverse("admin:orders_order_change", args=[transfer.order_id])
        return format_html('<a href="{}">#{}</a>', address, transfer.order_id)
