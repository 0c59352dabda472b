"""What belongs to an account, for its page; each part only for whoever may see such rows."""

from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from accounts.models import ApiKey, Mode, User
from nexotp.lib.amounts import amount_text
from office.models import AccountNote
from office.reports.people import standings
from orders.models import Order
from wallet.models import LedgerAccount, TopUp
from webhooks.models import Endpoint

_SHOWN = 10
_MOST_NOTES = 50


def belongings(user: User, reader: User) -> dict[str, Any]:
    """Return figures, wallet, orders, keys, webhooks, top-ups and notes of an account."""
    standing = standings([user])[user.pk]
    now = timezone.now()
    shown: dict[str, Any] = {
        "account": user,
        "standing": standing,
        "is_cooling": user.is_cooling(now),
        "search": user.email,
    }
    if reader.has_perm("wallet.view_ledgeraccount"):
        shown["wallets"] = [_wallet(each) for each in LedgerAccount.objects.filter(owner=user)]
    if reader.has_perm("orders.view_order"):
        newest = Order.objects.for_account(user, Mode.LIVE).order_by("-pk")
        shown["orders"] = [
            {"order": order, "price": amount_text(order.price, order.currency)}
            for order in newest.select_related("service", "country")[:_SHOWN]
        ]
    if reader.has_perm("accounts.view_apikey"):
        shown["keys"] = ApiKey.objects.filter(user=user).order_by("-pk")[:_SHOWN]
    if reader.has_perm("webhooks.view_endpoint"):
        shown["endpoints"] = Endpoint.objects.kept().filter(user=user).order_by("-pk")[:_SHOWN]
    if reader.has_perm("wallet.view_topup"):
        newest_top_ups = TopUp.objects.of(user).select_related("method").order_by("-pk")
        shown["top_ups"] = [
            {"top_up": each, "amount": amount_text(each.amount, each.currency)}
            for each in newest_top_ups[:_SHOWN]
        ]
    if reader.has_perm("office.view_accountnote"):
        notes = AccountNote.objects.filter(user=user).select_related("by").order_by("-pk")
        shown["notes"] = notes[:_MOST_NOTES]
    if reader.has_perm("wallet.adjust_wallet"):
        shown["correct_url"] = f"{reverse('admin:office_approval_add')}?user={user.public_id}"
    return shown


def _wallet(ledger_account: LedgerAccount) -> dict[str, Any]:
    transfers = reverse("admin:wallet_transfer_changelist")
    return {
        "mode": ledger_account.get_mode_display(),
        "balance": amount_text(
            ledger_account.balance or 0, ledger_account.currency or settings.SHOP_CURRENCY
        ),
        "transfers": f"{transfers}?q=account:{ledger_account.pk}",
    }
