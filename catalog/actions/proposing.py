"""What a supplier's codes may mean, for people to agree: nothing that is only proposed is sold.

A code table has proposed what it can when codes are mapped. Here the rest is looked for by name
and by calling prefix, and what waits behind each code is counted, so that the queue of codes to
review can begin with those that matter.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.db import connection

from accounts.models import Mode
from catalog.actions.mapping import bare
from catalog.models import (
    CodeMapping,
    Country,
    CountryMapping,
    Proposer,
    Service,
    ServiceMapping,
    Supplier,
)

# Somebody who floods us with codes shall not fill the table.
_MOST_NEW_CODES = 5_000
_SHORTEST_NAME = 3
_PREFIX = re.compile(r"\+(\d{1,4})")

Known = Mapping[str, Service | Country]


def note_unknown_codes(supplier: Supplier) -> int:
    """Queue the staged listings' codes for review where they are new; return how many wait."""
    waiting = 0
    models: list[type[Any]] = [ServiceMapping, CountryMapping]
    for model in models:
        column = model.MEANING
        values = {"supplier": supplier.pk, "most": _MOST_NEW_CODES}
        with connection.cursor() as cursor:
            for statement in (_SEEN, _QUEUE, _COUNT):
                cursor.execute(statement.format(table=model._meta.db_table, column=column), values)
            cursor.execute(_WAITING.format(table=model._meta.db_table), values)
            waiting += cursor.fetchone()[0]
            cursor.execute("DROP TABLE seen_code")
    if supplier.mode == Mode.LIVE:
        _propose(ServiceMapping, supplier, _services(), {})
        _propose(CountryMapping, supplier, _countries(), _prefixes())
    return waiting


def proposal(code: str, name: str, known: Known, prefixes: Known) -> tuple[Any, Proposer] | None:
    """Return what a code probably means, and why we think so."""
    if found := known.get(bare(name)) or known.get(bare(code)):
        return found, Proposer.NAME
    for part in _parts(name):
        if found := known.get(part):
            return found, Proposer.PART
    prefix = _PREFIX.search(name)
    if prefix and (found := prefixes.get(prefix[1])):
        return found, Proposer.PREFIX
    return None


def _propose(model: type[Any], supplier: Supplier, known: Known, prefixes: Known) -> None:
    proposed: list[CodeMapping] = []
    for mapping in model.objects.waiting().filter(supplier=supplier, **{model.MEANING: None}):
        if found := proposal(mapping.code, mapping.name, known, prefixes):
            mapping.meaning, mapping.proposed_by = found
            proposed.append(mapping)
    model.objects.bulk_update(proposed, [model.MEANING, "proposed_by"], batch_size=500)


def _services() -> Known:
    return _unique((bare(one.name), one) for one in Service.objects.filter(is_test=False))


def _countries() -> Known:
    return _unique(
        (bare(name), one)
        for one in Country.objects.all()
        for name in {one.name_en, one.name_id, one.code}
    )


def _prefixes() -> Known:
    return _unique((one.prefix.lstrip("+"), one) for one in Country.objects.all())


def _unique(named: Iterable[tuple[str, Any]]) -> Known:
    """Keep the names that only one thing has."""
    found: dict[str, Any] = {}
    shared = set()
    for name, one in named:
        if found.setdefault(name, one) != one:
            shared.add(name)
    return {name: one for name, one in found.items() if name not in shared}


def _parts(name: str) -> Iterator[str]:
    """Yield the beginnings of a name, the longest first, and then its words."""
    words = [word for word in (bare(part) for part in re.split(r"[\W_]+", name)) if word]
    beginnings = ("".join(words[:end]) for end in range(len(words) - 1, 0, -1))
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
