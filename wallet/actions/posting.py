"""The one statement that moves money."""

from functools import cache

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from nexotp.lib.errors import Problem
from wallet.models import AccountKind, LedgerAccount, Transfer, TransferKind, new_transfer_id
from wallet.telling import tell_owner


class InsufficientFunds(Problem):
    code = "insufficient_balance"
    status = 402
    message = _("Your balance is not enough for this order. Top up and try again.")


class ReferenceReused(Exception):
    """A reference was posted before with another amount, kind or accounts: a bug, or an attack."""


_POST = """
WITH moved AS ({moved}), posted AS (
    INSERT INTO wallet_transfer (public_id, kind, debit_id, credit_id, currency, mode, amount,
        reference, balance_after, order_id, by_id, reason, request_id, created_at)
    SELECT %(public_id)s, %(kind)s, %(debit)s, %(credit)s, %(currency)s, %(mode)s, %(amount)s,
        %(reference)s, moved.balance, %(order_id)s, %(by)s, %(reason)s, %(request_id)s,
        clock_timestamp()
    FROM moved
    ON CONFLICT (reference) DO NOTHING
    RETURNING id, balance_after, created_at
)
SELECT (SELECT count(*) FROM moved), (SELECT low_balance_at FROM moved),
    posted.id, posted.balance_after, posted.created_at
FROM (SELECT 1) AS always LEFT JOIN posted ON true
"""


_MOVE_WALLET = """
    UPDATE wallet_ledgeraccount SET balance = balance + %(change)s
    WHERE id = %(wallet)s AND balance + %(change)s >= 0
    RETURNING balance, low_balance_at
"""


_POST_WITH_WALLET = _POST.format(moved=_MOVE_WALLET)


_POST_RECORDED = _POST.format(
    moved="SELECT NULL::bigint AS balance, NULL::bigint AS low_balance_at"
)


@transaction.atomic(savepoint=False)
def post(
    *,
    kind: TransferKind,
    debit: int,
    credit: int,
    wallet: int | None,
    currency: str,
    mode: str,
    amount: int,
    reference: str,
    order_id: int | None = None,
    by: User | None = None,
    reason: str = "",
    request_id: str = "",
) -> Transfer:
    """Move money once per reference; `wallet` is the guarded side, if one is.

    One statement changes the balance and records the transfer, so the wallet is locked for a
    single round trip. A repeated reference returns the transfer that it made.
    Raises InsufficientFunds, ReferenceReused.
    """
    transfer = Transfer(
        public_id=new_transfer_id(),
        kind=kind,
        debit_id=debit,
        credit_id=credit,
        currency=currency,
        mode=mode,
        amount=amount,
        reference=reference,
        order_id=order_id,
        by=by,
        reason=reason[:200],
        request_id=request_id,
    )
    values: dict[str, int | str | None] = {
        "public_id": transfer.public_id,
        "kind": kind.value,
        "debit": debit,
        "credit": credit,
        "currency": currency,
        "mode": mode,
        "amount": amount,
        "reference": reference,
        "order_id": order_id,
        "by": by.pk if by else None,
        "reason": transfer.reason,
        "request_id": request_id,
        "wallet": wallet,
        "change": amount if credit == wallet else -amount,
    }
    with connection.cursor() as cursor:
        cursor.execute(_POST_RECORDED if wallet is None else _POST_WITH_WALLET, values)
        moved, low_balance_at, *posted = cursor.fetchone()
        transfer.pk, transfer.balance_after, transfer.created_at = posted
        if transfer.pk is not None:
            if wallet is not None:
                tell_owner(transfer, wallet, low_balance_at=low_balance_at)
            return transfer
        if moved and wallet is not None:
            # The reference was posted before: take back what this statement did to the balance.
            cursor.execute(
                "UPDATE wallet_ledgeraccount SET balance = balance - %s WHERE id = %s",
                [-amount if debit == wallet else amount, wallet],
            )
    earlier = Transfer.objects.filter(reference=reference).first()
    if earlier is None:
        raise InsufficientFunds
    if (earlier.kind, earlier.debit_id, earlier.credit_id, earlier.amount) != (
        kind,
        debit,
        credit,
        amount,
    ):
        raise ReferenceReused(reference)
    return earlier


@cache
def house_account(kind: AccountKind, currency: str, mode: str) -> int:
    """Return the id of one of the shop's own accounts; migrations open them all."""
    return LedgerAccount.objects.values_list("pk", flat=True).get(
        owner=None, kind=kind, currency=currency, mode=mode
    )


def wallet_id(user_id: int, currency: str, mode: str) -> int:
    return LedgerAccount.objects.values_list("pk", flat=True).get(
        owner_id=user_id, kind=AccountKind.WALLET, currency=currency, mode=mode
    )
