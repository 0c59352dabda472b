"""How a supplier's cost becomes the customer's price.

price = cost × rate × (1 + percent) + fixed, rounded up to the rule's multiple, then held between
floor and ceiling. Costs and prices are in minor units; `rate` turns the one into the other.
`price` is the rule in Python, for one offer at a time; `PRICE_SQL` is the same for all of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

# Six decimals before rounding up, in both forms, so that they cannot differ by a hair.
_GRAIN = Decimal("0.000001")

PRICE_SQL = """
greatest(rule.floor, least(coalesce(rule.ceiling, 9223372036854775807), (
    ceil(round(offer.cost * rate.rate * (1 + rule.markup_percent / 100) + rule.markup_fixed, 6)
         / rule.rounding) * rule.rounding
)::bigint))
"""


@dataclass(frozen=True, slots=True)
class Markup:
    """What a pricing rule says; amounts in minor units of the shop's currency."""

    percent: Decimal
    fixed: int = 0
    floor: int = 1
    ceiling: int | None = None
    rounding: int = 1


def price(cost: int, *, rate: Decimal, markup: Markup) -> int:
    """Return the price of something that costs `cost`, at `rate` shop units for one cost unit."""
    raw = (cost * rate * (1 + markup.percent / 100) + markup.fixed).quantize(_GRAIN)
    steps = (raw / markup.rounding).to_integral_value(rounding=ROUND_CEILING)
    rounded = int(steps) * markup.rounding
    if markup.ceiling is not None:
        rounded = min(rounded, markup.ceiling)
    return max(markup.floor, rounded)


def in_usd(price: int, rates: Mapping[str, Decimal]) -> int | None:
    """Return a price in minor units of the US dollar; None without a fresh rate."""
    usd = rates.get("USD")
    return round(price / usd) if usd else None


def leaves_margin(*, price: int, cost: int, rate: Decimal, floor_percent: int) -> bool:
    """Whether selling at `price` what costs `cost` leaves at least the floor margin."""
    return cost * rate <= Decimal(price) * (100 - floor_percent) / 100
