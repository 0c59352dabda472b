"""What staff does with the shop: gives money back, corrects, approves, freezes, looks, checks.

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
from office.actions.entering import take_off_second_step
from office.actions.folding import fold_sums, rebuild_sums
from office.actions.freezing import (
    AlreadySo,
    NotYourRank,
    freeze_account,
    outranks,
    unfreeze_account,
)
from office.actions.knowing import note_settings
from office.actions.noting import note, note_failed_sign_in
from office.actions.viewing import (
    NotToBeSeen,
    begin_view,
    end_overdue_views,
    end_view,
    may_view,
)

__all__ = [
    "AlreadyAsked",
    "AlreadyDecided",
    "AlreadySo",
    "NotToBeSeen",
    "NotYourOwn",
    "NotYourRank",
    "approve",
    "ask_adjustment",
    "ask_books_check",
    "ask_refund",
    "begin_view",
    "check_books",
    "end_overdue_views",
    "end_view",
    "fold_sums",
    "freeze_account",
    "may_view",
    "note",
    "note_failed_sign_in",
    "note_settings",
    "outranks",
    "rebuild_sums",
    "refuse",
    "take_off_second_step",
    "unfreeze_account",
    "wrong_sums",
]
