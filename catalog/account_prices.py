"""What an account pays for an offer: everybody's price, or what the rules for its tier make of it.

Every list, quote and order asks here, in Python for the offers at hand (`of`) or in SQL for many
(`column`). A customer without a tier, and a stranger, pays the price that is baked into the offer.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import BigIntegerField, Case, F, Func, Q, When

from accounts.models import User
from catalog.actions import exchange_rates
from catalog.models import Offer, PricingRule, Supplier
from catalog.pricing import TIER_LOWERS_SQL, TIER_RAISES_SQL, TIER_SQL, Markup, tier_price

_UNLIMITED = 2**63 - 1


@dataclass(frozen=True, slots=True)
class AccountPrices:
    """The prices of one account; `rules` are those of its tier in force, the first match wins.

    `tier` is the tier's key, None where nothing tells its prices from everybody's. Two are equal
    that come from the same rules, so lists may be kept by it. `rates` are by supplier.
    """

    tier: int | None = None
    rules: tuple[PricingRule, ...] = ()
    rates: Mapping[int, Decimal] = field(default_factory=dict, compare=False)
    floor_percent: int = field(default=0, compare=False)

    def of(self, offer: Offer) -> int | None:
        """Return what the account pays for an offer as it was read; None where it has no price."""
        if offer.price is None or not self.rules:
            return offer.price
        rule = self.rule_for(offer.service_id, offer.country_id)
        if rule is None:
            return offer.price
        return tier_price(
            offer.price,
            cost=offer.cost,
            rate=self.rates.get(offer.supplier_id),
            markup=markup_of(rule),
            floor_percent=self.floor_percent,
        )

    def rule_for(self, service: int, country: int) -> PricingRule | None:
        """Return the tier's rule for these goods, by their keys."""
        for rule in self.rules:
            if rule.service_id in (None, service) and rule.country_id in (None, country):
                return rule
        return None

    def column(self, prefix: str = "", *, at_any_cost: bool = False) -> Any:
        """Return `of` for a query over offers, or over something joined to them by a prefix.

        `at_any_cost` leaves out that the floor margin must remain: it is what the rules wish.
        """
        price = F(f"{prefix}price")
        if not self.rules:
            return price
        keep = None if at_any_cost else 100 - self.floor_percent
        columns = (price, F(f"{prefix}cost"), _OfSupplier(F(f"{prefix}supplier"), self.rates))
        return Case(
            *(
                When(
                    _goods(rule, prefix),
                    then=_TierPrice(*columns, rule=rule, keep=keep),
                )
                for rule in self.rules
            ),
            default=price,
            output_field=BigIntegerField(),
        )


#: What strangers pay, and accounts without a tier.
EVERYBODYS = AccountPrices()


def prices_for(user: User | None, *, now: datetime) -> AccountPrices:
    """Return the prices of an account at this moment; None is a stranger."""
    if user is None or user.tier_id is None:
        return EVERYBODYS
    in_force = PricingRule.objects.in_force(now).filter(tier=user.tier_id).most_specific_first()
    return prices_by(tuple(in_force), now=now)


def prices_by(rules: tuple[PricingRule, ...], *, now: datetime) -> AccountPrices:
    """Return the prices that these rules of one tier make, the most specific rule first."""
    if not rules or settings.FLOOR_MARGIN_PERCENT >= 100:  # then nothing has a price
        return EVERYBODYS
    rates = exchange_rates(now)
    currencies = Supplier.objects.values_list("pk", "currency")
    return AccountPrices(
        tier=rules[0].tier_id,
        rules=rules,
        rates={pk: rates[currency] for pk, currency in currencies if currency in rates},
        floor_percent=settings.FLOOR_MARGIN_PERCENT,
    )


def markup_of(rule: PricingRule) -> Markup:
    return Markup(
        percent=rule.markup_percent,
        fixed=rule.markup_fixed,
        floor=rule.floor,
        ceiling=rule.ceiling,
        rounding=rule.rounding,
    )


class _TierPrice(Func):
    """`tier_price` for one rule: of a price, a cost and a rate. A rule's numbers need no quotes."""

    output_field = BigIntegerField()

    def __init__(self, *columns: Any, rule: PricingRule, keep: int | None) -> None:
        super().__init__(*columns)
        self.rule, self.keep = rule, keep

    def as_sql(
        self, compiler: Any, connection: Any, *_args: Any, **_context: Any
    ) -> tuple[str, tuple[str | int, ...]]:
        written = [compiler.compile(source) for source in self.get_source_expressions()]
        assert not any(params for _sql, params in written), "columns and numbers only"
        names = dict(zip(("price", "cost", "rate"), (sql for sql, _params in written), strict=True))
        markup = markup_of(self.rule)
        numbers = {
            "factor": f"{1 + Decimal(markup.percent) / 100}::numeric",
            "fixed": markup.fixed,
            "floor": markup.floor,
            "ceiling": _UNLIMITED if markup.ceiling is None else markup.ceiling,
            "rounding": markup.rounding,
            "keep": self.keep,
        }
        wanted = (TIER_LOWERS_SQL if markup.lowers else TIER_RAISES_SQL).format(**names, **numbers)
        if self.keep is None:
            return wanted, ()
        return TIER_SQL.format(lowered=wanted, **names, **numbers), ()


class _OfSupplier(Func):
    """A number for each supplier, NULL for the others."""

    def __init__(self, supplier: F, numbers: Mapping[int, Decimal]) -> None:
        super().__init__(supplier)
        self.numbers = numbers

    def as_sql(
        self, compiler: Any, connection: Any, *_args: Any, **_context: Any
    ) -> tuple[str, tuple[str | int, ...]]:
        [source] = self.get_source_expressions()
        column, params = compiler.compile(source)
        lines = " ".join(f"WHEN {key} THEN {rate:f}" for key, rate in self.numbers.items())
        if not lines:
            return "NULL::numeric", tuple(params)
        return f"(CASE {column} {lines} END)::numeric", tuple(params)


def _goods(rule: PricingRule, prefix: str) -> Q:
    goods = Q(**{f"{prefix}pk__isnull": False})
    if rule.service_id is not None:
        goods &= Q(**{f"{prefix}service": rule.service_id})
    if rule.country_id is not None:
        goods &= Q(**{f"{prefix}country": rule.country_id})
    return goods
