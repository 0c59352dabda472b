"""Baking prices into offers, for many at a time and only where something may have changed.

What prices depend on (rules in their windows, rates, floor margin) is read as one `Pricing`, and
a supplier remembers the fingerprint of the one that all of its prices come from. So looking costs
a few small queries while nothing changes, and a supplier whose prices are only partly baked is
seen by that.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import structlog
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count

from catalog.actions.availability import mark_availability_stale, refresh_stale_availability
from catalog.actions.locking import try_lock_offers
from catalog.actions.rates import exchange_rates
from catalog.models import Offer, PricingRule, Supplier
from catalog.pricing import PRICE_SQL
from nexotp.lib.clock import Clock

logger = structlog.get_logger(__name__)

# Locked together, and so waited for by whoever wants one of them: a few tenths of a second.
_CHUNK = 20_000
RULE_FIELDS = (
    *("id", "service_id", "country_id", "supplier_id"),
    *("markup_percent", "markup_fixed", "floor", "ceiling", "rounding"),
)


@dataclass(frozen=True, slots=True)
class Repricing:
    """How many prices changed, and whether all have been looked at."""

    changed: int
    is_complete: bool


@dataclass(frozen=True, slots=True)
class Pricing:
    """Everything that prices depend on besides costs, as it was at one moment."""

    rules: tuple[dict[str, Any], ...]
    rates: dict[str, Decimal]
    floor_percent: int

    def values(self, supplier: Supplier) -> dict[str, Any]:
        """Return what PRICED_SQL needs to know for a supplier's offers."""
        rules = [rule for rule in self.rules if rule["supplier_id"] in (None, supplier.pk)]
        return {
            "rules": json.dumps(rules, default=str),
            "rate": self.rates.get(supplier.currency),
            "keep": Decimal(100 - self.floor_percent) / 100,
        }

    def fingerprint(self, supplier: Supplier) -> str:
        """Return what differs as soon as a price of the supplier's may."""
        values = [str(value) for value in self.values(supplier).values()]
        return hashlib.sha256("\n".join([PRICE_SQL, *values]).encode()).hexdigest()


def read_pricing(now: datetime) -> Pricing:
    """Read the rules, rates and margin that hold at this moment."""
    in_force = PricingRule.objects.of_offers().in_force(now)
    return Pricing(
        rules=tuple(in_force.order_by("pk").values(*RULE_FIELDS)),
        rates=exchange_rates(now),
        floor_percent=settings.FLOOR_MARGIN_PERCENT,
    )


def reprice_offers(
    *, now: datetime, within: float | None = None, even_if_current: bool = False
) -> Repricing:
    """Bring prices in line with the rules and rates of this moment, where those have changed.

    An offer without a rate or a rule, or whose price would not leave the floor margin, gets no
    price and is not on sale. After `within` seconds the rest is left to the next call, and so is
    a supplier whose catalogue is just being stored.
    """
    clock = Clock(now)
    pricing = read_pricing(now)
    changed, is_complete = 0, True
    for supplier in Supplier.objects.order_by("pk"):
        fingerprint = pricing.fingerprint(supplier)
        if supplier.priced_by == fingerprint and not even_if_current:
            continue
        done = _reprice_supplier(supplier, pricing, fingerprint, clock=clock, within=within)
        changed += done.changed
        is_complete = is_complete and done.is_complete
    refresh_stale_availability(now=clock.now())
    return Repricing(changed, is_complete)


def note_moved_cost(offer: Offer, *, cost: int, now: datetime) -> None:
    """Take over the cost that a supplier named when it refused a purchase, if that is credible.

    A purchase waits for nobody: where the supplier's newest list is just being stored, that holds.
    """
    factor = settings.CATALOGUE_PRICE_FACTOR
    if not offer.cost / factor <= cost <= offer.cost * factor:
        logger.warning("cost not believed", supplier=offer.supplier.code, offer=offer.pk, cost=cost)
        return
    with transaction.atomic():
        free = Offer.objects.select_for_update(skip_locked=True, no_key=True).filter(pk=offer.pk)
        if free.first() is None:
            return
        Offer.objects.filter(pk=offer.pk).update(cost=cost, updated_at=now)
        reprice_some([offer.pk], supplier=offer.supplier, now=now)
    mark_availability_stale([offer.supplier_id], now=now)


def reprice_some(offers: Iterable[int], *, supplier: Supplier, now: datetime) -> int:
    """Bake the prices of a few offers of one supplier; return how many changed."""
    pricing = read_pricing(now)
    which = "offer.id = ANY(%(offers)s)"
    changed = _write_prices(which, pricing, supplier, {"offers": list(offers)})
    # The supplier's other prices may come from older rules: then all are looked at once more.
    known = ["", pricing.fingerprint(supplier)]
    Supplier.objects.filter(pk=supplier.pk).exclude(priced_by__in=known).update(priced_by="")
    return changed


