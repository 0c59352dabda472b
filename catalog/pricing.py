"""How a supplier's cost becomes the customer's price.

price = cost × rate × (1 + percent) + fixed, rounded up to the rule's multiple, then held between
floor and ceiling. Costs and prices are in minor units; `rate` turns the one into the other.
`price` is the rule in Python, for one offer at a time; `PRICE_SQL` is the same for all of them.

An account's tier is applied on top of that, by a rule of the same kind: `tier_price`, and
`TIER_SQL`. It depends on the goods and never on the supplier, so the cheapest offer stays the
cheapest, but where its cost leaves no room for the discount.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal

# Six decimals before rounding up, in both forms, so that they cannot differ by a hair.
_GRAIN = Decimal("0.000001")

PRICE_SQL = """
greatest(rule.floor, least(coalesce(rule.ceiling, 9223372036854775807), (
    ceil(round(offer.cost * rate.rate * (1 + rule.markup_percent / 100) + rule.markup_fixed, 6)
         / rule.rounding) * rule.rounding
)::bigint))
"""

# `price` and `cost` are columns, `rate` is one or NULL; the others are numbers.
TIER_SQL = """
greatest({lowered}, least({price}, (
    div(div({cost} * {rate} * 100, {keep}) + sign(mod({cost} * {rate} * 100, {keep}))
        + {rounding} - 1, {rounding}) * {rounding}
)::bigint))
"""
TIER_RAISES_SQL = """
greatest({floor}, least({ceiling}, (
    ceil(round({price} * {factor} + {fixed}, 6) / {rounding}) * {rounding}
)::bigint))
"""
TIER_LOWERS_SQL = f"least({{price}}, {TIER_RAISES_SQL})"


@dataclass(frozen=True, slots=True)
class Markup:
    """What a pricing rule says; amounts in minor units of the shop's currency."""

    percent: Decimal
    fixed: int = 0
    floor: int = 1
    ceiling: int | None = None
    rounding: int = 1

    @property
    def lowers(self) -> bool:
        """Whether a price it is applied to can only become lower by it."""
        return self.percent <= 0 and self.fixed <= 0


def price(cost: int, *, rate: Decimal, markup: Markup) -> int:
    """Return the price of something that costs `cost`, at `rate` shop units for one cost unit."""
    raw = (cost * rate * (1 + markup.percent / 100) + markup.fixed).quantize(_GRAIN, ROUND_HALF_UP)
    rounded = _rounded_up(raw, markup.rounding)
    if markup.ceiling is not None:
        rounded = min(rounded, markup.ceiling)
    return max(markup.floor, rounded)


def tier_price(
    base: int, *, cost: int, rate: Decimal | None, markup: Markup, floor_percent: int
) -> int:
    """Return what an account of a tier pays for what everybody else gets at `base`.

    A rule that lowers prices never raises one by its rounding or floor; and none lowers a price
    below what leaves the floor margin. Without a rate, what a thing costs is not known, and no
    discount is given.
    """
    wanted = price(base, rate=Decimal(1), markup=markup)
    if markup.lowers:
        wanted = min(wanted, base)
    if rate is None:
        return max(wanted, base)
    least = least_price(cost, rate=rate, floor_percent=floor_percent)
    return max(wanted, min(base, _rounded_up(Decimal(least), markup.rounding)))


def least_price(cost: int, *, rate: Decimal, floor_percent: int) -> int:
    """Return the lowest price that leaves the floor margin."""
    whole, rest = divmod(cost * rate * 100, 100 - floor_percent)
    return int(whole) + (rest > 0)


def _rounded_up(raw: Decimal, multiple: int) -> int:
    return int((raw / multiple).to_integral_value(rounding=ROUND_CEILING)) * multiple


def in_usd(price: int, rates: Mapping[str, Decimal]) -> int | None:
    """Return a price in minor units of the US dollar; None without a fresh rate."""
    usd = rates.get("USD")
    return round(price / usd) if usd else None


def leaves_margin(*, price: int, cost: int, rate: Decimal, floor_percent: int) -> bool:
    """Whether selling at `price` what costs `cost` leaves at least the floor margin."""
    return cost * rate <= Decimal(price) * (100 - floor_percent) / 100
