"""What the shop's reasons are called in the handler protocol, and HTTP's number for each."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from accounts import authentication as keys
from accounts.freezing import AccountFrozen
from nexotp.lib import errors
from orders import actions, lookup
from orders.states import Status
from wallet.actions import InsufficientFunds


class Word(NamedTuple):
    """A token, and the HTTP status that goes with it where the dialect has any."""

    token: str
    status: int


class Refusal(Exception):
    """A reason of the protocol's own."""

    def __init__(self, word: Word, **info: Any) -> None:
        super().__init__(word.token)
        self.word = word
        self.info = info


BAD_ACTION = Word("BAD_ACTION", 404)
BAD_COUNTRY = Word("BAD_COUNTRY", 400)
BAD_KEY = Word("BAD_KEY", 401)
BAD_SERVICE = Word("BAD_SERVICE", 400)
BAD_STATUS = Word("BAD_STATUS", 409)
CLOSED = Word("ACTIVATION_NOT_ACTIVE", 409)
HAS_CODE = Word("OTP_RECEIVED", 409)
INVALID = Word("UNPROCESSABLE_ENTITY", 422)
NO_ACTIVATION = Word("NO_ACTIVATION", 404)
NO_NUMBERS = Word("NO_NUMBERS", 404)
OPERATORS_NOT_FOUND = Word("OPERATORS_NOT_FOUND", 404)
ORDER_EXISTS = Word("ORDER_ALREADY_EXISTS", 409)
WRONG_DATE = Word("WRONG_DATE", 400)
# Never 500: clients repeat after one, and a purchase must not be repeated.
OUR_FAULT = Word("SERVER_ERROR", 503)

# The first that a reason is an instance of.
_WORDS: Mapping[type[errors.Problem], Word] = {
    keys.MissingApiKey: Word("NO_KEY", 401),
    keys.InvalidApiKey: BAD_KEY,
    keys.KeyExpired: BAD_KEY,
    keys.IpNotAllowed: Word("BAD_KEY", 403),
    keys.ScopeMissing: Word("BAD_KEY", 403),
    errors.RateLimited: Word("RATE_LIMIT", 429),
    actions.AccountCoolingDown: Word("BANNED", 403),
    AccountFrozen: Word("ACCOUNT_INACTIVE", 403),
    actions.TooManyOpenOrders: Word("CHANNELS_LIMIT", 403),
    actions.IdempotencyKeyReused: ORDER_EXISTS,
    actions.IdempotencyInProgress: ORDER_EXISTS,
    actions.NoNumbers: NO_NUMBERS,
    actions.PriceAboveMax: NO_NUMBERS,
    InsufficientFunds: Word("NO_BALANCE", 402),
    actions.CancelTooEarly: Word("EARLY_CANCEL_DENIED", 409),
    actions.ResendNotSupported: BAD_STATUS,
    lookup.OrderNotFound: NO_ACTIVATION,
    errors.InvalidRequest: INVALID,
    errors.PayloadTooLarge: Word("UNPROCESSABLE_ENTITY", 413),
    errors.MethodNotAllowed: Word("BAD_ACTION", 405),
    errors.NotFound: BAD_ACTION,
}
_ABOUT_STATE = (actions.OrderNotCancellable, actions.OrderNotActive)


def word_for(problem: errors.Problem) -> Word:
    """Return what a reason is called; what the protocol has no word for is our own fault."""
    if isinstance(problem, _ABOUT_STATE):
        return _about_state((problem.details or {})["status"])
    for reason, word in _WORDS.items():
        if isinstance(problem, reason):
            return word
    return OUR_FAULT


def _about_state(status: str) -> Word:
    return {Status.WAITING: BAD_STATUS, Status.RECEIVED: HAS_CODE}.get(Status(status), CLOSED)
