"""What a pricing rule would have meant for last week's sales, had as many bought.

Each charged order of the week keeps what it brought, plus what its goods would cost more or less
by the rule. Orders are taken together by supplier, service and country, with their mean cost.
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from accounts.models import Mode
from catalog.account_prices import prices_by
from catalog.models import Offer, Supplier
from catalog.previewing import Change, compared_sql, parameters_of
from office.reports.rates import in_shop_currency, rates_at
from office.reports.spans import ONE_DAY, day_of, midnight
from office.sums import SALES, fetch, folded_until
from orders.states import CAPTURED

WEEK = timedelta(days=7)


@dataclass(slots=True)
class SalesEffect:
    """Minor units of the shop's currency. `orders` of the week were charged; of these `touched`
    would have had another price, and `lost` none: at their cost nothing would have been sold.

    Revenue and cost are those of the orders touched or lost; `cost` is None without a rate.
    """

    orders: int = 0
    touched: int = 0
    lost: int = 0
    revenue: int = 0
    new_revenue: int = 0
    cost: int | None = 0
    new_cost: int | None = 0

    @property
    def margin(self) -> int | None:
        return None if self.cost is None else self.revenue - self.cost

    @property
    def new_margin(self) -> int | None:
        return None if self.new_cost is None else self.new_revenue - self.new_cost

    def add(
        self, sold: "_Sold", *, before: int | None, after: int | None, cost: int | None
    ) -> None:
        """Add orders of the same goods; `cost` is theirs in the shop's currency."""
        if before is None or before == after:
            return
        self.revenue += sold.revenue
        self.cost = None if cost is None or self.cost is None else self.cost + cost
        if after is None:
            self.lost += sold.orders
            return
        self.touched += sold.orders
        self.new_revenue += sold.revenue + sold.orders * (after - before)
        kept = self.new_cost
        self.new_cost = None if cost is None or kept is None else kept + cost


@dataclass(frozen=True, slots=True)
class _Sold:
    """Charged orders of the same goods from one supplier; `cost` is in the supplier's currency."""

    supplier: int
    service: int
    country: int
    offer: int | None
    orders: int
    revenue: int
    cost: int
    currency: str


def effect_on_sales(change: Change, *, now: datetime) -> SalesEffect:
    """Return what the rule would have changed in the last seven days, today included."""
    effect = SalesEffect()
    if change.rule.tier_id:
        _of_tier(effect, change, now)
    else:
        _of_everybody(effect, change, now)
    return effect


def _of_everybody(effect: SalesEffect, change: Change, now: datetime) -> None:
    by_supplier: dict[int, list[_Sold]] = {}
    for sold in _sold_by_everybody(now):
        effect.orders += sold.orders
        by_supplier.setdefault(sold.supplier, []).append(sold)
    for supplier in Supplier.objects.filter(pk__in=by_supplier):
        groups = by_supplier[supplier.pk]
        prices = _compared(groups, change, supplier, now)
        _add(effect, groups, prices, now)


def _of_tier(effect: SalesEffect, change: Change, now: datetime) -> None:
    groups = _sold_to_tier(change.rule.tier_id or 0, now)
    effect.orders = sum(sold.orders for sold in groups)
    offers = Offer.objects.in_bulk([sold.offer for sold in groups if sold.offer])
    before, after = (prices_by(rules, now=now) for rules in (change.before, change.after))
    prices = {
        number: (before.of(offer), after.of(offer))
        for number, sold in enumerate(groups)
        if (offer := offers.get(sold.offer or 0))
    }
    _add(effect, groups, prices, now)


def _add(
    effect: SalesEffect,
    groups: list[_Sold],
    prices: dict[int, tuple[int | None, int | None]],
    now: datetime,
) -> None:
    rates = rates_at(now)
    for number, (before, after) in prices.items():
        sold = groups[number]
        cost = in_shop_currency(sold.cost, sold.currency, rates)
        effect.add(sold, before=before, after=after, cost=cost)


