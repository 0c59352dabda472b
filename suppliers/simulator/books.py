"""The simulated supplier's books: its numbers, what became of each, and the buyer's balance.

Nothing runs in the background: a code that is due, or a lifetime that is over, takes effect when
somebody looks (`settle`), so ten thousand waiting numbers cost nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from random import Random

import orjson

from suppliers.reading import decimal_text
from suppliers.simulator.catalogue import Country
from suppliers.simulator.settings import Settings

OPENING_BALANCE = 1_000_000_0000
FIRST_ID = 635_000_000


class State(StrEnum):
    """How a number stands; the names are for people, the protocol has numerals for them."""

    WAITING = "waiting"
    RECEIVED = "received"
    RETRY = "retry"
    FINISHED = "finished"
    CANCELLED = "cancelled"
    TIMED_OUT = "timed_out"


_NUMERALS = {
    State.RECEIVED: "2",
    State.RETRY: "3",
    State.WAITING: "4",
    State.FINISHED: "6",
    State.CANCELLED: "8",
    State.TIMED_OUT: "8",
}


@dataclass(frozen=True, slots=True)
class Message:
    """One message, with the time it came, in seconds since 1970."""

    code: str | None
    text: str
    at: float


@dataclass(slots=True)
class Number:
    """One number sold. Times are seconds since 1970; `code_at` is None where no code will come.

    `expires_at` is what the buyer was told, `closes_at` what happens.
    """

    id: int
    service: str
    service_name: str
    country: Country
    operator: str
    phone: str
    cost: int
    order_id: str
    bought_at: float
    expires_at: float
    closes_at: float
    code_at: float | None
    state: State = State.WAITING
    messages: list[Message] = field(default_factory=list)
    closed_at: float | None = None
    row: bytes = b""

    @property
    def is_open(self) -> bool:
        return self.closed_at is None

    @property
    def numeral(self) -> str:
        return _NUMERALS[self.state]

    def describe(self) -> None:
        """Print the row of the active list once per change, not once per reading."""
        self.row = orjson.dumps(
            {
                "activationId": str(self.id),
                "serviceCode": self.service,
                "phoneNumber": self.phone,
                "activationCost": orjson.Fragment(decimal_text(self.cost)),
                "activationStatus": self.numeral,
                "smsCode": [message.code for message in self.messages if message.code] or None,
                "smsText": self.messages[-1].text if self.messages else None,
                "activationTime": utc_text(self.bought_at),
                "discount": "0",
                "repeated": "0",
                "countryCode": self.country.id,
                "countryName": self.country.name,
                "activationOperator": self.operator,
                "canGetAnotherSms": "1",
                "currency": 840,
            }
        )

    def truth(self) -> dict[str, object]:
        """Return everything, for tests to compare with: money in minor units, times in ISO."""
        return {
            "id": str(self.id),
            "service": self.service,
            "country": self.country.id,
            "operator": self.operator,
            "state": self.state,
            "cost": self.cost,
            "charged": 0 if self.state in (State.CANCELLED, State.TIMED_OUT) else self.cost,
            "phone": self.phone,
            "order_id": self.order_id,
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
        service: tuple[str, str],
        country: Country,
        operator: str,
        cost: int,
        order_id: str,
        now: float,
    ) -> Number:
        """Book a number and take the money."""
        number_id = self.next_id
        self.next_id += 1
        lifetime = self.settings.lifetime_s
        number = Number(
            id=number_id,
            service=service[0],
            service_name=service[1],
            country=country,
            operator=operator or self._draw.choice(country.operators),
            phone=_phone(country, number_id),
            cost=cost,
            order_id=order_id,
            bought_at=now,
            expires_at=now + lifetime,
            closes_at=now + lifetime,
            code_at=self._next_code(now),
        )
        if self._happens("late_code"):
            delay = max(1.0, lifetime / 20)
            number.code_at = number.closes_at + delay
            number.closes_at = number.code_at + 60 * delay
        number.describe()
        self.balance -= cost
        self.all[number_id] = self.open[number_id] = number
        if order_id:
            self.by_order_id[order_id] = number
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
            if now >= number.closes_at or (number.code_at is not None and now >= number.code_at):
                self.settle(number, now)
        return self.open.values()

    def settle(self, number: Number, now: float) -> None:
        """Let happen what is due."""
        if not number.is_open:
            return
        due = number.code_at
        if due is not None and due <= now and due < number.closes_at:
            self.deliver(number, due)
        if now >= number.closes_at:
            came = number.state is not State.WAITING
            self.close(number, State.FINISHED if came else State.TIMED_OUT, number.closes_at)

    def deliver(
        self, number: Number, now: float, *, code: str | None = None, text: str | None = None
    ) -> None:
        """Let a message arrive; without code and text, one with a random code."""
        if code is None and text is None:
            code = f"{self._draw.randrange(1_000_000):06d}"
        message = Message(code, text or f"Your {number.service_name} code is {code}", now)
        number.messages.append(message)
        if self._happens("duplicate_message"):
            number.messages.append(message)
        number.code_at = None
        number.state = State.RECEIVED
        number.describe()

    def ask_again(self, number: Number, now: float) -> None:
        """Wait for another code on the same number."""
        number.state = State.RETRY
        number.code_at = self._next_code(now)
        number.describe()

    def promise_code(self, number: Number, now: float) -> None:
        """Make sure that a code will come."""
        if number.code_at is None:
            number.code_at = now + self.settings.code_after_s

    def close(self, number: Number, state: State, now: float) -> None:
        """End a number; what brought no code is paid back."""
        number.state = state
        number.closed_at = now
        self.open.pop(number.id, None)
        if state in (State.CANCELLED, State.TIMED_OUT):
            self.balance += number.cost

    def _next_code(self, now: float) -> float | None:
        if self._draw.random() >= self.settings.code_rate:
            return None
        return now + self.settings.code_after_s


def utc_text(moment: float) -> str:
    """Return a time as the protocol prints it: UTC, without saying so."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _phone(country: Country, number_id: int) -> str:
    digits = 10 if len(country.prefix) == 1 else 9
    # a prime factor spreads neighboring ids over the range without repeating any of it
    return f"{country.prefix}{number_id * 700_000_001 % 10**digits:0{digits}d}"


def _iso(moment: float | None) -> str | None:
    return None if moment is None else datetime.fromtimestamp(moment, UTC).isoformat()
