"""The family's members: where each differs from the classic protocol, as data.

A new member is a `Dialect` here with what its documents say; what they do not say stays classic.
Names of parameters are empty where a member takes no such thing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from suppliers.base import Limits, RefusalReason

_MINUTE = 60


@dataclass(frozen=True, slots=True)
class Call:
    """An action, with what is always sent along."""

    action: str
    params: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one member speaks. The defaults are the classic protocol.

    `lifetimes` and `cancel_lock_seconds` stand in where an answer does not say.
    """

    #: asked for a number; a clone that does not know it is asked the older way
    buy: str = "getNumberV2"
    #: what the highest price is called, in each spelling that it may be known by
    max_price: tuple[str, ...] = ("maxPrice",)
    #: our name for the purchase, where repeating it is refused
    reference: str = ""
    #: our name for the customer, who is banned then instead of us
    end_user: str = ""
    operator: str = "operator"
    prices: str = "getPrices"
    #: the price list is asked for country by country: in one piece it would be too large
    prices_by_country: bool = False
    #: empty where there is no list of all activations
    active: str = "getActiveActivations"
    #: the longest page of the active list that is given out; 0 where all of it comes at once
    page: int = 0
    #: reads the whole text of a message: getFullSms, getStatusV2 or getAllSms
    text: str = "getFullSms"
    cancel: Call = Call("setStatus", {"status": "8"})
    finish: Call = Call("setStatus", {"status": "6"})
    #: what a page of the history is limited by; empty where there is no history
    history_limit: str = ""
    #: answers in sentences: a piece of one, in lower case, and what it refuses
    sentences: Mapping[str, RefusalReason] = field(default_factory=dict)
    lifetime_seconds: int = 20 * _MINUTE
    #: by service, or by service and country as "tg:6"
    lifetimes: Mapping[str, int] = field(default_factory=dict)
    cancel_lock_seconds: int = 120
    #: local times are printed without their zone
    utc_offset_minutes: int = 0
    limits: Limits = field(default_factory=Limits)

    def lifetime_of(self, service: str, country: str) -> int:
        own = self.lifetimes.get(f"{service}:{country}", self.lifetimes.get(service))
        return own or self.lifetime_seconds


_LONGER = {"ya": 40 * _MINUTE, **dict.fromkeys(("ft", "ig", "cy", "wx"), 60 * _MINUTE)}

CLASSIC = Dialect(
    reference="orderId",
    end_user="userId",
    history_limit="limit",
    lifetimes=_LONGER,
)

DIALECTS: Mapping[str, Dialect] = {
    # Errors come as JSON with a status, but some as text with 200; see `words.py` for its words.
    "herosms-legacy": Dialect(
        end_user="userId",
        page=100,
        text="getAllSms",
        cancel=Call("cancelActivation"),
        finish=Call("finishActivation"),
        history_limit="size",
        # beyond its limit the network before it answers with a page of its own
        sentences={"error code: 1020": RefusalReason.BUSY},
        lifetimes={
            **_LONGER,
            **dict.fromkeys(("md", "ff", "bte", "dh", "tg:6", "tg:151"), 45 * _MINUTE),
        },
        limits=Limits(requests_per_second=50, burst=50, block_seconds=10),
    ),
    "grizzlysms": Dialect(
        end_user="userId",
        prices="getPricesV2",
        prices_by_country=True,
        text="getStatusV2",
        sentences={"prohibited for sale": RefusalReason.NO_NUMBERS},
    ),
    # Sells by provider: what it calls so is an operator to us.
    "smsbower": Dialect(
        end_user="userID",
        operator="providerIds",
        prices="getPricesV3",
        prices_by_country=True,
        text="getStatusV2",
    ),
    # What its list of activations looks like is not known, so they are read one by one.
    "smshub": Dialect(buy="getNumber", max_price=("maxPrice", "max_price"), active=""),
}
