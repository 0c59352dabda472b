"""The pages from which staff runs the shop."""

from office.admin import approvals, attempts, audit, books, orders, pricing

__all__ = ["approvals", "attempts", "audit", "books", "orders", "pricing"]