def _compared(
    groups: list[_Sold], change: Change, supplier: Supplier, now: datetime
) -> dict[int, tuple[int | None, int | None]]:
    source = """(SELECT * FROM jsonb_to_recordset(%(groups)s::jsonb) AS sold (id bigint,
        service_id bigint, country_id bigint, cost bigint, stock bigint, ended_count bigint))"""
    rows = [
        {
            "id": number,
            "service_id": sold.service,
            "country_id": sold.country,
            "cost": max(1, round(sold.cost / sold.orders)),
            "stock": 1,
            "ended_count": 0,
        }
        for number, sold in enumerate(groups)
    ]
    query = f"SELECT id, before, after FROM ({compared_sql(source, is_baked=False)}) AS told"
    parameters = parameters_of(change, supplier, now=now) | {"groups": json.dumps(rows)}
    return {number: (before, after) for number, before, after in fetch(query, parameters)}


def _sold_by_everybody(now: datetime) -> list[_Sold]:
    """Days that are kept from the sums, the rest from the rows."""
    kept_until = folded_until(SALES)
    first = day_of(now - WEEK + ONE_DAY)
    begin = max(midnight(first), kept_until)
    query = f"""
        SELECT sold.supplier_id, service.id, country.id, NULL::bigint,
            sum(count) FILTER (WHERE kind = 'capture')::bigint AS orders,
            sum(amount) FILTER (WHERE kind = 'capture')::bigint,
            coalesce(sum(amount) FILTER (WHERE kind = 'cost'), 0)::bigint, supplier.currency
        FROM (
            SELECT supplier_id, service, country, kind, currency, amount, count
            FROM office_salesday
            WHERE mode = %(mode)s AND day >= %(first)s AND day < %(kept)s
            UNION ALL
            SELECT supplier_id, service, country, kind, currency, amount, count
            FROM ({SALES.rows}) AS live WHERE mode = %(mode)s
        ) AS sold
        JOIN catalog_supplier supplier ON supplier.id = sold.supplier_id
        JOIN catalog_service service ON service.code = sold.service
        JOIN catalog_country country ON country.code = sold.country
        WHERE sold.kind = 'capture' OR sold.kind = 'cost' AND sold.currency = supplier.currency
        GROUP BY 1, 2, 3, 8 HAVING sum(count) FILTER (WHERE kind = 'capture') > 0
    """
    values: dict[str, Any] = {
        "mode": Mode.LIVE,
        "first": first,
        "kept": day_of(kept_until),
        "since": begin,
        "until": max(now, begin),
    }
    return [_Sold(*row) for row in fetch(query, values)]


def _sold_to_tier(tier: int, now: datetime) -> list[_Sold]:
    query = """
        SELECT bought.supplier_id, service.id, country.id, bought.offer_id, count(*)::bigint,
            sum(placed.price)::bigint, sum(bought.cost)::bigint, bought.currency
        FROM orders_order placed
        JOIN accounts_user account ON account.id = placed.user_id AND account.tier_id = %(tier)s
        JOIN LATERAL (
            SELECT * FROM orders_purchaseattempt attempt
            WHERE attempt.order_id = placed.id AND attempt.reference <> ''
            ORDER BY attempt.id DESC LIMIT 1
        ) bought ON true
        JOIN catalog_service service ON service.code = placed.service_id
        JOIN catalog_country country ON country.code = placed.country_id
        WHERE placed.mode = %(mode)s AND placed.created_at >= %(since)s
            AND placed.status = ANY(%(charged)s) AND placed.refund_amount = 0
        GROUP BY 1, 2, 3, 4, 8
    """
    values = {
        "tier": tier,
        "mode": Mode.LIVE,
        "since": midnight(day_of(now - WEEK + ONE_DAY)),
        "charged": [status.value for status in CAPTURED],
    }
    return [_Sold(*row) for row in fetch(query, values)]