def _reprice_supplier(
    supplier: Supplier, pricing: Pricing, fingerprint: str, *, clock: Clock, within: float | None
) -> Repricing:
    """Reprice chunk by chunk; whoever stores other prices meanwhile takes our mark away."""
    mark = f"~{fingerprint[1:]}"
    Supplier.objects.filter(pk=supplier.pk).update(priced_by=mark, stale_since=clock.now())
    changed = 0
    for first, last in _chunks(supplier):
        if within is not None and clock.elapsed() > within:
            return Repricing(changed, is_complete=False)
        with transaction.atomic():
            if not try_lock_offers(supplier):
                return Repricing(changed, is_complete=False)
            changed += _write_prices(
                "offer.service_id BETWEEN %(first)s AND %(last)s",
                pricing,
                supplier,
                {"first": first, "last": last},
            )
    marked = Supplier.objects.filter(pk=supplier.pk, priced_by=mark)
    is_complete = marked.update(priced_by=fingerprint) == 1
    logger.info("offers repriced", supplier=supplier.code, changed=changed)
    return Repricing(changed, is_complete)


def _chunks(supplier: Supplier) -> Iterator[tuple[int, int]]:
    """Yield ranges of services, the first and the last of each, with about as many offers each."""
    first: int | None = None
    last = size = 0
    counted = Offer.objects.filter(supplier=supplier).values_list("service_id")
    for last, count in counted.annotate(n=Count("pk")).order_by("service_id"):
        first = last if first is None else first
        size += count
        if size >= _CHUNK:
            yield first, last
            first, size = None, 0
    if first is not None:
        yield first, last


def _write_prices(which: str, pricing: Pricing, supplier: Supplier, values: dict[str, Any]) -> int:
    """Price the offers of a supplier that meet a condition, and write the prices that differ.

    The condition stands twice: from the rows priced alone the planner would not see that it need
    not look through all offers for them.
    """
    these = f"offer.supplier_id = %(supplier)s AND {which}"
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            {priced_sql(f"(SELECT * FROM catalog_offer offer WHERE {these})")}
            UPDATE catalog_offer offer SET price = priced.new_price FROM priced
            WHERE offer.id = priced.id AND {these}
              AND offer.price IS DISTINCT FROM priced.new_price
            """,
            {"supplier": supplier.pk, **pricing.values(supplier), **values},
        )
        changed: int = cursor.rowcount
    return changed


def priced_sql(source: str, *, rules: str = "rules") -> str:
    """Return a WITH clause that gives rows with service, country and `cost` their `new_price`.

    `quote` is what the rule says, also where that leaves too little; `rules` names the parameter.

    The most specific rule wins: one for service and country, for the service, for the country,
    for everything; of two alike the supplier's own, and then the newest. So there are at most
    four to look at for an offer, each found by hashing instead of going through all rules.
    """
    return f"""
    WITH rules AS MATERIALIZED (
        SELECT DISTINCT ON (service_id, country_id) *
        FROM jsonb_to_recordset(%({rules})s::jsonb) AS rule (
            id bigint, service_id bigint, country_id bigint, supplier_id bigint,
            markup_percent numeric, markup_fixed bigint, floor bigint, ceiling bigint,
            rounding bigint
        )
        ORDER BY service_id, country_id, supplier_id NULLS LAST, id DESC
    ), of_all AS MATERIALIZED (
        -- Nothing to hash it by: looked for among all rules it would be looked for at each offer.
        SELECT * FROM rules WHERE service_id IS NULL AND country_id IS NULL
    ), rate AS (
        SELECT %(rate)s::numeric AS rate
    ), quoted AS (
        SELECT offer.*, offer.cost * rate.rate AS shop_cost, rule.id AS rule_id,
            -- greatest and least pass over NULL, so an offer without a rule is told apart first
            CASE WHEN rule.id IS NOT NULL THEN {PRICE_SQL} END AS quote
        FROM {source} offer
        CROSS JOIN rate
        LEFT JOIN rules of_both ON of_both.service_id = offer.service_id
            AND of_both.country_id = offer.country_id
        LEFT JOIN rules of_service ON of_service.service_id = offer.service_id
            AND of_service.country_id IS NULL
        LEFT JOIN rules of_country ON of_country.country_id = offer.country_id
            AND of_country.service_id IS NULL
        LEFT JOIN of_all ON true
        LEFT JOIN rules rule
            ON rule.id = coalesce(of_both.id, of_service.id, of_country.id, of_all.id)
    ), priced AS (
        SELECT quoted.*, CASE WHEN shop_cost <= quote * %(keep)s THEN quote END AS new_price
        FROM quoted
    )
    """
