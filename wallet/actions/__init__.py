"""The ledger's only writer.

Every movement has a `reference`, which is its idempotency: the same reference posts once, and
capture and release of an order share theirs, so an order can only ever have one of them.
Amounts are integers in minor units of the currency.
"""

from wallet.actions.posting import InsufficientFunds, ReferenceReused
from wallet.actions.selling import (
    AlreadySettled,
    OrderMoney,
    capture_price,
    hold_price,
    record_cost,
    refund_price,
    release_price,
)
from wallet.actions.supplying import (
    record_cost_back,
    record_loss_back,
    record_prepayment,
    record_stray_loss,
    record_supplier_loss,
)
from wallet.actions.wallets import adjust_wallet, credit_top_up, open_wallet

__all__ = [
    "AlreadySettled",
    "InsufficientFunds",
    "OrderMoney",
    "ReferenceReused",
    "adjust_wallet",
    "capture_price",
    "credit_top_up",
    "hold_price",
    "open_wallet",
    "record_cost",
    "record_cost_back",
    "record_loss_back",
    "record_prepayment",
    "record_stray_loss",
    "record_supplier_loss",
    "refund_price",
    "release_price",
]
