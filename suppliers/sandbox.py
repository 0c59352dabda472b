"""Numbers that do not exist, for developers trying the shop: deterministic, no state, no network.

A reference holds all there is to know: goods, the moment of purchase and, after a resend or a
cancel, the moment of that, which is why these two give a new reference. How an activation stands
is computed from it and the time of asking. Every service gets a code after three seconds;
`SCRIPTS` lists the ones that behave otherwise.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Self

from suppliers.base import (
    Activation,
    ActivationState,
    Cancellation,
    CancelOutcome,
    Goods,
    Listing,
    NamedCode,
    Purchase,
    ReceivedMessage,
    RefusalReason,
    Refused,
    Supplier,
)

_BALANCE = 1_000_000_0000
_STOCK = 1000
_RESEND_SECONDS = 3


@dataclass(frozen=True, slots=True)
class Script:
    """How a service behaves, in seconds after the purchase. `code_after` is None for no code."""

    code_after: int | None = 3
    lifetime: int = 20 * 60
    cancel_lock: int = 0
    can_resend: bool = False
    loses_race: bool = False


_USUAL = Script()

SCRIPTS = {
    "test-slow": Script(code_after=30),
    "test-no-code": Script(code_after=None),
    "test-no-numbers": _USUAL,
    "test-resend": Script(can_resend=True),
    "test-late-code": Script(code_after=75, lifetime=60),
    # whenever a cancel comes, the code is there first; left alone, it comes after 30 seconds
    "test-cancel-race": Script(code_after=30, loses_race=True),
    "test-early-cancel": Script(code_after=60, cancel_lock=30),
}

SERVICES = (
    *SCRIPTS,
    "whatsapp",
    "telegram",
    "google",
    "instagram",
    "facebook",
    "tiktok",
    "discord",
    "twitter",
    "microsoft",
    "apple",
    "amazon",
    "shopee",
    "tokopedia",
    "grab",
    "gojek",
    "openai",
    "paypal",
    "netflix",
    "steam",
    "line",
    "wechat",
    "signal",
    "viber",
    "uber",
    "linkedin",
)

# Numbers that look right, to be shown and never dialed; # stands for a digit.
_NUMBERS = {
    "id": "+62800######",
    "us": "+1555#######",
    "gb": "+447700900###",
    "my": "+60100######",
    "ph": "+63900000####",
    "vn": "+84900000###",
    "th": "+66800000###",
    "in": "+910000######",
    "br": "+551190000####",
    "de": "+4915000######",
    "fr": "+336000#####",
    "nl": "+316000#####",
}
_COUNTRY_NAMES = {
    "id": "Indonesia",
    "us": "United States",
    "gb": "United Kingdom",
    "my": "Malaysia",
    "ph": "Philippines",
    "vn": "Vietnam",
    "th": "Thailand",
    "in": "India",
    "br": "Brazil",
    "de": "Germany",
    "fr": "France",
    "nl": "Netherlands",
}

# sb.SERVICE.COUNTRY.MILLISECONDS.NONCE and, after a resend or a cancel, .rMILLISECONDS
_REFERENCE = re.compile(
    r"sb\.([a-z0-9_-]+)\.([a-z0-9_-]+)\.([0-9a-f]{1,12})\.([0-9a-f]{12})(?:\.([rcx])([0-9a-f]{1,12}))?"
)


@dataclass(frozen=True, slots=True)
class _Number:
    """What a reference says. `mark` is what was done since: r(esend), c(ancel), x (lost race)."""

    goods: Goods
    bought_ms: int
    nonce: str
    mark: str = ""
    marked_ms: int = 0

    @classmethod
    def parse(cls, reference: str) -> Self | None:
        match = _REFERENCE.fullmatch(reference)
        if match is None:
            return None
        service, country, bought, nonce, mark, marked = match.groups()
        goods = Goods(service, country)
        return cls(goods, int(bought, 16), nonce, mark or "", int(marked or "0", 16))

    def __str__(self) -> str:
        mark = f".{self.mark}{self.marked_ms:x}" if self.mark else ""
        goods = f"{self.goods.service}.{self.goods.country}"
        return f"sb.{goods}.{self.bought_ms:x}.{self.nonce}{mark}"

    @property
    def script(self) -> Script:
        return SCRIPTS.get(self.goods.service, _USUAL)

    def marked(self, mark: str, now: datetime) -> Self:
        return replace(self, mark=mark, marked_ms=_milliseconds(now))

    def seconds_old(self, now: datetime) -> float:
        return (_milliseconds(now) - self.bought_ms) / 1000

    def codes_due_ms(self) -> list[int]:
        """Return when each message comes, the oldest first."""
        if self.script.code_after is None:
            return []
        first = self.bought_ms + self.script.code_after * 1000
        if self.mark == "x":
            first = min(first, self.marked_ms)
        if self.mark == "r":
            return [first, self.marked_ms + _RESEND_SECONDS * 1000]
        return [first]

    def state(self, now: datetime) -> ActivationState:
        if self.mark == "c":
            return ActivationState.CANCELLED
        due = self.codes_due_ms()
        if due and due[-1] <= _milliseconds(now):
            return ActivationState.RECEIVED
        if not due and self.seconds_old(now) >= self.script.lifetime:
            return ActivationState.CANCELLED
        return ActivationState.WAITING

    def message(self, index: int, due_ms: int) -> ReceivedMessage:
        code = _draw(self.nonce, "code")
        if index:
            # a step of at least one keeps the second code different from the first
            code += 1 + _draw(self.nonce, str(due_ms)) % 999_999
        digits = f"{code % 1_000_000:06d}"
        return ReceivedMessage(
            code=digits,
            text=f"Your {self.goods.service} code is {digits}",
            message_id=f"{self.nonce}-{due_ms:x}",
            sender=self.goods.service,
            received_at=datetime.fromtimestamp(due_ms / 1000, UTC),
        )


class Sandbox(Supplier):
    """A supplier of numbers that do not exist; its codes are our own slugs."""

    has_active_list = False
    vocabulary = "ours"

    def balance(self) -> int:
        """Return a balance that buying does not change."""
        return _BALANCE

    def countries(self) -> list[NamedCode]:
        """Return a dozen countries, by their ISO codes in lower case."""
        return [NamedCode(code, name) for code, name in _COUNTRY_NAMES.items()]

    def services(self) -> list[NamedCode]:
        """Return the scripted services and some popular ones."""
        return [NamedCode(code, code.replace("-", " ").title()) for code in SERVICES]

    def listings(self) -> Iterator[Listing]:
        """Yield every service in every country, at prices that never change."""
        for service in SERVICES:
            for country in _NUMBERS:
                goods = Goods(service, country)
                yield Listing(goods, _cost(goods), _STOCK)

    def buy(
        self, goods: Goods, *, max_cost: int, reference: str, now: datetime, end_user: str = ""
    ) -> Purchase:
        """Return a number; the same attempt at the same moment gives the same one.

        Raises Refused.
        """
        if goods.service == "test-no-numbers":
            raise Refused(RefusalReason.NO_NUMBERS, "test-no-numbers never has numbers")
        if goods.service not in SERVICES or goods.country not in _NUMBERS:
            raise Refused(RefusalReason.BAD_REQUEST, "not in the sandbox")
        cost = _cost(goods)
        if cost > max_cost:
            raise Refused(RefusalReason.PRICE_MOVED, "dearer than asked", minimum=cost)
        nonce = hashlib.sha256(reference.encode()).hexdigest()[:12]
        number = _Number(Goods(goods.service, goods.country), _milliseconds(now), nonce)
        return Purchase(
            reference=str(number),
            phone_number=_phone_number(number),
            cost=cost,
            operator="",
            lifetime_seconds=number.script.lifetime,
            cancel_lock_seconds=number.script.cancel_lock,
            can_resend=number.script.can_resend,
        )

    def active(self) -> list[Activation]:
        """Refuse: nothing is kept, so there is nothing to list. Raises Refused."""
        raise Refused(RefusalReason.BAD_REQUEST, "the sandbox keeps no list")

    def status(self, reference: str, *, now: datetime) -> Activation:
        """Compute how an activation stands at `now`."""
        number = _Number.parse(reference)
        if number is None:
            return Activation(reference, ActivationState.MISSING)
        state = number.state(now)
        messages: tuple[ReceivedMessage, ...] = ()
        if state is ActivationState.RECEIVED:
            messages = tuple(number.message(*due) for due in enumerate(number.codes_due_ms()))
        return Activation(
            reference=reference,
            state=state,
            messages=messages,
            goods=number.goods,
            phone_number=_phone_number(number),
            cost=_cost(number.goods),
            started_at=datetime.fromtimestamp(number.bought_ms / 1000, UTC),
        )

    def cancel(self, reference: str, *, now: datetime) -> Cancellation:
        """Cancel, unless a lock, a code or the end of the lifetime comes first."""
        number = _Number.parse(reference)
        if number is None:
            return Cancellation(CancelOutcome.MISSING)
        state = number.state(now)
        if state is ActivationState.CANCELLED:
            return Cancellation(CancelOutcome.CLOSED)
        if state is ActivationState.RECEIVED or number.mark == "r":
            return Cancellation(CancelOutcome.CODE_ARRIVED)
        locked_for = number.script.cancel_lock - number.seconds_old(now)
        if locked_for > 0:
            return Cancellation(CancelOutcome.TOO_EARLY, math.ceil(locked_for))
        if number.script.loses_race:
            lost = str(number.marked("x", now))
            return Cancellation(CancelOutcome.CODE_ARRIVED, reference=lost)
        return Cancellation(CancelOutcome.CANCELLED, reference=str(number.marked("c", now)))

    def finish(self, reference: str, *, now: datetime) -> None:
        """Do nothing: there is nothing to finish."""

    def resend(self, reference: str, *, now: datetime) -> str:
        """Return a reference under which another code comes after three seconds. Raises Refused."""
        number = _Number.parse(reference)
        if number is None or not number.script.can_resend:
            raise Refused(RefusalReason.BAD_REQUEST, "only test-resend can send again")
        if number.state(now) is not ActivationState.RECEIVED:
            raise Refused(RefusalReason.BAD_REQUEST, "no code has come yet")
        return str(number.marked("r", now))


def _milliseconds(moment: datetime) -> int:
    return (moment - datetime.fromtimestamp(0, UTC)) // timedelta(milliseconds=1)


def _draw(*seed: str) -> int:
    """Return a number that looks random and depends on nothing but `seed`."""
    return int.from_bytes(hashlib.sha256("/".join(seed).encode()).digest()[:8])


def _cost(goods: Goods) -> int:
    return 500 + _draw("cost", goods.service, goods.country) % 9_500


def _phone_number(number: _Number) -> str:
    digits = iter(f"{_draw(number.nonce, 'phone'):020d}"[::-1])
    return re.sub("#", lambda _: next(digits), _NUMBERS.get(number.goods.country, "+00000000"))
