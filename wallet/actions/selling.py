"""The money of an order: held, then captured or released, once."""

from dataclasses import dataclass

from accounts.models import User
from wallet.actions.posting import ReferenceReused, house_account, post, wallet_id
from wallet.models import AccountKind, LedgerAccount, Transfer, TransferKind


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


def hold_price(order: OrderMoney, *, wallet: LedgerAccount, request_id: str = "") -> Transfer:
    """Take the price out of the wallet until the order ends. Raises InsufficientFunds.

    Call it last in its transaction: the wallet stays locked until the commit.
    """
    return post(
        kind=TransferKind.HOLD,
        debit=wallet.pk,
        credit=house_account(AccountKind.ORDERS_IN_PROGRESS, order.currency, order.mode),
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
        credit=house_account(AccountKind.SALES_REVENUE, order.currency, order.mode),
        wallet=None,
    )


def release_price(order: OrderMoney, *, reason: str) -> Transfer:
    """Give the held price back. Raises AlreadySettled when it was captured before."""
    wallet = wallet_id(order.user_id, order.currency, order.mode)
    return _settle(order, kind=TransferKind.RELEASE, credit=wallet, wallet=wallet, reason=reason)


def record_cost(order: OrderMoney, *, cost: int, currency: str) -> Transfer:
    """Record what the supplier charged for a captured order, in the supplier's currency."""
    return post(
        kind=TransferKind.COST,
        debit=house_account(AccountKind.COST_OF_SALES, currency, order.mode),
        credit=house_account(AccountKind.SUPPLIER_PREPAID, currency, order.mode),
        wallet=None,
        currency=currency,
        mode=order.mode,
        amount=cost,
        reference=f"cost:{order.reference}",
        order_id=order.order_id,
    )


def refund_price(order: OrderMoney, *, by: User, reason: str) -> Transfer:
    """Give back the price of a captured order as goodwill; a second refund is the first one."""
    wallet = wallet_id(order.user_id, order.currency, order.mode)
    return post(
        kind=TransferKind.REFUND,
        debit=house_account(AccountKind.REFUNDS, order.currency, order.mode),
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


def _settle(
    order: OrderMoney, *, kind: TransferKind, credit: int, wallet: int | None, reason: str = ""
) -> Transfer:
    try:
        return post(
            kind=kind,
            debit=house_account(AccountKind.ORDERS_IN_PROGRESS, order.currency, order.mode),
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
