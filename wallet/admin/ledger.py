"""The ledger for staff: to look at, never to write."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from nexotp.lib.admin import LongListAdmin
from nexotp.lib.amounts import amount_text
from wallet.models import LedgerAccount, Transfer

# How the list of transfers is asked for those of one ledger account.
_OF_ACCOUNT = "account:"


class CurrencyFilter(admin.SimpleListFilter):
    """The currencies of the shop's own accounts; the rows of millions need not be asked."""

    title = _("currency")
    parameter_name = "currency"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        own = LedgerAccount.objects.filter(owner=None).order_by("currency")
        return [(each, each) for each in own.values_list("currency", flat=True).distinct()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(currency=self.value()) if self.value() else queryset


@admin.register(LedgerAccount)
class LedgerAccountAdmin(LongListAdmin):
    list_display = ("__str__", "kind", "currency", "mode", "balance_shown", "opened_at")
    list_filter = ("kind", "mode", CurrencyFilter)
    list_select_related = ("owner",)
    search_fields = ("owner__email__exact", "owner__public_id__exact")
    search_help_text = _("The owner's e-mail or account number, in full.")
    fields = (*("owner", "kind", "currency", "mode", "balance_shown", "opened_at", "transfers"),)

    @admin.display(description=_("balance"), ordering="balance")
    def balance_shown(self, account: LedgerAccount) -> str:
        """Recorded accounts keep none."""
        return "—" if account.balance is None else amount_text(account.balance, account.currency)

    @admin.display(description=_("transfers"))
    def transfers(self, account: LedgerAccount) -> SafeString:
        address = reverse("admin:wallet_transfer_changelist")
        return format_html(
            '<a href="{}?q={}{}">{}</a>', address, _OF_ACCOUNT, account.pk, _("Money that moved")
        )


@admin.register(Transfer)
class TransferAdmin(LongListAdmin):
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
    list_filter = ("kind", "mode", CurrencyFilter, "created_at")
    list_select_related = ("debit__owner", "credit__owner", "by")
    # Each looked up in an index of its own; see get_search_results.
    search_fields = ("public_id__exact",)
    search_help_text = _("Number, reference or request id in full, or an account's e-mail.")
    fields = (
        *("public_id", "kind", "amount_shown", "debit", "credit", "currency", "mode"),
        *("reference", "balance_after", "order_link", "by", "reason", "request_id", "created_at"),
    )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Transfer], search_term: str
    ) -> tuple[QuerySet[Transfer], bool]:
        words = search_term.strip()
        if not words:
            return queryset, False
        if words.startswith(_OF_ACCOUNT) and words.removeprefix(_OF_ACCOUNT).isdigit():
            accounts = [int(words.removeprefix(_OF_ACCOUNT)[:18])]
        elif "@" in words:
            owned = LedgerAccount.objects.filter(owner__email=words.lower())
            accounts = list(owned.values_list("pk", flat=True))
        else:
            # One lookup after the other: PostgreSQL would walk through all rows for the three of
            # them at once.
            named = (
                Q(public_id=words),
                Q(reference=words),
                Q(request_id=words) & ~Q(request_id=""),
            )
            found = [
                pk
                for each in named
                for pk in Transfer.objects.filter(each).values_list("pk", flat=True)[:100]
            ]
            return queryset.filter(pk__in=found), False
        return queryset.filter(Q(debit__in=accounts) | Q(credit__in=accounts)), False

    @admin.display(description=_("amount"), ordering="amount")
    def amount_shown(self, transfer: Transfer) -> str:
        return amount_text(transfer.amount, transfer.currency)

    @admin.display(description=_("order"), ordering="order_id")
    def order_link(self, transfer: Transfer) -> SafeString | str:
        if transfer.order_id is None:
            return "—"
        address = reverse("admin:orders_order_change", args=[transfer.order_id])
        return format_html('<a href="{}">#{}</a>', address, transfer.order_id)
