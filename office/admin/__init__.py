"""The pages from which staff runs the shop."""

from office.admin import approvals, attempts, audit, books, orders, rules

__all__ = ["approvals", "attempts", "audit", "books", "orders", "rules"]
