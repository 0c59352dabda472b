"""Which offer is asked first, which follow, and why: a pure function over what is known of each.

Offers that cannot serve are refused first: no stock, a pause, no balance left at the supplier.
The others are ranked by price, or by expected delivery. The first one's price is the price of the
order, whichever offer serves, so one whose cost would not leave the floor margin is passed over.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from catalog.pricing import leaves_margin

# Offers beyond this are not tried for one order.
LONGEST_ROUTE = 12
# So many are kept in an explanation.
_MOST_EXPLAINED = 16
# Seven numbers in ten get a code, in all of the trade; …
_USUAL_DELIVERY = 0.7
# … what is assumed counts as much as this many orders of our own.
_ASSUMED_ORDERS = 10


class Verdict(StrEnum):
    """What became of a candidate when the route was made."""

    FIRST = "first"
    NEXT = "next"
    TOO_FAR = "too_far"
    THIN_MARGIN = "thin_margin"
    OTHER_PROVIDER = "other_provider"
    SWITCHED_OFF = "switched_off"
    NO_PRICE = "no_price"
    NO_STOCK = "no_stock"
    SUPPLIER_PAUSED = "supplier_paused"
    GOODS_PAUSED = "goods_paused"
    NO_BALANCE = "no_balance"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which providers a customer would take; an empty set leaves that open.

    `providers` and `not_providers` name suppliers by their public code, or with the operator.
    """

    operators: frozenset[str] = frozenset()
    providers: frozenset[str] = frozenset()
    not_providers: frozenset[str] = frozenset()

    def takes(self, provider: str) -> bool:
        supplier, _dot, operator = provider.partition(".")
        names = {supplier, provider}
        return (
            (not self.operators or operator in self.operators)
            and (not self.providers or bool(names & self.providers))
            and not names & self.not_providers
        )

    @property
    def canonical(self) -> list[list[str]]:
        return [sorted(names) for names in (self.operators, self.providers, self.not_providers)]


_TO_TRY = {Verdict.FIRST, Verdict.NEXT}
_ABLE = _TO_TRY | {Verdict.TOO_FAR, Verdict.THIN_MARGIN}


@dataclass(frozen=True, slots=True)
class Candidate:
    """One offer as the choice sees it. `cost` and `balance` are in the supplier's currency.

    `balance` is None where it is not known well enough; the `past_` counts are the supplier's
    over all goods, the others those of this offer.
    """

    offer_id: int
    supplier_id: int
    provider: str
    price: int | None
    cost: int
    currency: str
    stock: int
    delivered: int = 0
    ended: int = 0
    past_delivered: int = 0
    past_ended: int = 0
    priority: int = 0
    balance: int | None = None
    is_enabled: bool = True
    paused_until: datetime | None = None
    goods_paused_until: datetime | None = None

    @property
    def expected_delivery(self) -> float:
        """The share of its numbers that should get a code.

        Few orders of its own weigh little against the supplier's, and those against the trade's.
        """
        assumed = expected_delivery(self.past_delivered, self.past_ended)
        return _smoothed(self.delivered, self.ended, assumed)


def expected_delivery(delivered: int, ended: int) -> float:
    """Return the share that should get a code, by counts of our own and what is usual."""
    return _smoothed(delivered, ended, _USUAL_DELIVERY)


def _smoothed(delivered: int, ended: int, assumed: float) -> float:
    return (delivered + _ASSUMED_ORDERS * assumed) / (ended + _ASSUMED_ORDERS)


