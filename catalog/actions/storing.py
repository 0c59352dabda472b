"""Bringing a supplier's offers in line with a price list that has been read to its end.

The list is compared with the offers in one pass that leaves only what must be written, priced as
it is written; all in the caller's transaction. What we do not believe yet is held back: a cost
that moved by more than a factor, and the loss of most of a country or a service. It counts once
enough syncs in a row have said so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection

from catalog.actions.availability import refresh_availability
from catalog.actions.comparing import CostChanges, read_changes
from catalog.actions.proposing import note_unknown_codes
from catalog.actions.repricing import Pricing, priced_sql
from catalog.actions.spooling import Spool
from catalog.models import Supplier

# A country or a service is too small for its losses to tell anything below this many offers.
_SMALLEST_GROUP = 20
LARGEST_LOSS = 0.5


@dataclass(frozen=True, slots=True)
class Stored:
    """What a list brought: offers added, changed and gone, changes held back, unknown codes."""

    added: int
    changed: int
    vanished: int
    held: int
    unmapped: int
    changes: CostChanges


def store_listings(
    supplier: Supplier, spool: Spool, pricing: Pricing, *, believe_losses: bool, now: datetime
) -> Stored:
    """Store a price list; the supplier's offers are locked and its codes mapped."""
    values = {
        "supplier": supplier.pk,
        "now": now,
        "factor": settings.CATALOGUE_PRICE_FACTOR,
        "confirmations": settings.CATALOGUE_CONFIRMATIONS,
        "smallest": _SMALLEST_GROUP,
        "loss": LARGEST_LOSS,
        **pricing.values(supplier),
    }
    _run("SET LOCAL work_mem = '64MB'", "SET LOCAL jit = off", _STAGE)
    with connection.cursor() as cursor:
        spool.copy_to(cursor, "COPY staged_listing FROM STDIN")
    _run("ANALYZE staged_listing")
    unmapped = note_unknown_codes(supplier)
    for field in ("service", "country"):
        _run(_MEANT.format(field=field), values=values)
    _run("ANALYZE meant_service, meant_country", _LISTED, values=values)
    _run("ANALYZE listed", _PLANNED, "ANALYZE planned", values=values)
    is_doubtful = _run(_UNLISTED) > 0 and not believe_losses
    values["countries"] = _doubted("country_id", values) if is_doubtful else []
    values["services"] = _doubted("service_id", values) if is_doubtful else []
    _run(_HOLD, values=values)
    held = _run(_STORE_HELD, values=values)
    _run(_RELEASE_HELD, values=values)
    changes = read_changes()
    stored = Stored(
        added=_run(_ADD, values=values),
        changed=_run(_CHANGE, values=values),
        vanished=_run(_VANISH, values=values),
        held=held,
        unmapped=unmapped,
        changes=changes,
    )
    _run("DROP TABLE staged_listing, meant_service, meant_country, listed, planned")
    if stored.added or stored.changed or stored.vanished:
        refresh_availability(supplier, now=now)
    return stored


def _doubted(group: str, values: dict[str, Any]) -> list[int]:
    """Return the countries or services that lost more of what is in stock than we believe."""
    with connection.cursor() as cursor:
        cursor.execute(_DOUBTED.format(group=group), values)
        return [row[0] for row in cursor.fetchall()]


def _run(*statements: str, values: dict[str, Any] | Sequence[Any] | None = None) -> int:
    """Run statements and return how many rows the last one wrote."""
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement, values)
        changed: int = cursor.rowcount
    return changed


_STAGE = """
CREATE TEMPORARY TABLE staged_listing (
    service text, country text, operator text, cost bigint, stock integer
) ON COMMIT DROP
"""

# A copy of its own, as only what has been analyzed is joined in the right way: codes mapped just
# now would otherwise be looked for one by one, in minutes instead of a moment.
_MEANT = """
CREATE TEMPORARY TABLE meant_{field} ON COMMIT DROP AS
SELECT code, {field}_id AS id FROM catalog_{field}mapping
WHERE supplier_id = %(supplier)s AND is_reviewed AND {field}_id IS NOT NULL
"""

# Two of a supplier's codes may mean the same to us; the cheaper one in stock is then the offer.
_LISTED = """
CREATE TEMPORARY TABLE listed ON COMMIT DROP AS
SELECT DISTINCT ON (service.id, country.id, staged.operator)
    service.id AS service_id, country.id AS country_id, staged.operator,
    staged.service AS supplier_service, staged.country AS supplier_country,
    staged.cost, staged.stock
FROM staged_listing staged
JOIN meant_service service ON service.code = staged.service
JOIN meant_country country ON country.code = staged.country
ORDER BY service.id, country.id, staged.operator, staged.stock = 0, staged.cost
"""

