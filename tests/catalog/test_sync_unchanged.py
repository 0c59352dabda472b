"""An unchanged price list writes nothing: no row of the catalogue gets a new version."""

from typing import Any

from django.db import connection

from catalog.models import Supplier
from tests.catalog.lists import NAMED, line, sync

TABLES = [
    "catalog_offer",
    "catalog_availability",
    "catalog_heldchange",
    "catalog_servicemapping",
    "catalog_countrymapping",
]


def versions() -> dict[str, Any]:
    """Every row of the catalogue with the transaction that wrote it."""
    found = {}
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"SELECT ctid::text, xmin::text FROM {table} ORDER BY 1")
            found[table] = cursor.fetchall()
    return found


def test_an_unchanged_list_leaves_every_row_alone(beta: Supplier, prices) -> None:
    prices.names = NAMED | {"tg": "Not Telegram", "zz": "Nobody knows"}
    prices.lines = [*prices.lines, line("zz"), line("wa", "9999")]
    sync(beta)
    before = versions()

    run = sync(beta)

    assert run.written_count == run.held_count == 0
    assert run.unmapped_count == 3
    assert versions() == before
    assert all(before[table] for table in TABLES if table != "catalog_heldchange")


def test_one_changed_line_writes_one_offer(beta: Supplier, prices) -> None:
    sync(beta)
    before = set(versions()["catalog_offer"])
    prices.lines = [line("wa", stock=6), *prices.lines[1:]]

    run = sync(beta)

    assert (run.changed_count, run.added_count, run.vanished_count) == (1, 0, 0)
    assert len(set(versions()["catalog_offer"]) - before) == 1
