"""How the simulated members of the SMS-Activate family answer, as data beside `handler.py`.

The classic supplier answers errors in bare words with HTTP 200. HeroSMS wraps most of them in
JSON with a status, and prints that as if it were HTML; the words are a table here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Shape(StrEnum):
    """In which shape a price list or an active list is printed."""

    LINES = "{country: {service: {cost, count}}}"
    LADDER = "{country: {service: {price: count}}}"
    PROVIDERS = "{country: {service: {provider: {count, price, provider_id}}}}"
    WRAPPED = "activeActivations"
    DATA = "data"
    BARE = "a bare list"


@dataclass(frozen=True, slots=True)
class Manner:
    """One member's manners. `statuses` is by word: an error with a status comes as JSON."""

    words: Mapping[str, str] = field(default_factory=dict)
    statuses: Mapping[str, int] = field(default_factory=dict)
    prices: Mapping[str, Shape] = field(default_factory=lambda: {"getPrices": Shape.LINES})
    active: Shape = Shape.WRAPPED
    #: every code of an activation as a list, or the last one
    all_codes: bool = True
    #: the longest page of the active list
    page: int = 0
    #: parameters for the highest price; the first that is there counts
    max_price: tuple[str, ...] = ("maxPrice",)
    end_user: str = "userId"
    operator: str = "operator"
    #: our own id, which is not sold twice
    order_id: str = ""
    #: what setStatus takes
    set_status: frozenset[str] = frozenset(("1", "3", "6", "8", "-1"))
    #: actions that not everybody has
    more: frozenset[str] = frozenset()
    json_type: str = "application/json"
    too_fast: tuple[int, str] = (429, "BANNED")


CLASSIC = Manner(
    order_id="orderId",
    more=frozenset(
        ("getNumberV2", "getFullSms", "getAllSms", "getActiveActivations", "getHistory")
    ),
)

HEROSMS = Manner(
    words={
        "NO_KEY": "UNPROCESSABLE_ENTITY",
        "BAD_SERVICE": "WRONG_SERVICE",
        "BAD_COUNTRY": "WRONG_COUNTRY",
        "WRONG_OPERATOR": "UNPROCESSABLE_ENTITY",
        "BAD_DATA": "UNPROCESSABLE_ENTITY",
        "NO_ACTIVATION": "NOT_FOUND",
        "HAS_CODE": "OTP_RECEIVED",
        "CLOSED": "ACTIVATION_NOT_ACTIVE",
        "ACCESS_CANCEL_ALREADY": "ACTIVATION_NOT_ACTIVE",
    },
    statuses={
        "BAD_KEY": 401,
        "NO_BALANCE": 402,
        "BANNED": 403,
        "CHANNELS_LIMIT": 403,
        "BAD_ACTION": 404,
        "NOT_FOUND": 404,
        "EARLY_CANCEL_DENIED": 409,
        "OTP_RECEIVED": 409,
        "ACTIVATION_NOT_ACTIVE": 409,
        "WRONG_MAX_PRICE": 400,
        "BAD_STATUS": 422,
        "WRONG_SERVICE": 422,
        "WRONG_COUNTRY": 422,
        "UNPROCESSABLE_ENTITY": 422,
    },
    active=Shape.DATA,
    all_codes=False,
    page=100,
    set_status=frozenset(("3", "6", "8")),
    more=frozenset(
        (
            "getNumberV2",
            "getAllSms",
            "getActiveActivations",
            "getHistory",
            "finishActivation",
            "cancelActivation",
        )
    ),
    json_type="text/html",
    too_fast=(400, "error code: 1020"),
)

GRIZZLYSMS = Manner(
    words={"PROHIBITED": "This service is prohibited for sale in your region"},
    prices={
        "getPrices": Shape.LINES,
        "getPricesV2": Shape.LADDER,
        "getPricesV3": Shape.PROVIDERS,
    },
    active=Shape.BARE,
    all_codes=False,
    operator="providerIds",
    more=frozenset(("getNumberV2", "getActiveActivations")),
)

SMSBOWER = Manner(
    prices={
        "getPrices": Shape.LINES,
        "getPricesV2": Shape.LADDER,
        "getPricesV3": Shape.PROVIDERS,
    },
    end_user="userID",
    operator="providerIds",
    more=frozenset(("getNumberV2", "getActiveActivations")),
)

SMSHUB = Manner(
    words={
        "BAD_KEY": "API_KEY_NOT_VALID",
        "BAD_SERVICE": "WRONG_SERVICE",
        "BAD_ACTION": "NO_ACTION",
    },
    prices={"getPrices": Shape.LADDER},
    max_price=("maxPrice", "max_price"),
)

MANNERS: Mapping[str, Manner] = {
    "smsactivate": CLASSIC,
    "herosms-legacy": HEROSMS,
    "grizzlysms": GRIZZLYSMS,
    "smsbower": SMSBOWER,
    "smshub": SMSHUB,
}
