"""What a pricing rule would do to offers, before it is saved.

The rules as they are and as they would be are both applied by the database, to the offers that
the rule can reach. Beyond so many of those a sample is priced, and counts are estimates.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Q, QuerySet

from catalog.account_prices import prices_by
from catalog.actions import exchange_rates
from catalog.actions.repricing import RULE_FIELDS, Pricing, priced_sql
from catalog.models import Offer, PricingRule, Supplier

MOST_PRICED = 100_000
MOST_EXAMPLES = 8
# Above every key: what is not saved yet is the newest.
_NEWEST = 2**62


@dataclass(frozen=True, slots=True)
class Change:
    """The rules before and after, at the moment from when the rule would hold."""

    rule: PricingRule
    before: tuple[PricingRule, ...]
    after: tuple[PricingRule, ...]
    at: datetime
    is_later: bool
    # Whether offers' prices of now are those before.
    is_baked: bool
    # The rule holds now, and would only begin again later.
    stops_now: bool = False


@dataclass(frozen=True, slots=True)
class Example:
    """One offer's price before and after, in minor units; None where it is not on sale."""

    offer: Offer
    before: int | None
    after: int | None


@dataclass(slots=True)
class Effect:
    """How many offers change, of those the rule can reach; `share` of these was priced.

    `thin` leave less than the floor margin, `below_cost` of them not even the cost: those are not
    sold. For a rule of a tier they are those sold at the lowest price that leaves the margin.
    """

    reached: int = 0
    share: float = 1.0
    changed: int = 0
    cheaper: int = 0
    dearer: int = 0
    gone: int = 0
    appeared: int = 0
    thin: int = 0
    below_cost: int = 0
    examples: list[Example] = field(default_factory=list)

    @property
    def is_sampled(self) -> bool:
        return self.share < 1


_COUNTS = ("changed", "cheaper", "dearer", "gone", "appeared", "thin", "below_cost")


def change_by(rule: PricingRule, *, now: datetime) -> Change:
    """Return what saving a rule changes among the rules, now or when it begins."""
    at = max(now, rule.starts_at or now)
    stored = PricingRule.objects.filter(tier=rule.tier).in_force(at).most_specific_first()
    before = tuple(stored)
    others = tuple(each for each in before if each.pk != rule.pk)
    holds = rule.is_active and (rule.ends_at is None or rule.ends_at > at)
    after = (*others, rule) if holds else others
    current = tuple(PricingRule.objects.filter(tier=rule.tier).in_force(now).most_specific_first())
    old = next((each for each in before if each.pk == rule.pk), None)
    is_same_reach = (old is not None) == holds and (old is None or _scope(old) == _scope(rule))
    return Change(
        rule=rule,
        before=before,
        after=tuple(sorted(after, key=_specificity)),
        at=at,
        is_later=at > now,
        stops_now=at > now and any(each.pk == rule.pk for each in current),
        is_baked=current == before and (not rule.pk or is_same_reach),
    )


def effect_on_offers(change: Change, *, now: datetime) -> Effect:
    """Return what changes for offers, and the offers that change most."""
    effect = Effect()
    offers = _reached(change)
    effect.reached = offers.count()
    if not effect.reached:
        return effect
    effect.share = min(1.0, MOST_PRICED / effect.reached)
    found: list[tuple[int, int | None, int | None, float]] = []
    for counts, examples in _compared(change, offers, effect.share, now):
        for name, count in zip(_COUNTS, counts, strict=True):
            setattr(effect, name, getattr(effect, name) + count)
        found += examples or []
    for name in _COUNTS:
        estimate = round(getattr(effect, name) / effect.share)
        setattr(effect, name, min(estimate, effect.reached))
    effect.examples = _examples(found)
    return effect


def pricing_of(rules: Iterable[PricingRule], *, now: datetime) -> Pricing:
    """Return what prices depend on, with these rules."""
    return Pricing(
        rules=tuple({name: getattr(rule, name) for name in RULE_FIELDS} for rule in _keyed(rules)),
        rates=exchange_rates(now),
        floor_percent=settings.FLOOR_MARGIN_PERCENT,
    )


def compared_sql(source: str, *, is_baked: bool) -> str:
    """Return a SELECT of a source's rows with the prices `before` and `after`.

    The source has id, service, country, cost, stock and ended_count; with `is_baked` its `price`
    is what stood before. Takes the parameters of `parameters_of`.
    """
    columns = "id, service_id, country_id, cost, stock, ended_count"
    if is_baked:
        before = f"(SELECT {columns}, price AS before, NULL::bigint AS rule_before FROM {source} o)"
    else:
        before = f"""(
            {priced_sql(source, rules="rules_before")}
            SELECT {columns}, new_price AS before, rule_id AS rule_before FROM priced
        )"""
    return f"""
        SELECT * FROM (
            {priced_sql(before)}
            SELECT {columns}, before, new_price AS after, rule_before, rule_id AS rule_after,
                quote, shop_cost FROM priced
        ) AS compared WHERE rule_after = %(key)s OR rule_before = %(key)s
    """


