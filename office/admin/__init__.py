"""The pages from which staff runs the shop."""

from office.admin import (
    approvals,
    attempts,
    audit,
    books,
    orders,
    pauses,
    people,
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
    "people",
    "pricing",
    "strays",
    "suppliers",
]
