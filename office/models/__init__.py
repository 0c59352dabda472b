"""What staff decides, what is noted of it, and sums for its pages."""

from office.models.approvals import Approval, ApprovalKind, ApprovalState
from office.models.audit import Act, AuditEntry, KnownSetting
from office.models.people import AccountNote, CustomerView
from office.models.sums import BooksCheck, Fold, MoneyHour, OrderHour, SalesDay

__all__ = [
    "AccountNote",
    "Act",
    "Approval",
    "ApprovalKind",
    "ApprovalState",
    "AuditEntry",
    "BooksCheck",
    "CustomerView",
    "Fold",
    "KnownSetting",
    "MoneyHour",
    "OrderHour",
    "SalesDay",
]
