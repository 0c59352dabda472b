"""What staff decides, what is noted of it, and sums for its pages."""

from office.models.approvals import Approval, ApprovalKind, ApprovalState
from office.models.audit import Act, AuditEntry
from office.models.sums import BooksCheck, Fold, MoneyHour, OrderHour, SalesDay

__all__ = [
    "Act",
    "Approval",
    "ApprovalKind",
    "ApprovalState",
    "AuditEntry",
    "BooksCheck",
    "Fold",
    "MoneyHour",
    "OrderHour",
    "SalesDay",
]
