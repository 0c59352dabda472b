"""What can be done with an order.

`placing` buys, `waiting` learns what came, `closing` ends, `settling` finds out what became of
purchases nobody heard of again. Suppliers are called outside transactions: each action records
its intention, calls, and records the result.
"""

from orders.actions.closing import (
    CancelTooEarly,
    OrderNotCancellable,
    advance_due_orders,
    cancel_order,
    refund_order,
)
from orders.actions.placing import (
    IdempotencyInProgress,
    IdempotencyKeyReused,
    NoNumbers,
    OrderRequest,
    Placement,
    PriceAboveMax,
    SupplierUnavailable,
    TooManyOpenOrders,
    place_order,
)
from orders.actions.settling import settle_due_attempts, settle_unknown_attempts
from orders.actions.waiting import (
    OrderNotActive,
    ResendNotSupported,
    finish_order,
    poll_supplier,
    resend_code,
)

__all__ = [
    "CancelTooEarly",
    "IdempotencyInProgress",
    "IdempotencyKeyReused",
    "NoNumbers",
    "OrderNotActive",
    "OrderNotCancellable",
    "OrderRequest",
    "Placement",
    "PriceAboveMax",
    "ResendNotSupported",
    "SupplierUnavailable",
    "TooManyOpenOrders",
    "advance_due_orders",
    "cancel_order",
    "finish_order",
    "place_order",
    "poll_supplier",
    "refund_order",
    "resend_code",
    "settle_due_attempts",
    "settle_unknown_attempts",
]
