"""The pages from which staff runs the shop."""

from office.admin import approvals, attempts, audit, orders

__all__ = ["approvals", "attempts", "audit", "orders"]
