"""The ledger's only writer, and the life of a top-up.

Every movement has a `reference`, which is its idempotency: the same reference posts once, and
capture and release of an order share theirs, so an order can only ever have one of them.
Amounts are integers in minor units of the currency.
"""

from wallet.actions.deciding import (
    ProofFile,
    ProofNotWanted,
    TopUpDecided,
    add_proof,
    approve_top_up,
    reject_top_up,
)
from wallet.actions.opening import (
    AccountShut,
    GatewayAway,
    MethodUnavailable,
    TooManyOpenTopUps,
    open_top_up,
    start_payment,
)
from wallet.actions.paying import (
    AccountDeleted,
    TopUpNotCancellable,
    cancel_top_up,
    check_due_payments,
    check_payment,
    note_hint,
    note_return,
    record_payment,
)
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
from wallet.actions.telling_owners import send_mails
from wallet.actions.wallets import (
    adjust_wallet,
    credit_top_up,
    fill_up_sandbox,
    open_wallet,
    set_low_balance_alert,
)

__all__ = [
    "AccountDeleted",
    "AccountShut",
    "AlreadySettled",
    "GatewayAway",
    "InsufficientFunds",
    "MethodUnavailable",
    "OrderMoney",
    "ProofFile",
    "ProofNotWanted",
    "ReferenceReused",
    "TooManyOpenTopUps",
    "TopUpDecided",
    "TopUpNotCancellable",
    "add_proof",
    "adjust_wallet",
    "approve_top_up",
    "cancel_top_up",
    "capture_price",
    "check_due_payments",
    "check_payment",
    "credit_top_up",
    "fill_up_sandbox",
    "hold_price",
    "note_hint",
    "note_return",
    "open_top_up",
    "open_wallet",
    "record_cost",
    "record_cost_back",
    "record_loss_back",
    "record_payment",
    "record_prepayment",
    "record_stray_loss",
    "record_supplier_loss",
    "refund_price",
    "reject_top_up",
    "release_price",
    "send_mails",
    "set_low_balance_alert",
    "start_payment",
]
