"""Telling an owner what happened to the wallet, in the transaction that moved it.

The owner's servers are told by webhook; of a low balance the owner is told by mail as well.
"""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection

from accounts.live import WALLET, tell_pages
from accounts.models import Mode
from nexotp.lib.http import timestamp
from nexotp.lib.money import to_json
from wallet.models import LedgerAccount, Transfer, TransferKind
from webhooks.actions import emit
from webhooks.states import EventType

# Money that comes; a hold that is released only goes back to where it was.
_CREDITS = {
    *(TransferKind.TOP_UP, TransferKind.ADJUSTMENT, TransferKind.REFUND, TransferKind.PROMOTION),
}


# Whose balance goes up and down around the threshold is not written to each time.
_MAIL_PAUSE = timedelta(hours=12)


def tell_owner(transfer: Transfer, wallet_id: int, *, low_balance_at: int | None) -> None:
    """Tell of money that came, and of a balance that an order took below the threshold.

    `low_balance_at` is the wallet's own threshold, in minor units; without one it is the shop's.
    """
    if transfer.kind in _CREDITS and transfer.credit_id == wallet_id:
        _emit(EventType.WALLET_CREDITED, transfer, wallet_id, _credit(transfer))
    elif transfer.kind == TransferKind.HOLD:
        usual: int = settings.LOW_BALANCE_THRESHOLD
        threshold = usual if low_balance_at is None else low_balance_at
        left = transfer.balance_after or 0
        if left < threshold <= left + transfer.amount:
            data = _low_balance(transfer, threshold)
            _emit(EventType.WALLET_LOW_BALANCE, transfer, wallet_id, data)
            if transfer.mode == Mode.LIVE:
                _write_soon(transfer, wallet_id)


def _write_soon(transfer: Transfer, wallet_id: int) -> None:
    """Leave a mail to be sent, unless one was lately."""
    values = {
        "wallet": wallet_id,
        "balance": transfer.balance_after,
        "now": transfer.created_at,
        "lately": transfer.created_at - _MAIL_PAUSE,
    }
    with connection.cursor() as cursor:
        cursor.execute(_WRITE_SOON, values)


_WRITE_SOON = """
INSERT INTO wallet_lowbalancenotice AS notice (wallet_id, language, balance, due_at)
VALUES (%(wallet)s, '', %(balance)s, %(now)s)
ON CONFLICT (wallet_id) DO UPDATE SET balance = excluded.balance, due_at = excluded.due_at
WHERE notice.mailed_at IS NULL OR notice.mailed_at < %(lately)s
"""


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


def _low_balance(transfer: Transfer, threshold: int) -> dict[str, Any]:
    return {
        "balance": to_json(transfer.balance_after or 0, transfer.currency),
        "threshold": to_json(threshold, transfer.currency),
        "currency": transfer.currency,
    }
