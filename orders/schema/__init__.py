"""What the calls of this app take and answer, described for OpenAPI and the reference."""

from orders.schema.account import get_account
from orders.schema.orders import (
    cancel_order,
    create_order,
    finish_order,
    get_order,
    list_orders,
    resend_order,
)

__all__ = [
    "cancel_order",
    "create_order",
    "finish_order",
    "get_account",
    "get_order",
    "list_orders",
    "resend_order",
]