@dataclass(frozen=True, slots=True)
class Judged:
    """A candidate and its verdict; `until` is when that may change, where it is known."""

    candidate: Candidate
    verdict: Verdict
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """Every candidate with its verdict; those to try stand first, in order."""

    judged: tuple[Judged, ...]
    by_delivery: bool = False

    @property
    def to_try(self) -> list[Candidate]:
        return [each.candidate for each in self.judged if each.verdict in _TO_TRY]

    @property
    def able(self) -> list[Candidate]:
        """Those that could serve, if not for this price, in order."""
        return [each.candidate for each in self.judged if each.verdict in _ABLE]

    @property
    def price(self) -> int | None:
        """What the order costs; None where nobody sells."""
        first = self.judged[0] if self.judged else None
        return first.candidate.price if first and first.verdict is Verdict.FIRST else None

    def explained(self) -> dict[str, Any]:
        """Return the choice as small JSON; `explanation` reads it."""
        rows = [
            [
                *(one.provider, each.verdict.value, one.price, one.cost, one.currency, one.stock),
                *(one.delivered, one.ended, round(one.expected_delivery, 3), one.priority),
                *([each.until.isoformat(timespec="seconds")] if each.until else ()),
            ]
            for each in self.judged[:_MOST_EXPLAINED]
            for one in [each.candidate]
        ]
        more = len(self.judged) - len(rows)
        return {"by": "delivery" if self.by_delivery else "price", "rows": rows, "more": more}


def make_route(
    candidates: Iterable[Candidate],
    *,
    now: datetime,
    provider: str | None = None,
    wanted: Wanted | None = None,
    by_delivery: bool = False,
    rates: Mapping[str, Decimal] | None = None,
    floor_percent: int = 0,
) -> Route:
    """Judge and rank the candidates; with `rates`, also what each would leave of the price."""
    refused, able = [], []
    for one in candidates:
        is_wanted = wanted is None or wanted.takes(one.provider)
        verdict, until = _refusal(one, provider, now) if is_wanted else _OTHER
        if verdict is None:
            able.append(one)
        else:
            refused.append(Judged(one, verdict, until))
    able.sort(key=_by_delivery if by_delivery else _by_price)
    judged: list[Judged] = []
    passed_over: list[Judged] = []
    for one in able:
        if not judged:
            judged.append(Judged(one, Verdict.FIRST))
        elif rates is not None and not _leaves_margin(one, able[0].price, rates, floor_percent):
            passed_over.append(Judged(one, Verdict.THIN_MARGIN))
        elif len(judged) >= LONGEST_ROUTE:
            passed_over.append(Judged(one, Verdict.TOO_FAR))
        else:
            judged.append(Judged(one, Verdict.NEXT))
    return Route((*judged, *passed_over, *refused), by_delivery)


_OTHER = (Verdict.OTHER_PROVIDER, None)


def _refusal(
    one: Candidate, provider: str | None, now: datetime
) -> tuple[Verdict | None, datetime | None]:
    """Return why a candidate cannot serve, and until when where that is known."""
    if provider not in (None, one.provider):
        return _OTHER
    if not one.is_enabled:
        return Verdict.SWITCHED_OFF, None
    if one.price is None:
        return Verdict.NO_PRICE, None
    if one.stock <= 0:
        return Verdict.NO_STOCK, None
    if one.paused_until is not None and one.paused_until > now:
        return Verdict.SUPPLIER_PAUSED, one.paused_until
    if one.goods_paused_until is not None and one.goods_paused_until > now:
        return Verdict.GOODS_PAUSED, one.goods_paused_until
    if one.balance is not None and one.balance < one.cost:
        return Verdict.NO_BALANCE, None
    return None, None


def _by_price(one: Candidate) -> tuple[Any, ...]:
    return (one.price, -one.priority, -one.expected_delivery, one.supplier_id, one.provider)


def _by_delivery(one: Candidate) -> tuple[Any, ...]:
    return (-one.expected_delivery, one.price, -one.priority, one.supplier_id, one.provider)


def _leaves_margin(
    one: Candidate, price: int | None, rates: Mapping[str, Decimal], floor_percent: int
) -> bool:
    rate = rates.get(one.currency)
    if rate is None or price is None:
        return False
    return leaves_margin(price=price, cost=one.cost, rate=rate, floor_percent=floor_percent)


@dataclass(frozen=True, slots=True)
class Explained:
    """One line of a stored explanation."""

    provider: str
    verdict: str
    price: int | None
    cost: int
    currency: str
    stock: int
    delivered: int
    ended: int
    expected_delivery: float
    priority: int
    until: str = ""


def explanation(stored: Mapping[str, Any]) -> list[Explained]:
    """Return the lines of what `Route.explained` made."""
    return [Explained(*row) for row in stored.get("rows", ())]
