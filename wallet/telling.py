"""Telling a customer's servers what happened to the wallet, in the transaction that moved it."""

from typing import Any

from django.conf import settings

from accounts.live import WALLET, tell_pages
from nexotp.lib.http import timestamp
from nexotp.lib.money import to_json
from wallet.models import LedgerAccount, Transfer, TransferKind
from webhooks.actions import emit
from webhooks.states import EventType

# Money that comes; a hold that is released only goes back to where it was.
_CREDITS = {
    *(TransferKind.TOP_UP, TransferKind.ADJUSTMENT, TransferKind.REFUND, TransferKind.PROMOTION),
}


def tell_owner(transfer: Transfer, wallet_id: int) -> None:
    """Tell of money that came, and of a balance that an order took below the threshold."""
    if transfer.kind in _CREDITS and transfer.credit_id == wallet_id:
        _emit(EventType.WALLET_CREDITED, transfer, wallet_id, _credit(transfer))
    elif transfer.kind == TransferKind.HOLD and _crosses_threshold(transfer):
        _emit(EventType.WALLET_LOW_BALANCE, transfer, wallet_id, _low_balance(transfer))


def _crosses_threshold(transfer: Transfer) -> bool:
    left = transfer.balance_after or 0
    threshold: int = settings.LOW_BALANCE_THRESHOLD
    return left < threshold <= left + transfer.amount


def _emit(event_type: EventType, transfer: Transfer, wallet_id: int, data: dict[str, Any]) -> None:
    owner = LedgerAccount.objects.values_list("owner_id", flat=True).get(pk=wallet_id)
    assert owner is not None, "wallets have owners"
    tell_pages(owner, WALLET)
    emit(
        event_type,
        user_id=owner,
        mode=transfer.mode,
        data=lambda: data,
        now=transfer.created_at,
    )


def _credit(transfer: Transfer) -> dict[str, Any]:
    return {
        "transactionId": transfer.public_id,
        "kind": transfer.kind,
        "amount": to_json(transfer.amount, transfer.currency),
        "balanceAfter": to_json(transfer.balance_after or 0, transfer.currency),
        "currency": transfer.currency,
        "orderId": transfer.reference.partition(":")[2] if transfer.order_id else None,
        "createdAt": timestamp(transfer.created_at),
    }


def _low_balance(transfer: Transfer) -> dict[str, Any]:
    return {
        "balance": to_json(transfer.balance_after or 0, transfer.currency),
        "threshold": to_json(settings.LOW_BALANCE_THRESHOLD, transfer.currency),
        "currency": transfer.currency,
    }
