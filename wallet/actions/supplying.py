"""The money that we have at suppliers."""

from accounts.models import User
from wallet.actions.posting import house_account, post
from wallet.actions.selling import OrderMoney
from wallet.models import AccountKind, Transfer, TransferKind


def record_supplier_loss(
    *, attempt_id: int, order_id: int, cost: int, currency: str, mode: str, reason: str
) -> Transfer:
    """Book an upstream purchase that no customer pays for."""
    return post(
        kind=TransferKind.LOSS,
        debit=house_account(AccountKind.SUPPLIER_LOSSES, currency, mode),
        credit=house_account(AccountKind.SUPPLIER_PREPAID, currency, mode),
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
    return post(
        kind=TransferKind.COST_BACK,
        debit=house_account(AccountKind.SUPPLIER_PREPAID, currency, order.mode),
        credit=house_account(AccountKind.COST_OF_SALES, currency, order.mode),
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
    return post(
        kind=TransferKind.LOSS_BACK,
        debit=house_account(AccountKind.SUPPLIER_PREPAID, currency, mode),
        credit=house_account(AccountKind.SUPPLIER_LOSSES, currency, mode),
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
    return post(
        kind=TransferKind.STRAY,
        debit=house_account(AccountKind.SUPPLIER_LOSSES, currency, mode),
        credit=house_account(AccountKind.SUPPLIER_PREPAID, currency, mode),
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
    return post(
        kind=TransferKind.PREPAY,
        debit=house_account(AccountKind.SUPPLIER_PREPAID, currency, mode),
        credit=house_account(AccountKind.BANK, currency, mode),
        wallet=None,
        currency=currency,
        mode=mode,
        amount=amount,
        reference=f"prepay:{top_up_id}",
        by=by,
        reason=note,
    )
