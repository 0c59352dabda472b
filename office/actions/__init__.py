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
from office.actions.reverting import (
    CannotRevert,
    at_moment,
    revert_change,
    revert_rules,
    without_change,
)

__all__ = [
    "AlreadyAsked",
    "AlreadyDecided",
    "CannotRevert",
    "NotYourOwn",
    "approve",
    "ask_adjustment",
    "ask_books_check",
    "ask_refund",
    "at_moment",
    "check_books",
    "fold_sums",
    "note",
    "rebuild_sums",
    "refuse",
    "revert_change",
    "revert_rules",
    "without_change",
    "wrong_sums",
]
