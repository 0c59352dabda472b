"""One account at the simulated supplier: what its owner may do, and what goes wrong on request.

The protocols put into words what happens here.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Iterable
from enum import StrEnum
from random import Random

from suppliers.simulator.books import Books, Number, State
from suppliers.simulator.catalogue import Catalogue, Country, Line
from suppliers.simulator.settings import Settings


class Why(StrEnum):
    """Why nothing was sold."""

    BAD_SERVICE = "bad service"
    BAD_COUNTRY = "bad country"
    BAD_OPERATOR = "bad operator"
    SOLD_BEFORE = "sold before"
    BANNED = "banned"
    PROHIBITED = "prohibited"
    NO_STOCK = "no stock"
    TOO_DEAR = "too dear"
    NO_MONEY = "no money"


class NotSold(Exception):
    """Nothing was sold. `until` is when a ban ends, `cost` what it would take to buy."""

    def __init__(self, why: Why, *, until: float = 0, cost: int = 0) -> None:
        super().__init__(why)
        self.why = why
        self.until = until
        self.cost = cost


class Closing(StrEnum):
    """What came of asking for a cancel."""

    DONE = "done"
    CLOSED = "closed"
    HAS_CODE = "has code"
    TOO_EARLY = "too early"


class Account:
    """One account; `by_operator` sells each operator's numbers at a price of its own.

    `settings` makes those to begin with, and to go back to.
    """

    def __init__(
        self,
        *,
        api_key: str,
        catalogue: Catalogue,
        seed: int,
        first_id: int,
        settings: Callable[[], Settings] = Settings,
        by_operator: bool = False,
    ) -> None:
        self.api_key = api_key
        self.seed = seed
        self.catalogue = catalogue
        self._by_operator = by_operator
        self._first_id = first_id
        self._usual_settings = settings
        self.reset()

    def reset(self) -> None:
        """Forget everything but the catalogue."""
        self.settings = self._usual_settings()
        self.requests: Counter[str] = Counter()
        self.faults_fired: Counter[str] = Counter()
        self._draw = Random(self.seed)
        self._second, self._in_second = 0, 0
        self.books = Books(self.settings, self._draw, self.happens, next_id=self._next_id())

    def _next_id(self) -> int:
        books: Books | None = getattr(self, "books", None)
        return books.next_id if books else self._first_id

    def happens(self, fault: str) -> bool:
        """Draw whether a fault happens now, and count it if so."""
        probability = self.settings.faults.get(fault, 0.0)
        if not probability or self._draw.random() >= probability:
            return False
        self.faults_fired[fault] += 1
        return True

    def is_too_fast(self) -> bool:
        """Count a request; whether it is one too many in this second."""
        limit = self.settings.requests_per_s
        if limit is None:
            return self.happens("too_fast")
        second = int(time.monotonic())
        self._in_second = self._in_second + 1 if second == self._second else 1
        self._second = second
        return self._in_second > limit

    def stock(self, line: Line) -> int:
        return line.stock if self.settings.stock is None else self.settings.stock

    def offers(self, service: str, country: str) -> list[tuple[str, Line]]:
        """Return what is sold, the cheapest first, by operator where they have their own prices."""
        line = self.catalogue.lines.get((service, country))
        if line is None:
            return []
        line = Line(line.cost, self.stock(line))
        if not self._by_operator:
            return [("", line)]
        return list(self.catalogue.by_operator(line, self.catalogue.countries[country]))

    def buy(
        self,
        service: str,
        country: str,
        *,
        operator: str = "",
        highest: int | None = None,
        order_id: str = "",
        end_user: str = "",
        now: float,
    ) -> Number:
        """Sell the cheapest number there is. Raises NotSold."""
        if service not in self.catalogue.services:
            raise NotSold(Why.BAD_SERVICE)
        if country not in self.catalogue.countries:
            raise NotSold(Why.BAD_COUNTRY)
        if order_id and order_id in self.books.by_order_id:
            raise NotSold(Why.SOLD_BEFORE)
        if self.happens("banned"):
            raise NotSold(Why.BANNED, until=now + self.settings.ban_s)
        place = self.catalogue.countries[country]
        operator, line = self._choose(service, place, operator)
        self._check(line, highest, now)
        return self.books.sell(
            service=self.catalogue.services[service],
            country=place,
            operator=operator,
            cost=line.cost * 3 // 2 if self.happens("wrong_price") else line.cost,
            order_id=order_id,
            end_user=end_user,
            now=now,
        )

    def _choose(self, service: str, country: Country, operator: str) -> tuple[str, Line]:
        if operator and operator not in country.operators:
            raise NotSold(Why.BAD_OPERATOR)
        offers = self.offers(service, country.id)
        if not offers:
            raise NotSold(Why.PROHIBITED)
        wanted = [each for each in offers if each[0] in ("", operator) or not operator]
        found = next((each for each in wanted if each[1].stock), None)
        if found is None or self.happens("no_stock"):
            raise NotSold(Why.NO_STOCK)
        return found[0] or operator, found[1]

    def _check(self, line: Line, highest: int | None, now: float) -> None:
        if self.happens("price_moved"):
            raise NotSold(Why.TOO_DEAR, cost=line.cost * 3 // 2)
        if highest is not None and highest < line.cost:
            raise NotSold(Why.TOO_DEAR, cost=line.cost)
        if self.books.balance < line.cost:
            self.books.open_now(now)  # some of them may have been paid back by now
        if self.books.balance < line.cost:
            raise NotSold(Why.NO_MONEY)

    def find(self, number_id: str, now: float) -> Number | None:
        """Return a number as it stands now, unless the supplier pretends not to know it."""
        number = self.books.find(number_id, now)
        return None if number is None or self.happens("no_activation") else number

    def open_now(self, now: float) -> Iterable[Number]:
        """Return what is open, as the list of it shows: some of it may be left out."""
        found = self.books.open_now(now)
        if self.settings.faults.get("missing_from_list"):
            return [number for number in found if not self.happens("missing_from_list")]
        return found

    def cancel(self, number: Number, now: float, *, state: State = State.CANCELLED) -> Closing:
        """Cancel a number and pay it back; `state` is what it becomes."""
        if not number.is_open:
            return Closing.CLOSED if number.state is not State.FINISHED else Closing.HAS_CODE
        if number.state is not State.WAITING:
            return Closing.HAS_CODE
        if self.lock_left(number, now) or self.happens("early_cancel"):
            return Closing.TOO_EARLY
        if self.happens("code_during_cancel"):
            self.books.deliver(number, now)
            return Closing.HAS_CODE
        if self.happens("lying_cancel"):
            self.books.promise_code(number, now)
        else:
            self.books.close(number, state, now)
        return Closing.DONE

    def lock_left(self, number: Number, now: float) -> int:
        """Return how many seconds a number can not be cancelled yet."""
        return max(0, math.ceil(number.bought_at + self.settings.cancel_lock_s - now))

    def bought_between(self, start: float, end: float) -> list[Number]:
        """Return what was bought in a span of time, the newest first."""
        self.books.open_now(time.time())
        numbers = reversed(self.books.all.values())
        return [number for number in numbers if start <= number.bought_at <= end]
