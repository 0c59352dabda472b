"""How the clients of different sellers want the same answers put. Data; nothing else branches.

Programs know the tokens of the seller they were written for, and crash on others or take them for
success. So each reason has one exact token, and a dialect says a simpler one where it must.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from accounts.models import Dialect

# What programs in the field know of, for what they do not.
_SIMPLER = {
    "ACTIVATION_NOT_ACTIVE": "BAD_STATUS",
    "CHANNELS_LIMIT": "NO_NUMBERS",
    "OTP_RECEIVED": "BAD_STATUS",
    "RATE_LIMIT": "ERROR_SQL",
    "SERVER_ERROR": "ERROR_SQL",
    "UNPROCESSABLE_ENTITY": "ERROR_SQL",
}


@dataclass(frozen=True, slots=True)
class Manner:
    """One way to put the answers.

    `has_http_errors`: a refusal is an HTTP error with JSON, else HTTP 200 with a bare token.
    `active_is_list`: getActiveActivations is a bare list, else an object around one.
    `codes_are_lists`: its `smsCode` is a list of all codes, else the last one.
    `ids_are_texts`: ids in getHistory are strings.
    `is_silent`: finishActivation and cancelActivation answer HTTP 204 without a body.
    """

    says: Mapping[str, str] = field(default_factory=dict)
    has_http_errors: bool = False
    active_is_list: bool = False
    codes_are_lists: bool = False
    ids_are_texts: bool = False
    is_silent: bool = False


MANNERS: Mapping[str, Manner] = {
    Dialect.CLASSIC: Manner(says=_SIMPLER | {"BAD_COUNTRY": "ERROR_SQL"}, codes_are_lists=True),
    Dialect.HERO: Manner(has_http_errors=True, ids_are_texts=True, is_silent=True),
    Dialect.GRIZZLY: Manner(says=_SIMPLER, active_is_list=True),
}

# The first part of the address; without one, the key's own setting decides.
BY_PATH: Mapping[str, Dialect] = {"hero": Dialect.HERO, "grizzly": Dialect.GRIZZLY}
