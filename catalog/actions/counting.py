"""What each pricing rule does for the offers there are, and which offers get no price."""

from collections import Counter
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from catalog.actions.repricing import priced_sql, read_pricing
from catalog.models import PricingRule, RuleCount, Supplier

_EXAMPLES = 50
# Without a rate it is not known whether a price leaves anything.
_IS_BELOW = "shop_cost > quote * %(keep)s"
_OFFERS = "(SELECT * FROM catalog_offer offer WHERE offer.supplier_id = %(supplier)s)"


def count_offers_by_rule(*, now: datetime) -> None:
    """Count, for each rule that is in force, the offers it makes the price of.

    Tiers' rules make no offer's price, and are not counted.
    """
    pricing = read_pricing(now)
    offers: Counter[int] = Counter({rule["id"]: 0 for rule in pricing.rules})
    below: Counter[int] = Counter()
    gaps: dict[int, int] = {}
    for supplier in Supplier.objects.order_by("pk"):
        for rule, count, below_count in _count(supplier, pricing.values(supplier)):
            if rule is None:
                gaps[supplier.pk] = count
            else:
                offers[rule] += count
                below[rule] += below_count
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE catalog_rulecount IN SHARE ROW EXCLUSIVE MODE")
        # Those that were deleted meanwhile are left out, and none is deleted before we are done.
        locked = PricingRule.objects.select_for_update(no_key=True, of=("self",))
        there = locked.filter(pk__in=offers).values_list("pk", flat=True)
        rows = [
            RuleCount(
                rule_id=rule, offer_count=offers[rule], below_count=below[rule], counted_at=now
            )
            for rule in there
        ]
        rows += [
            RuleCount(supplier_id=supplier, offer_count=count, counted_at=now)
            for supplier, count in gaps.items()
        ]
        RuleCount.objects.all().delete()
        RuleCount.objects.bulk_create(rows)


def offers_for_nothing(
    supplier: Supplier, *, rule: PricingRule | None, now: datetime
) -> list[dict[str, Any]]:
    """Return some of a supplier's offers that no rule prices, or that one prices under cost.

    Each has the offer's id, its cost in the supplier's currency, and `quote`, the price that the
    rule makes. They are read through all of the supplier's offers.
    """
    which = "rule_id IS NULL" if rule is None else f"rule_id = %(rule)s AND {_IS_BELOW}"
    values = read_pricing(now).values(supplier) | {"supplier": supplier.pk}
    with connection.cursor() as cursor:
        cursor.execute(
            f"{priced_sql(_OFFERS)} SELECT id, cost, quote, round(shop_cost) FROM priced"
            f" WHERE {which} ORDER BY stock DESC, id LIMIT {_EXAMPLES}",
            values | {"rule": rule.pk if rule else None},
        )
        found = cursor.fetchall()
    return [
        {"id": pk, "cost": cost, "quote": quote, "shop_cost": shop_cost}
        for pk, cost, quote, shop_cost in found
    ]


def _count(supplier: Supplier, values: dict[str, Any]) -> list[tuple[int | None, int, int]]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"{priced_sql(_OFFERS)} SELECT rule_id, count(*), count(*) FILTER (WHERE {_IS_BELOW})"
            " FROM priced GROUP BY rule_id",
            values | {"supplier": supplier.pk},
        )
        counted: list[tuple[int | None, int, int]] = cursor.fetchall()
    return counted
