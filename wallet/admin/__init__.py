"""Money for staff: the ledger to look at, top-ups to decide, ways to pay to offer."""

from wallet.admin.ledger import LedgerAccountAdmin, TransferAdmin
from wallet.admin.methods import PaymentMethodAdmin
from wallet.admin.top_ups import TopUpAdmin

__all__ = ["LedgerAccountAdmin", "PaymentMethodAdmin", "TopUpAdmin", "TransferAdmin"]
