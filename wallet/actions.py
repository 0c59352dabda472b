"""The ledger's only writer.

Every movement has a `reference`, which is its idempotency: the same reference posts once, and
capture and release of an order share theirs, so an order can only ever have one of them.
Amounts are integers in minor units of the currency.
"""

from dataclasses import dataclass
from functools import cache

from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Mode, User
from nexotp.lib.db import PreparedRead
from nexotp.lib.errors import Problem
from wallet.models import AccountKind, LedgerAccount, Transfer, TransferKind, new_transfer_id
from wallet.telling import tell_owner


class InsufficientFunds(Problem):
    code = "insufficient_balance"
    status = 402
    message = _("Your balance is not enough for this order. Top up and try again.")


class ReferenceReused(Exception):
    """A reference was posted before with another amount, kind or accounts: a bug, or an attack."""


class AlreadySettled(Exception):
    """The order's hold was captured or released before, the other way."""


@dataclass(frozen=True, slots=True)
class OrderMoney:
    """What the ledger needs to know of an order: whose, in which mode, for how much."""

    order_id: int
    reference: str
    user_id: int
    currency: str
    mode: str
    price: int


def open_wallet(*, user: User, mode: str) -> LedgerAccount:
    """Return the account's wallet, opened at its first use; a sandbox one is filled then."""
    values = (user.pk, AccountKind.WALLET.value, settings.SHOP_CURRENCY, mode)
    if found := _WALLET.one(values):
        wallet: LedgerAccount = found[0]
        return wallet
    with transaction.atomic():
        LedgerAccount.objects.bulk_create(
            [
                LedgerAccount(
                    owner=user,
                    kind=AccountKind.WALLET,
                    currency=settings.SHOP_CURRENCY,
                    mode=mode,
                    guarded=True,
                    balance=0,
                )
            ],
            ignore_conflicts=True,
        )
        wallet = LedgerAccount.objects.wallet_of(user, mode).get()
        if mode == Mode.SANDBOX:
            _post(
                kind=TransferKind.PROMOTION,
                debit=_house_account(AccountKind.PROMOTIONS, wallet.currency, mode),
                credit=wallet.pk,
                wallet=wallet.pk,
                currency=wallet.currency,
                mode=mode,
                amount=settings.SANDBOX_GRANT,
                reference=f"grant:{user.public_id}",
            )
            wallet.refresh_from_db()
    return wallet


_WALLET = PreparedRead(
    "SELECT {0} FROM wallet_ledgeraccount wallet WHERE wallet.owner_id = %s AND wallet.kind = %s"
    " AND wallet.currency = %s AND wallet.mode = %s",
    wallet=LedgerAccount,
)


def credit_top_up(
    *, user: User, amount: int, top_up_id: str, by: User | None, mode: str = Mode.LIVE
) -> Transfer:
    """Credit a confirmed payment; a repeated confirmation credits nothing."""
    wallet = open_wallet(user=user, mode=mode)
    return _post(
        kind=TransferKind.TOP_UP,
        debit=_house_account(AccountKind.PAYMENT_CLEARING, wallet.currency, mode),
        credit=wallet.pk,
        wallet=wallet.pk,
        currency=wallet.currency,
        mode=mode,
        amount=amount,
        reference=f"topup:{top_up_id}",
        by=by,
    )


def adjust_wallet(
    *,
    user: User,
    amount: int,
    adjustment_id: str,
    reason: str,
    by: User | None,
    mode: str = Mode.LIVE,
) -> Transfer:
    """Correct a wallet by hand, up or (with a negative amount) down.

    Raises InsufficientFunds when it would take more than there is.
    """
    wallet = open_wallet(user=user, mode=mode)
    ours = _house_account(AccountKind.ADJUSTMENTS, wallet.currency, mode)
    debit, credit = (ours, wallet.pk) if amount > 0 else (wallet.pk, ours)
    return _post(
        kind=TransferKind.ADJUSTMENT,
        debit=debit,
        credit=credit,
        wallet=wallet.pk,
        currency=wallet.currency,
        mode=mode,
        amount=abs(amount),
        reference=f"adjust:{adjustment_id}",
        by=by,
        reason=reason,
    )


def hold_price(order: OrderMoney, *, wallet: LedgerAccount, request_id: str = "") -> Transfer:
    """Take the price out of the wallet until the order ends. Raises InsufficientFunds.

    Call it last in its transaction: the wallet stays locked until the commit.
    """
    return _post(
        kind=TransferKind.HOLD,
        debit=wallet.pk,
        credit=_house_account(AccountKind.ORDERS_IN_PROGRESS, order.currency, order.mode),
        wallet=wallet.pk,
        currency=order.currency,
        mode=order.mode,
        amount=order.price,
        reference=f"hold:{order.reference}",
        order_id=order.order_id,
        request_id=request_id,
    )


def capture_price(order: OrderMoney) -> Transfer:
    """Earn the held price: a code came. Raises AlreadySettled when it was released before."""
    return _settle(
        order,
        kind=TransferKind.CAPTURE,
        credit=_house_account(AccountKind.SALES_REVENUE, order.currency, order.mode),
        wallet=None,
    )


def release_price(order: OrderMoney, *, reason: str) -> Transfer:
    """Give the held price back. Raises AlreadySettled when it was captured before."""
    wallet = _wallet_id(order.user_id, order.currency, order.mode)
    return _settle(order, kind=TransferKind.RELEASE, credit=wallet, wallet=wallet, reason=reason)