# Whatever differs, or was held back before.
_PLANNED = """
CREATE TEMPORARY TABLE planned ON COMMIT DROP AS
SELECT offer.id, service_id, country_id, operator, offer.cost AS old_cost, listed.cost,
    offer.stock AS old_stock, listed.stock, offer.price,
    coalesce(listed.supplier_service, offer.supplier_service) AS supplier_service,
    coalesce(listed.supplier_country, offer.supplier_country) AS supplier_country,
    listed.cost > offer.cost * %(factor)s OR listed.cost * %(factor)s < offer.cost AS is_jump,
    false AS is_unlisted,
    CASE WHEN held.cost BETWEEN listed.cost / %(factor)s AND listed.cost * %(factor)s
           OR held.cost IS NULL AND listed.cost IS NULL
        THEN coalesce(held.seen_count, 0) + 1 ELSE 1 END AS seen_count,
    false AS is_held
FROM listed
FULL JOIN (SELECT * FROM catalog_offer WHERE supplier_id = %(supplier)s) offer
    USING (service_id, country_id, operator)
LEFT JOIN catalog_heldchange held ON held.offer_id = offer.id
WHERE (offer.id IS NULL AND listed.stock > 0)
   OR (listed.cost IS NULL AND offer.stock > 0)
   OR (offer.cost, offer.stock, offer.supplier_service, offer.supplier_country) IS DISTINCT FROM
      (listed.cost, listed.stock, listed.supplier_service, listed.supplier_country)
      AND offer.id IS NOT NULL AND listed.cost IS NOT NULL
   OR held.offer_id IS NOT NULL
"""

# An offer whose line still stands in the list, under codes that no longer mean it, has not been
# lost by the supplier: people changed what the codes mean, and that is believed.
_UNLISTED = """
UPDATE planned SET is_unlisted = true
WHERE cost IS NULL AND old_stock > 0 AND NOT EXISTS (
    SELECT FROM staged_listing staged
    WHERE staged.service = planned.supplier_service
      AND staged.country = planned.supplier_country AND staged.operator = planned.operator
)
"""

_DOUBTED = """
SELECT offer.{group} FROM catalog_offer offer
LEFT JOIN planned ON planned.id = offer.id AND planned.is_unlisted
WHERE offer.supplier_id = %(supplier)s AND offer.stock > 0
GROUP BY offer.{group}
HAVING count(*) >= %(smallest)s AND count(planned.id) > count(*) * %(loss)s
"""

_HOLD = """
UPDATE planned SET is_held = true
WHERE seen_count < %(confirmations)s AND (
    is_jump OR is_unlisted
    AND (country_id = ANY(%(countries)s::bigint[]) OR service_id = ANY(%(services)s::bigint[]))
)
"""

_STORE_HELD = """
INSERT INTO catalog_heldchange AS known (offer_id, cost, seen_count, since)
SELECT id, cost, seen_count, %(now)s FROM planned WHERE is_held
ON CONFLICT (offer_id) DO UPDATE SET cost = excluded.cost, seen_count = excluded.seen_count,
    since = CASE WHEN excluded.seen_count = 1 THEN excluded.since ELSE known.since END
"""

_RELEASE_HELD = """
DELETE FROM catalog_heldchange USING planned
WHERE catalog_heldchange.offer_id = planned.id AND NOT planned.is_held
"""

# In the order of the indexes, so that they grow at one end only.
_ADD = f"""
{priced_sql("(SELECT * FROM planned WHERE id IS NULL)")}
INSERT INTO catalog_offer (supplier_id, service_id, country_id, operator, supplier_service,
    supplier_country, cost, price, stock, delivered_count, ended_count, updated_at)
SELECT %(supplier)s, service_id, country_id, operator, supplier_service, supplier_country, cost,
    new_price, stock, 0, 0, %(now)s
FROM priced ORDER BY service_id, country_id, operator
"""

# A held cost stays what it was, and so does the price; the stock is believed.
_CHANGE = f"""
{
    priced_sql(
        "(SELECT id, service_id, country_id, supplier_service, supplier_country, stock, is_held,"
        " CASE WHEN is_held THEN old_cost ELSE cost END AS cost"
        " FROM planned WHERE id IS NOT NULL AND cost IS NOT NULL)"
    )
}
UPDATE catalog_offer offer SET cost = priced.cost, stock = priced.stock,
    price = CASE WHEN priced.is_held THEN offer.price ELSE priced.new_price END,
    supplier_service = priced.supplier_service, supplier_country = priced.supplier_country,
    updated_at = %(now)s
FROM priced
WHERE offer.id = priced.id AND offer.supplier_id = %(supplier)s
  AND (offer.cost, offer.stock, offer.supplier_service, offer.supplier_country)
    IS DISTINCT FROM
    (priced.cost, priced.stock, priced.supplier_service, priced.supplier_country)
"""

_VANISH = """
UPDATE catalog_offer offer SET stock = 0, updated_at = %(now)s
FROM planned
WHERE offer.id = planned.id AND offer.supplier_id = %(supplier)s AND offer.stock > 0
  AND planned.cost IS NULL AND NOT planned.is_held
"""
