"""The rows of the wallet: the ledger, and how money comes into it."""

from wallet.models.alerts import LowBalanceNotice
from wallet.models.ledger import (
    WALLET_KINDS,
    AccountKind,
    LedgerAccount,
    Statement,
    Transfer,
    TransferKind,
    TransferQuerySet,
    new_transfer_id,
)
from wallet.models.methods import PaymentMethod
from wallet.models.top_ups import Proof, TopUp

__all__ = [
    "WALLET_KINDS",
    "AccountKind",
    "LedgerAccount",
    "LowBalanceNotice",
    "PaymentMethod",
    "Proof",
    "Statement",
    "TopUp",
    "Transfer",
    "TransferKind",
    "TransferQuerySet",
    "new_transfer_id",
]
