"""What is on sale in sums: one pass over a supplier's offers, writing only sums that differ."""

from collections.abc import Iterable
from datetime import datetime

from django.db import connection, transaction

from accounts.models import Mode
from catalog.actions.locking import try_lock_offers
from catalog.models import Supplier


def refresh_availability(supplier: Supplier, *, now: datetime) -> int:
    """Sum up a supplier's offers, which are locked, and return how many sums were wrong.

    What costs more than is left of our money there is left out.
    """
    known = Supplier.objects.get(pk=supplier.pk)
    balance = known.known_balance(now)
    values = {
        "supplier": supplier.pk,
        "is_live": supplier.mode == Mode.LIVE,
        "balance": _UNLIMITED if balance is None else balance,
    }
    with connection.cursor() as cursor:
        cursor.execute(_REFRESH, values)
        changed, dearest = cursor.fetchone()
    if (dearest, balance) != (known.dearest_cost, known.summed_for):
        same = Supplier.objects.filter(pk=supplier.pk)
        same.update(dearest_cost=dearest, summed_for=balance)
    return int(changed)


def mark_availability_stale(suppliers: Iterable[int] | None = None, *, now: datetime) -> None:
    """Have the sums of these suppliers, or of all, refreshed by the next look, within seconds."""
    stale = (
        Supplier.objects.all()
        if suppliers is None
        else Supplier.objects.filter(pk__in=set(suppliers))
    )
    stale.update(stale_since=now)


def refresh_stale_availability(*, now: datetime) -> int:
    """Sum up again where offers, or what we can afford of them, have changed since.

    Returns how many sums were wrong.
    """
    changed = 0
    for supplier in Supplier.objects.order_by("pk"):
        if supplier.stale_since is None and supplier.is_summed_for(supplier.known_balance(now)):
            continue
        with transaction.atomic():
            if not try_lock_offers(supplier):
                continue  # whoever stores offers now sums them up as well, or leaves the mark
            changed += refresh_availability(supplier, now=now)
        # What changed while we read has left another mark, which stays.
        marked = Supplier.objects.filter(pk=supplier.pk, stale_since=supplier.stale_since)
        marked.update(stale_since=None)
    return changed


# Above every cost.
_UNLIMITED = 2**63 - 1

# Zero stands for "all of them" where rows are compared: NULL is not equal to NULL.
_REFRESH = """
WITH listed AS MATERIALIZED (
    SELECT operator, service_id, country_id, max(cost) AS dearest,
        min(price) FILTER (WHERE cost <= %(balance)s) AS price,
        sum(stock) FILTER (WHERE cost <= %(balance)s) AS stock,
        sum(delivered_count) FILTER (WHERE cost <= %(balance)s) AS delivered_count,
        sum(ended_count) FILTER (WHERE cost <= %(balance)s) AS ended_count
    FROM catalog_offer offer
    WHERE supplier_id = %(supplier)s AND stock > 0 AND price IS NOT NULL AND NOT EXISTS (
        SELECT FROM catalog_block block
        WHERE %(is_live)s AND (block.service_id IS NULL OR block.service_id = offer.service_id)
          AND (block.country_id IS NULL OR block.country_id = offer.country_id)
    )
    GROUP BY GROUPING SETS ((operator, service_id), (operator, country_id), (operator))
), sums AS MATERIALIZED (
    SELECT operator, service_id, country_id, price, stock, delivered_count, ended_count
    FROM listed WHERE price IS NOT NULL
), written AS (
    INSERT INTO catalog_availability AS known (supplier_id, operator, service_id, country_id,
        price, stock, delivered_count, ended_count)
    SELECT %(supplier)s, sums.* FROM sums
    ON CONFLICT (supplier_id, operator, service_id, country_id) DO UPDATE SET
        price = excluded.price, stock = excluded.stock,
        delivered_count = excluded.delivered_count, ended_count = excluded.ended_count
    WHERE (known.price, known.stock, known.delivered_count, known.ended_count)
        IS DISTINCT FROM
        (excluded.price, excluded.stock, excluded.delivered_count, excluded.ended_count)
    RETURNING 1
), removed AS (
    DELETE FROM catalog_availability known WHERE supplier_id = %(supplier)s AND NOT EXISTS (
        SELECT FROM sums
        WHERE sums.operator = known.operator
          AND coalesce(sums.service_id, 0) = coalesce(known.service_id, 0)
          AND coalesce(sums.country_id, 0) = coalesce(known.country_id, 0)
    )
    RETURNING 1
)
SELECT (SELECT count(*) FROM written) + (SELECT count(*) FROM removed),
    (SELECT max(dearest) FROM listed)
"""
