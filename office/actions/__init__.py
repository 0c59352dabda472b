"""What staff does with the shop: gives money back, corrects, approves, checks the books.

Each act is noted in the audit, in its own transaction.
"""

from office.actions.approving import (
    AlreadyAsked,
    AlreadyDecided,
    NotYourOwn,
    approve,
    ask_adjustment,
    ask_refund,
    refuse,
)
from office.actions.checking import ask_books_check, check_books, wrong_sums
from office.actions.folding import fold_sums, rebuild_sums
from office.actions.noting import note

__all__ = [
    "AlreadyAsked",
    "AlreadyDecided",
    "NotYourOwn",
    "approve",
    "ask_adjustment",
    "ask_books_check",
    "ask_refund",
    "check_books",
    "fold_sums",
    "note",
    "rebuild_sums",
    "refuse",
    "wrong_sums",
]
