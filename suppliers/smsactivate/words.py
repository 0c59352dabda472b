"""The handler protocol's vocabulary: what each bare token says, as data.

One token means different things to different questions: BAD_STATUS refuses a resend, but to a
cancel it says that a code has come. A question for which a token has no meaning was not answered.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from suppliers.base import ActivationState, CancelOutcome, RefusalReason


class Word(NamedTuple):
    """What a token says of a request refused, of how an activation stands, of a cancel."""

    refusal: RefusalReason | None = None
    state: ActivationState | None = None
    cancel: CancelOutcome | None = None


_BAD_CREDENTIALS = Word(refusal=RefusalReason.BAD_CREDENTIALS)
_BAD_REQUEST = Word(refusal=RefusalReason.BAD_REQUEST)
_NO_NUMBERS = Word(refusal=RefusalReason.NO_NUMBERS)
_NO_BALANCE = Word(refusal=RefusalReason.NO_BALANCE)
_PRICE_MOVED = Word(refusal=RefusalReason.PRICE_MOVED)
_BANNED = Word(refusal=RefusalReason.BANNED)
_BUSY = Word(refusal=RefusalReason.BUSY)

_WAITING = Word(state=ActivationState.WAITING)
_RECEIVED = Word(state=ActivationState.RECEIVED, cancel=CancelOutcome.CODE_ARRIVED)
_CLOSED = Word(state=ActivationState.CLOSED, cancel=CancelOutcome.CLOSED)
_MISSING = Word(state=ActivationState.MISSING, cancel=CancelOutcome.MISSING)
_CANCELLED = Word(cancel=CancelOutcome.CANCELLED)
_TOO_EARLY = Word(cancel=CancelOutcome.TOO_EARLY)
_CODE_ARRIVED = Word(cancel=CancelOutcome.CODE_ARRIVED)
_WRONG_STATE = Word(refusal=RefusalReason.BAD_REQUEST, cancel=CancelOutcome.CODE_ARRIVED)

# The supplier broke, or says that our order exists already: it may have been carried out.
_UNCLEAR = Word()

WORDS: Mapping[str, Word] = {
    "BAD_KEY": _BAD_CREDENTIALS,
    "NO_KEY": _BAD_CREDENTIALS,
    "API_KEY_NOT_VALID": _BAD_CREDENTIALS,
    "BAD_ACTION": _BAD_REQUEST,
    "NO_ACTION": _BAD_REQUEST,
    "BAD_SERVICE": _BAD_REQUEST,
    "WRONG_SERVICE": _BAD_REQUEST,
    "BAD_COUNTRY": _BAD_REQUEST,
    "WRONG_COUNTRY": _BAD_REQUEST,
    "WRONG_OPERATOR": _BAD_REQUEST,
    "OPERATORS_NOT_FOUND": _BAD_REQUEST,
    "INVALID_PROVIDER": _BAD_REQUEST,
    "BAD_DATA": _BAD_REQUEST,
    "WRONG_DATE": _BAD_REQUEST,
    "WRONG_EXCEPTION_PHONE": _BAD_REQUEST,
    "WRONG_SECURITY": _BAD_REQUEST,
    "UNPROCESSABLE_ENTITY": _BAD_REQUEST,
    "BAD_CURRENCY": _BAD_REQUEST,
    "CURRENCY_CHANGE_UNAVAILABLE": _BAD_REQUEST,
    "NO_NUMBERS": _NO_NUMBERS,
    "OUT_OF_STOCK": _NO_NUMBERS,
    "NOT_AVAILABLE": _NO_NUMBERS,
    "NO_OFFERS": _NO_NUMBERS,
    "OFFER_NOT_FOUND": _NO_NUMBERS,
    "NO_PRICES": _NO_NUMBERS,
    "SERVICE_NOT_AVAILABLE": _NO_NUMBERS,
    "SERVICE_UNAVAILABLE_REGION": _NO_NUMBERS,
    "SERVICE_RESTRICTED": _NO_NUMBERS,
    "WHATSAPP_NOT_AVAILABLE": _NO_NUMBERS,
    "NO_YULA_MAIL": _NO_NUMBERS,
    "NO_BALANCE": _NO_BALANCE,
    "NO_BALANCE_FORWARD": _NO_BALANCE,
    "WRONG_MAX_PRICE": _PRICE_MOVED,
    "BANNED": _BANNED,
    "ACCOUNT_INACTIVE": _BANNED,
    "PURCHASE_RESTRICTED": _BANNED,
    "CHANNELS_LIMIT": _BUSY,
    "CONCURRENT_LIMIT": _BUSY,
    "RATE_LIMIT": _BUSY,
    "STATUS_WAIT_CODE": _WAITING,
    "STATUS_WAIT_RETRY": _WAITING,
    "STATUS_WAIT_RESEND": _WAITING,
    "STATUS_OK": _RECEIVED,
    "STATUS_CANCEL": _CLOSED,
    "NO_ACTIVATION": _MISSING,
    "WRONG_ACTIVATION_ID": _MISSING,
    "INVALID_ACTIVATION_ID": _MISSING,
    "NO_ACTIVATIONS": _UNCLEAR,
    "ORDER_ALREADY_EXISTS": _UNCLEAR,
    "NOT_FOUND": _MISSING,
    "ACCESS_CANCEL": _CANCELLED,
    "NO_CONTENT": _CANCELLED,
    "EARLY_CANCEL_DENIED": _TOO_EARLY,
    "BAD_STATUS": _WRONG_STATE,
    "INCORECT_STATUS": _WRONG_STATE,
    "OTP_RECEIVED": _CODE_ARRIVED,
    "NEW_OTP_RECEIVED": _CODE_ARRIVED,
    "ACTIVATION_NOT_ACTIVE": _CLOSED,
    "FREE_CANCELLATION_EXPIRED": _CLOSED,
    "CANT_CANCEL": _CLOSED,
    "ACCESS_CANCEL_ALREADY": _CLOSED,
    "ALREADY_CANCEL": _CLOSED,
    "ALREADY_FINISH": _CLOSED,
    "ERROR_SQL": _UNCLEAR,
    "SQL_ERROR": _UNCLEAR,
    "SERVER_ERROR": _UNCLEAR,
    "NO_CONNECTION": _UNCLEAR,
    "INTERNAL_ERROR": _UNCLEAR,
}

#: stands for an answer without a body, which says that what was asked has been done
NO_CONTENT = "NO_CONTENT"

#: what says that an activation has been finished
FINISHED = frozenset({"ACCESS_ACTIVATION", NO_CONTENT})

#: what clones without getNumberV2 answer to it
UNKNOWN_ACTION = frozenset({"BAD_ACTION", "NO_ACTION"})
