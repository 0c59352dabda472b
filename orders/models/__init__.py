"""Orders, the purchases attempted for them, and the messages that came.

An order is a customer's; an attempt is one purchase at one supplier for it.
"""

from orders.models.attempts import AttemptQuerySet, PurchaseAttempt
from orders.models.books import StrayPurchase, StrayState, SupplierDay, SupplierTopUp
from orders.models.favorites import Favorite, FavoriteQuerySet
from orders.models.messages import MessageQuerySet, OrderMessage
from orders.models.order import Order, OrderQuerySet, lease_from, new_order_id

__all__ = [
    "AttemptQuerySet",
    "Favorite",
    "FavoriteQuerySet",
    "MessageQuerySet",
    "Order",
    "OrderMessage",
    "OrderQuerySet",
    "PurchaseAttempt",
    "StrayPurchase",
    "StrayState",
    "SupplierDay",
    "SupplierTopUp",
    "lease_from",
    "new_order_id",
]
