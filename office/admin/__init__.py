"""The pages from which staff runs the shop."""

from office.admin import (
    approvals,
    attempts,
    audit,
    books,
    orders,
    pauses,
    pricing,
    strays,
    suppliers,
)

__all__ = [
    "approvals",
    "attempts",
    "audit",
    "books",
    "orders",
    "pauses",
    "pricing",
    "strays",
    "suppliers",
]