def record_cost(order: OrderMoney, *, cost: int, currency: str) -> Transfer:
    """Record what the supplier charged for a captured order, in the supplier's currency."""
    return _post(
        kind=TransferKind.COST,
        debit=_house_account(AccountKind.COST_OF_SALES, currency, order.mode),
        credit=_house_account(AccountKind.SUPPLIER_PREPAID, currency, order.mode),
        wallet=None,
        currency=currency,
        mode=order.mode,
        amount=cost,
        reference=f"cost:{order.reference}",
        order_id=order.order_id,
    )


def refund_price(order: OrderMoney, *, by: User, reason: str) -> Transfer:
    """Give back the price of a captured order as goodwill; a second refund is the first one."""
    wallet = _wallet_id(order.user_id, order.currency, order.mode)
    return _post(
        kind=TransferKind.REFUND,
        debit=_house_account(AccountKind.REFUNDS, order.currency, order.mode),
        credit=wallet,
        wallet=wallet,
        currency=order.currency,
        mode=order.mode,
        amount=order.price,
        reference=f"refund:{order.reference}",
        order_id=order.order_id,
        by=by,
        reason=reason,
    )


def record_supplier_loss(
    *, attempt_id: int, order_id: int, cost: int, currency: str, mode: str, reason: str
) -> Transfer:
    """Book an upstream purchase that no customer pays for."""
    return _post(
        kind=TransferKind.LOSS,
        debit=_house_account(AccountKind.SUPPLIER_LOSSES, currency, mode),
        credit=_house_account(AccountKind.SUPPLIER_PREPAID, currency, mode),
        wallet=None,
        currency=currency,
        mode=mode,
        amount=cost,
        reference=f"loss:{attempt_id}",
        order_id=order_id,
        reason=reason,
    )


def record_cost_back(order: OrderMoney, *, cost: int, currency: str) -> Transfer:
    """Record that a supplier gave the cost of a captured order back."""
    return _post(
        kind=TransferKind.COST_BACK,
        debit=_house_account(AccountKind.SUPPLIER_PREPAID, currency, order.mode),
        credit=_house_account(AccountKind.COST_OF_SALES, currency, order.mode),
        wallet=None,
        currency=currency,
        mode=order.mode,
        amount=cost,
        reference=f"costback:{order.reference}",
        order_id=order.order_id,
    )


def record_loss_back(
    *, attempt_id: int, order_id: int, cost: int, currency: str, mode: str
) -> Transfer:
    """Record that a supplier gave back what had been booked as a loss."""
    return _post(
        kind=TransferKind.LOSS_BACK,
        debit=_house_account(AccountKind.SUPPLIER_PREPAID, currency, mode),
        credit=_house_account(AccountKind.SUPPLIER_LOSSES, currency, mode),
        wallet=None,
        currency=currency,
        mode=mode,
        amount=cost,
        reference=f"lossback:{attempt_id}",
        order_id=order_id,
    )


def record_stray_loss(
    *, stray_id: int, cost: int, currency: str, mode: str, by: User | None
) -> Transfer:
    """Book an upstream purchase that no order of ours was ever for."""
    return _post(
        kind=TransferKind.STRAY,
        debit=_house_account(AccountKind.SUPPLIER_LOSSES, currency, mode),
        credit=_house_account(AccountKind.SUPPLIER_PREPAID, currency, mode),
        wallet=None,
        currency=currency,
        mode=mode,
        amount=cost,
        reference=f"stray:{stray_id}",
        by=by,
    )


def record_prepayment(
    *, top_up_id: int, amount: int, currency: str, mode: str, by: User | None, note: str
) -> Transfer:
    """Record money that was paid to a supplier in advance."""
    return _post(
        kind=TransferKind.PREPAY,
        debit=_house_account(AccountKind.SUPPLIER_PREPAID, currency, mode),
        credit=_house_account(AccountKind.BANK, currency, mode),
        wallet=None,
        currency=currency,
        mode=mode,
        amount=amount,
        reference=f"prepay:{top_up_id}",
        by=by,
        reason=note,
    )


def _settle(
    order: OrderMoney, *, kind: TransferKind, credit: int, wallet: int | None, reason: str = ""
) -> Transfer:
    try:
        return _post(
            kind=kind,
            debit=_house_account(AccountKind.ORDERS_IN_PROGRESS, order.currency, order.mode),
            credit=credit,
            wallet=wallet,
            currency=order.currency,
            mode=order.mode,
            amount=order.price,
            reference=f"settle:{order.reference}",
            order_id=order.order_id,
            reason=reason,
        )
    except ReferenceReused as error:
        raise AlreadySettled(order.reference) from error


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
SELECT (SELECT count(*) FROM moved), posted.id, posted.balance_after, posted.created_at
FROM (SELECT 1) AS always LEFT JOIN posted ON true
"""
_MOVE_WALLET = """
    UPDATE wallet_ledgeraccount SET balance = balance + %(change)s
    WHERE id = %(wallet)s AND balance + %(change)s >= 0
    RETURNING balance
"""
_POST_WITH_WALLET = _POST.format(moved=_MOVE_WALLET)
_POST_RECORDED = _POST.format(moved="SELECT NULL::bigint AS balance")


@transaction.atomic(savepoint=False)
def _post(
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
        moved, transfer.pk, transfer.balance_after, transfer.created_at = cursor.fetchone()
        if transfer.pk is not None:
            if wallet is not None:
                tell_owner(transfer, wallet)
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
def _house_account(kind: AccountKind, currency: str, mode: str) -> int:
    """Return the id of one of the shop's own accounts; migrations open them all."""
    return LedgerAccount.objects.values_list("pk", flat=True).get(
        owner=None, kind=kind, currency=currency, mode=mode
    )


def _wallet_id(user_id: int, currency: str, mode: str) -> int:
    return LedgerAccount.objects.values_list("pk", flat=True).get(
        owner_id=user_id, kind=AccountKind.WALLET, currency=currency, mode=mode
    )
