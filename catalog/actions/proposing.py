"""The queue of codes that people look at: what waits behind each, and a guess where there is none.

Tables, names and prefixes have proposed what they can when the codes were read. What is left is
looked for within names, and in codes that only the price list has. All of it is only proposed.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from django.db import connection

from accounts.models import Mode
from catalog.models import (
    CodeMapping,
    Country,
    CountryMapping,
    Proposer,
    Service,
    ServiceMapping,
    Supplier,
)
from catalog.proposals import alone, bare

# Somebody who floods us with codes shall not fill the table.
_MOST_NEW_CODES = 5_000
_SHORTEST_NAME = 3


def note_unknown_codes(supplier: Supplier) -> int:
    """Queue the staged listings' codes for review where they are new; return how many wait."""
    waiting = 0
    models: list[type[Any]] = [ServiceMapping, CountryMapping]
    for model in models:
        names = {"table": model._meta.db_table, "column": model.MEANING}
        values = {"supplier": supplier.pk, "most": _MOST_NEW_CODES}
        with connection.cursor() as cursor:
            for statement in (_SEEN, _QUEUE, _COUNT):
                cursor.execute(statement.format(**names), values)
            cursor.execute(_WAITING.format(**names), values)
            waiting += cursor.fetchone()[0]
            cursor.execute("DROP TABLE seen_code")
    if supplier.mode == Mode.LIVE:
        _guess(ServiceMapping, supplier, _services())
        _guess(CountryMapping, supplier, _countries())
    return waiting


def _guess(model: type[Any], supplier: Supplier, known: Mapping[str, Any]) -> None:
    guessed: list[CodeMapping] = []
    for mapping in model.objects.waiting().filter(supplier=supplier, **{model.MEANING: None}):
        parts = (part for part in name_parts(mapping.name or mapping.code) if part in known)
        if found := next(parts, None):
            mapping.meaning, mapping.proposed_by = known[found], Proposer.PART
            guessed.append(mapping)
    model.objects.bulk_update(guessed, [model.MEANING, "proposed_by"], batch_size=500)


def _services() -> Mapping[str, Service]:
    return alone((bare(one.name), one) for one in Service.objects.filter(is_test=False))


def _countries() -> Mapping[str, Country]:
    return alone(
        (name, one)
        for one in Country.objects.all()
        for name in {bare(one.name_en), bare(one.name_id)}
    )


def name_parts(name: str) -> Iterator[str]:
    """Yield a name, its beginnings, the longest first, and then its words."""
    words = [word for word in map(bare, re.split(r"[\W_]+", name)) if word]
    beginnings = ("".join(words[:end]) for end in range(len(words), 0, -1))
    yield from (part for part in (*beginnings, *words[1:]) if len(part) >= _SHORTEST_NAME)


_SEEN = """
CREATE TEMPORARY TABLE seen_code ON COMMIT DROP AS
SELECT {column} AS code, count(*) AS listings, sum(stock) AS stock FROM staged_listing GROUP BY 1
"""

_QUEUE = """
INSERT INTO {table} (supplier_id, code, name, is_reviewed, proposed_by, listing_count, stock_count)
SELECT %(supplier)s, code, '', false, 'code', listings, stock FROM seen_code
WHERE NOT EXISTS (
    SELECT FROM {table} known WHERE known.supplier_id = %(supplier)s AND known.code = seen_code.code
)
ORDER BY stock DESC LIMIT %(most)s
ON CONFLICT DO NOTHING
"""

_COUNT = """
UPDATE {table} mapping SET listing_count = coalesce(listings, 0), stock_count = coalesce(stock, 0)
FROM {table} same LEFT JOIN seen_code ON seen_code.code = same.code
WHERE mapping.id = same.id AND same.supplier_id = %(supplier)s AND NOT same.is_reviewed
  AND (same.listing_count, same.stock_count)
    IS DISTINCT FROM (coalesce(listings, 0), coalesce(stock, 0))
"""

_WAITING = """
SELECT count(*) FROM seen_code JOIN {table} mapping
    ON mapping.supplier_id = %(supplier)s AND mapping.code = seen_code.code
WHERE NOT mapping.is_reviewed
"""
