"""The pages from which staff runs the shop."""

from office.admin import (
    approvals,
    attempts,
    audit,
    books,
    orders,
    pauses,
    people,
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
    "strays",
    "suppliers",
]
