"""What every supplier protocol offers the shop: one interface, a few values, three errors.

The three errors part what a purchase may have done upstream:
`Refused` surely bought nothing, `Unreachable` surely was not even asked, and
`OutcomeUnknown` may have bought. Only the first two allow buying elsewhere.

Money is an integer in minor units of the supplier's currency (USD and RUB: four decimals).
Times are aware UTC datetimes. References and phone numbers are strings; phones are E.164.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class RefusalReason(StrEnum):
    """Why a supplier said no, as far as it decides what to do next."""

    NO_NUMBERS = "no_numbers"
    PRICE_MOVED = "price_moved"
    NO_BALANCE = "no_balance"
    BANNED = "banned"
    BUSY = "busy"
    BAD_CREDENTIALS = "bad_credentials"
    BAD_REQUEST = "bad_request"


class SupplierError(Exception):
    """A supplier's answer that is not the one hoped for. `text` is safe to log: no credentials."""

    def __init__(self, text: str = "") -> None:
        super().__init__(text)
        self.text = text


class Refused(SupplierError):
    """The supplier understood and said no: nothing was bought, nothing changed.

    `until` is when a ban or a cool-down ends, `minimum` the price it now asks. `only_these_goods`
    is a ban for this service and country, while the account may go on buying everything else.
    """

    def __init__(
        self,
        reason: RefusalReason,
        text: str = "",
        *,
        until: datetime | None = None,
        minimum: int | None = None,
        only_these_goods: bool = False,
    ) -> None:
        super().__init__(text)
        self.reason = reason
        self.until = until
        self.minimum = minimum
        self.only_these_goods = only_these_goods


class Unreachable(SupplierError):
    """The request surely never arrived: no name, no route, connection refused, connect timeout."""


class OutcomeUnknown(SupplierError):
    """The request may have been carried out: timeout, broken, empty or unreadable answer, 5xx."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """How to reach one supplier account. `options` holds a dialect's own settings."""

    base_url: str
    api_key: str = field(repr=False)
    currency: str = "USD"
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Limits:
    """How fast one account may ask: a token bucket, and how long asking faster shuts it out."""

    requests_per_second: float = 5
    burst: int = 5
    block_seconds: int = 0


@dataclass(frozen=True, slots=True)
class Goods:
    """What is bought, in the supplier's own codes. An empty operator means any."""

    service: str
    country: str
    operator: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """One line of a supplier's price list."""

    goods: Goods
    cost: int
    stock: int


@dataclass(frozen=True, slots=True)
class NamedCode:
    """A supplier's own code for a country or a service, with the name it gives it.

    Some say of a country its ISO code (two capitals) and its prefix (with the plus), too.
    """

    code: str
    name: str
    iso: str = ""
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class Purchase:
    """A number bought. `cost` is None where the supplier does not say what it charged."""

    reference: str
    phone_number: str
    cost: int | None
    operator: str
    lifetime_seconds: int
    cancel_lock_seconds: int
    can_resend: bool


@dataclass(frozen=True, slots=True)
class ReceivedMessage:
    """One message as the supplier reports it. `message_id` is empty where it gives none."""

    code: str | None
    text: str
    message_id: str = ""
    sender: str = ""
    received_at: datetime | None = None


class ActivationState(StrEnum):
    """How an activation stands upstream.

    CLOSED is what the handler protocol says for cancelled and finished alike. MISSING is what it
    says for an id that it does not (or no longer) know, and proves nothing.
    """

    WAITING = "waiting"
    RECEIVED = "received"
    CANCELLED = "cancelled"
    FINISHED = "finished"
    CLOSED = "closed"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Activation:
    """One activation as read from the supplier; goods and times only where a list gives them.

    `cost` is what was charged for it at first, whether or not that has been paid back since.
    """

    reference: str
    state: ActivationState
    messages: Sequence[ReceivedMessage] = ()
    goods: Goods | None = None
    phone_number: str = ""
    cost: int | None = None
    started_at: datetime | None = None


class CancelOutcome(StrEnum):
    """What a supplier answered to a cancel. Only a later read says how the activation ended."""

    CANCELLED = "cancelled"
    TOO_EARLY = "too_early"
    CODE_ARRIVED = "code_arrived"
    CLOSED = "closed"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Cancellation:
    """`retry_after_seconds` is set with TOO_EARLY: how long the supplier's lock may still last.

    `reference` is the one to follow from now on, where that is another than before.
    """

    outcome: CancelOutcome
    retry_after_seconds: int | None = None
    reference: str = ""


class Supplier(ABC):
    """One account at one supplier, over one protocol. Instances are cheap and thread-safe.

    Every method may raise `Refused`, `Unreachable` or `OutcomeUnknown`, and nothing else.
    """

    #: one request lists all open activations; otherwise they are read one by one
    has_active_list: bool = True
    #: what was bought in the past can be read, too
    has_history: bool = False
    #: whose codes for services and countries these are; the catalogue has a table for some
    vocabulary: str = ""
    #: careful, for suppliers that do not say
    limits: Limits = Limits()

    def __init__(self, credentials: Credentials) -> None:
        self.credentials = credentials

    @abstractmethod
    def balance(self) -> int:
        """Return what is left on the account, in minor units of its currency."""

    @abstractmethod
    def countries(self) -> list[NamedCode]:
        """Return the supplier's countries."""

    @abstractmethod
    def services(self) -> list[NamedCode]:
        """Return the supplier's services."""

    @abstractmethod
    def listings(self) -> Iterator[Listing]:
        """Yield the whole price list, bit by bit where it is large: an error may come in between.

        Of several lines for the same goods the cheapest counts.
        """

    @abstractmethod
    def buy(
        self, goods: Goods, *, max_cost: int, reference: str, now: datetime, end_user: str = ""
    ) -> Purchase:
        """Buy one number for at most `max_cost`.

        `reference` is our own name for this attempt, `end_user` our name for the customer; both
        are handed over where the supplier takes them, so that a ban hits the one who earned it.
        Never retried, never redirected: connect 3 s, 10 s in all.
        """

    @abstractmethod
    def active(self) -> list[Activation]:
        """Return every open activation of the account, all pages of it."""

    @abstractmethod
    def status(self, reference: str, *, now: datetime) -> Activation:
        """Read one activation."""

    def closed_messages(self, reference: str) -> Sequence[ReceivedMessage]:
        """Return what had come to an activation that is closed, where that can still be read."""
        return ()

    @abstractmethod
    def cancel(self, reference: str, *, now: datetime) -> Cancellation:
        """Ask for cancellation and refund."""

    def report_bad_number(self, reference: str, *, now: datetime) -> Cancellation:
        """Cancel, saying that the number is no good, where the supplier wants to know.

        Such a number had been used for the service before.
        """
        return self.cancel(reference, now=now)

    @abstractmethod
    def finish(self, reference: str, *, now: datetime) -> None:
        """Tell the supplier that the code was used; finishing twice is no error."""

    @abstractmethod
    def resend(self, reference: str, *, now: datetime) -> str:
        """Ask for another code and return the reference to follow from now on.

        Where that is another one, the activation before it is over. A resend that would cost
        something is refused.
        """

    def history(self, *, since: datetime, until: datetime) -> Iterator[Activation]:
        """Yield what was bought in a span of time and how it stands, a superset where in doubt.

        Raises Refused where the supplier keeps no history.
        """
        raise Refused(RefusalReason.BAD_REQUEST, "this supplier keeps no history")
