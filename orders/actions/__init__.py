"""What can be done with an order.

`placing` opens one, `several` a few at once, unless `guarding` keeps the account off, and `buying`
gets the number; `polling` asks what came and `receiving` stores it, `following` keeps to a number
that goes on as another activation; `closing` ends orders, `ending` their purchases.
`searching` finds out what became of purchases nobody heard of again, `settling` tidies up upstream.
`leaving` closes an account at its owner's wish.
`reconciling` compares suppliers' histories with it all, `floats` what is left of our money there.
Suppliers are called outside transactions: each action records its intention, calls, and records the
result.
"""

from orders.actions.buying import NoNumbers, SupplierUnavailable
from orders.actions.checking import check_order
from orders.actions.closing import (
    CancelTooEarly,
    OrderNotCancellable,
    OrderNotRefundable,
    advance_due_orders,
    cancel_order,
    refund_order,
    report_number,
)
from orders.actions.deciding import (
    AttemptNotOpen,
    Outcome,
    OutcomeDoesNotFit,
    ReferenceTaken,
    decide_attempt,
    possible_outcomes,
)
from orders.actions.floats import compare_balances, record_supplier_top_up, watch_floats
from orders.actions.guarding import (
    AccountCoolingDown,
    check_cool_down,
    cool_down_abusers,
)
from orders.actions.leaving import (
    OpenOrdersRemain,
    StaffAccount,
    TopUpPending,
    WalletNotEmpty,
    delete_account,
    open_orders,
)
from orders.actions.placing import (
    AccountClosed,
    IdempotencyInProgress,
    IdempotencyKeyReused,
    OrderRequest,
    Placement,
    PriceAboveMax,
    RateUnavailable,
    TooManyOpenOrders,
    place_order,
)
from orders.actions.polling import note_push, poll_supplier, read_hinted
from orders.actions.receiving import (
    OrderNotActive,
    ResendNotSupported,
    finish_order,
    resend_code,
)
from orders.actions.reconciling import reconcile_history
from orders.actions.searching import settle_unknown_attempts
from orders.actions.settling import settle_due_attempts
from orders.actions.several import MOST_AT_ONCE, BatchOutcome, keys_of, place_several
from orders.actions.strays import NoLostPurchase, StrayNotOpen, assign_stray, settle_stray

__all__ = [
    "MOST_AT_ONCE",
    "AccountClosed",
    "AccountCoolingDown",
    "AttemptNotOpen",
    "BatchOutcome",
    "CancelTooEarly",
    "IdempotencyInProgress",
    "IdempotencyKeyReused",
    "NoLostPurchase",
    "NoNumbers",
    "OpenOrdersRemain",
    "OrderNotActive",
    "OrderNotCancellable",
    "OrderNotRefundable",
    "OrderRequest",
    "Outcome",
    "OutcomeDoesNotFit",
    "Placement",
    "PriceAboveMax",
    "RateUnavailable",
    "ReferenceTaken",
    "ResendNotSupported",
    "StaffAccount",
    "StrayNotOpen",
    "SupplierUnavailable",
    "TooManyOpenOrders",
    "TopUpPending",
    "WalletNotEmpty",
    "advance_due_orders",
    "assign_stray",
    "cancel_order",
    "check_cool_down",
    "check_order",
    "compare_balances",
    "cool_down_abusers",
    "decide_attempt",
    "delete_account",
    "finish_order",
    "keys_of",
    "note_push",
    "open_orders",
    "place_order",
    "place_several",
    "poll_supplier",
    "possible_outcomes",
    "read_hinted",
    "reconcile_history",
    "record_supplier_top_up",
    "refund_order",
    "report_number",
    "resend_code",
    "settle_due_attempts",
    "settle_stray",
    "settle_unknown_attempts",
    "watch_floats",
]