def parameters_of(change: Change, supplier: Supplier, *, now: datetime) -> dict[str, Any]:
    """Return what `compared_sql` needs to know for a supplier's offers."""
    before = pricing_of(change.before, now=now).values(supplier)
    return {
        **pricing_of(change.after, now=now).values(supplier),
        "rules_before": before["rules"],
        "key": change.rule.pk or _NEWEST,
    }


def _keyed(rules: Iterable[PricingRule]) -> list[PricingRule]:
    return [rule if rule.pk else _with_key(rule) for rule in rules]


def _with_key(rule: PricingRule) -> PricingRule:
    values = {each.attname: getattr(rule, each.attname) for each in rule._meta.concrete_fields}
    return PricingRule(**values | {"id": _NEWEST})


def _scope(rule: PricingRule) -> tuple[int | None, ...]:
    return rule.service_id, rule.country_id, rule.supplier_id


def _specificity(rule: PricingRule) -> tuple[Any, ...]:
    return (*(key is None for key in _scope(rule)), -(rule.pk or _NEWEST))


def _reached(change: Change) -> QuerySet[Offer]:
    """Offers that the rule matches as it would be, or as it is."""
    stored = [each for each in change.before if each.pk == change.rule.pk]
    reached = Q(pk__in=[])
    for rule in (change.rule, *stored):
        named = zip(("service", "country", "supplier"), _scope(rule), strict=True)
        reached |= Q(pk__isnull=False, **{name: key for name, key in named if key is not None})
    return Offer.objects.filter(reached)


def _compared(
    change: Change, offers: QuerySet[Offer], share: float, now: datetime
) -> Iterable[tuple[tuple[int, ...], Any]]:
    if change.rule.tier_id:
        sql, params = _tier_sql(change, offers.filter(price__isnull=False, stock__gt=0), now)
        yield _run(_sampled(sql, share), params)
        return
    for supplier in Supplier.objects.order_by("pk"):
        of_supplier = offers.filter(supplier=supplier)
        columns = ("id", "service_id", "country_id", "cost", "stock", "ended_count", "price")
        source, params = of_supplier.values_list(*columns).query.sql_with_params()
        named = {f"scope_{number}": value for number, value in enumerate(params)}
        source = source % tuple(f"%({name})s" for name in named)
        sql = compared_sql(f"({_sampled(source, share)})", is_baked=change.is_baked)
        yield _run(sql, {**named, **parameters_of(change, supplier, now=now)})


def _sampled(sql: str, share: float) -> str:
    if share >= 1:
        return sql
    # Whole pages of the table: what is not in the sample is not even read.
    sample = f"(SELECT * FROM catalog_offer TABLESAMPLE SYSTEM ({100 * share:.4f}) REPEATABLE (1))"
    return sql.replace(' FROM "catalog_offer"', f' FROM {sample} "catalog_offer"', 1)


def _tier_sql(change: Change, offers: QuerySet[Offer], now: datetime) -> tuple[str, Any]:
    before, after = (prices_by(rules, now=now) for rules in (change.before, change.after))
    priced = offers.annotate(
        before=before.column(), after=after.column(), wanted=after.column(at_any_cost=True)
    ).values("id", "stock", "ended_count", "before", "after", "wanted")
    sql, params = priced.query.sql_with_params()
    # As for an offer's own price: `quote` is what the rule says, here where it could not be given.
    return (
        f"SELECT *, CASE WHEN wanted < after THEN wanted END AS quote, NULL::numeric AS shop_cost"
        f" FROM ({sql}) AS priced"
    ), params


def _run(compared: str, params: Any) -> tuple[tuple[int, ...], Any]:
    query = f"""
        WITH compared AS MATERIALIZED ({compared}), changed AS MATERIALIZED (
            SELECT * FROM compared WHERE before IS DISTINCT FROM after
        )
        SELECT (SELECT count(*) FROM changed),
            (SELECT count(*) FROM changed WHERE after < before),
            (SELECT count(*) FROM changed WHERE after > before),
            (SELECT count(*) FROM changed WHERE after IS NULL),
            (SELECT count(*) FROM changed WHERE before IS NULL),
            (SELECT count(*) FROM compared WHERE quote <> coalesce(after, 0)),
            (SELECT count(*) FROM compared WHERE quote < shop_cost),
            (SELECT json_agg(json_build_array(id, before, after, effect)) FROM (
                SELECT id, before, after, {_EFFECT} AS effect FROM changed
                WHERE stock > 0
                ORDER BY effect DESC, ended_count DESC, id LIMIT {MOST_EXAMPLES}
            ) AS example)
    """
    with connection.cursor() as cursor:
        cursor.execute(query, params)
        *counts, examples = cursor.fetchone()
    return tuple(counts), json.loads(examples) if isinstance(examples, str) else examples


# What comes or goes counts as its whole price.
_EFFECT = "abs(coalesce(after, 0) - coalesce(before, 0))::float / coalesce(before, after)"


def _examples(found: list[tuple[int, int | None, int | None, float]]) -> list[Example]:
    """Return those that change most, with their offers."""
    most = sorted(found, key=lambda row: (-row[3], row[0]))[:MOST_EXAMPLES]
    offers = Offer.objects.select_related("service", "country", "supplier")
    by_pk = offers.in_bulk([row[0] for row in most])
    return [Example(by_pk[pk], before, after) for pk, before, after, _effect in most if pk in by_pk]
