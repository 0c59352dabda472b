"""The simulated supplier's books: its numbers, what became of each, and the buyer's balance.

Nothing runs in the background: a code that is due, or a lifetime that is over, takes effect when
somebody looks (`settle`), so ten thousand waiting numbers cost nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from random import Random

from suppliers.simulator.catalogue import Country, Service
from suppliers.simulator.settings import Settings

OPENING_BALANCE = 1_000_000_0000
FIRST_ID = 635_000_000


class State(StrEnum):
    """How a number stands. REFUNDED is paid back by the supplier, of which it tells nobody."""

    WAITING = "waiting"
    RECEIVED = "received"
    RETRY = "retry"
    FINISHED = "finished"
    CANCELLED = "cancelled"
    BANNED = "banned"
    TIMED_OUT = "timed_out"
    REFUNDED = "refunded"


PAID_BACK = frozenset((State.CANCELLED, State.BANNED, State.TIMED_OUT, State.REFUNDED))


@dataclass(frozen=True, slots=True)
class Message:
    """One message, with the time it came, in seconds since 1970."""

    code: str | None
    text: str
    at: float


@dataclass(slots=True)
class Number:
    """One number sold. Times are seconds since 1970; `code_at` is None where no code will come.

    `expires_at` is what the buyer was told, `closes_at` what happens. `row` is how a protocol
    prints it in a list, until something changes. `resend_of` is the number's earlier purchase.
    """

    id: int
    service: Service
    country: Country
    operator: str
    phone: str
    cost: int
    order_id: str
    bought_at: float
    expires_at: float
    closes_at: float
    code_at: float | None
    end_user: str = ""
    resend_of: int = 0
    refund_at: float | None = None
    state: State = State.WAITING
    messages: list[Message] = field(default_factory=list)
    closed_at: float | None = None
    row: bytes = b""

    @property
    def is_open(self) -> bool:
        return self.closed_at is None

    def truth(self) -> dict[str, object]:
        """Return everything, for tests to compare with: money in minor units, times in ISO."""
        return {
            "id": str(self.id),
            "service": self.service.code,
            "country": self.country.id,
            "operator": self.operator,
            "state": self.state,
            "cost": self.cost,
            "charged": 0 if self.state in PAID_BACK else self.cost,
            "phone": self.phone,
            "order_id": self.order_id,
            "end_user": self.end_user,
            "resend_of": str(self.resend_of or ""),
            "codes": [message.code for message in self.messages],
            "texts": [message.text for message in self.messages],
            "bought_at": _iso(self.bought_at),
            "code_at": _iso(self.code_at),
            "expires_at": _iso(self.expires_at),
            "closed_at": _iso(self.closed_at),
        }


class Books:
    """Every number ever sold, and the money for them."""

    def __init__(
        self, settings: Settings, draw: Random, happens: Callable[[str], bool], *, next_id: int
    ) -> None:
        self.settings = settings
        # Never used twice, or a shop that remembers would take a new number for an old one.
        self.next_id = next_id
        self.balance = OPENING_BALANCE
        self.all: dict[int, Number] = {}
        self.open: dict[int, Number] = {}
        self.by_order_id: dict[str, Number] = {}
        self._draw = draw
        self._happens = happens

    def restore(self, numbers: Iterable[Number], balance: int) -> None:
        """Take over the numbers and the balance of an earlier run."""
        self.balance = balance
        for number in numbers:
            self.all[number.id] = number
            if number.is_open:
                self.open[number.id] = number
            if number.order_id:
                self.by_order_id[number.order_id] = number
            self.next_id = max(self.next_id, number.id + 1)

    def sell(
        self,
        *,
        service: Service,
        country: Country,
        operator: str,
        cost: int,
        order_id: str,
        end_user: str,
        now: float,
    ) -> Number:
        """Book a number and take the money."""
        number_id = self.next_id
        self.next_id += 1
        lifetime = self.settings.lifetime_s
        number = Number(
            id=number_id,
            service=service,
            country=country,
            operator=operator or self._draw.choice(country.operators),
            phone=_phone(country, number_id),
            cost=cost,
            order_id=order_id,
            end_user=end_user,
            bought_at=now,
            expires_at=now + lifetime,
            closes_at=now + lifetime,
            code_at=self._next_code(now),
        )
        if self._happens("late_code"):
            delay = max(1.0, lifetime / 20)
            number.code_at = number.closes_at + delay
            number.closes_at = number.code_at + 60 * delay
        if self._happens("refunded"):
            number.refund_at = now + lifetime / 2
            number.code_at = None
        if order_id:
            self.by_order_id[order_id] = number
        return self._book(number)

    def sell_again(self, earlier: Number, now: float) -> Number:
        """Book another code on the number of a purchase that has ended, for nothing."""
        number = replace(
            earlier,
            id=self.next_id,
            cost=0,
            order_id="",
            resend_of=earlier.id,
            bought_at=now,
            expires_at=now + self.settings.lifetime_s,
            closes_at=now + self.settings.lifetime_s,
            code_at=self._next_code(now),
            state=State.WAITING,
            messages=[],
            closed_at=None,
            row=b"",
        )
        self.next_id += 1
        return self._book(number)

    def _book(self, number: Number) -> Number:
        self.balance -= number.cost
        self.all[number.id] = self.open[number.id] = number
        return number

    def find(self, number_id: str, now: float) -> Number | None:
        """Return a number as it stands now."""
        number = self.all.get(int(number_id)) if number_id.isdecimal() else None
        if number is not None:
            self.settle(number, now)
        return number

    def open_now(self, now: float) -> Iterable[Number]:
        """Return what is still open, the oldest first."""
        for number in list(self.open.values()):
            if any(
                due and now >= due for due in (number.closes_at, number.code_at, number.refund_at)
            ):
                self.settle(number, now)
        return self.open.values()

    def settle(self, number: Number, now: float) -> None:
        """Let happen what is due."""
        if not number.is_open:
            return
        due = number.code_at
        if due is not None and due <= now and due < number.closes_at:
            self.deliver(number, due)
        if number.refund_at is not None and now >= number.refund_at:
            self.close(number, State.REFUNDED, number.refund_at)
        elif now >= number.closes_at:
            came = number.state is not State.WAITING
            self.close(number, State.FINISHED if came else State.TIMED_OUT, number.closes_at)

    def deliver(
        self, number: Number, now: float, *, code: str | None = None, text: str | None = None
    ) -> None:
        """Let a message arrive; without code and text, one with a random code."""
        if code is None and text is None:
            code = f"{self._draw.randrange(1_000_000):06d}"
        text = text or f"Your {number.service.name} code is {code}"
        message = Message(None if self._happens("no_code") else code, text, now)
        number.messages.append(message)
        if self._happens("duplicate_message"):
            number.messages.append(message)
        number.code_at = None
        number.state = State.RECEIVED
        number.row = b""

    def ask_again(self, number: Number, now: float) -> None:
        """Wait for another code on the same number."""
        number.state = State.RETRY
        number.code_at = self._next_code(now)
        number.row = b""

    def promise_code(self, number: Number, now: float) -> None:
        """Make sure that a code will come."""
        if number.code_at is None:
            number.code_at = now + self.settings.code_after_s

    def close(self, number: Number, state: State, now: float) -> None:
        """End a number; what brought no code is paid back."""
        number.state = state
        number.closed_at = now
        self.open.pop(number.id, None)
        if state in PAID_BACK:
            self.balance += number.cost

    def _next_code(self, now: float) -> float | None:
        if self._draw.random() >= self.settings.code_rate:
            return None
        return now + self.settings.code_after_s


def utc_text(moment: float) -> str:
    """Return a time as the handler protocol prints it: UTC, without saying so."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M:%S")


def zoned_text(moment: float) -> str:
    """Return a time as the newer protocols print it, with its zone."""
    text = datetime.fromtimestamp(moment, UTC).isoformat(timespec="microseconds")
    return text.replace("+00:00", "Z")


def _phone(country: Country, number_id: int) -> str:
    digits = 10 if len(country.prefix) == 1 else 9
    # a prime factor spreads neighboring ids over the range without repeating any of it
    return f"{country.prefix}{number_id * 700_000_001 % 10**digits:0{digits}d}"


def _iso(moment: float | None) -> str | None:
    return None if moment is None else datetime.fromtimestamp(moment, UTC).isoformat()
