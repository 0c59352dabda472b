"""What a price list changes, told before it is written: how costs moved, and what moved most."""

from dataclasses import dataclass, field
from typing import Any

from django.db import connection

_MOST = 10


@dataclass(frozen=True, slots=True)
class CostChanges:
    """How many costs rose and fell, the sum of the logarithms of how far, and the largest.

    `largest` is small JSON: under `dearer` and `cheaper` lists of service, country, operator, old
    and new cost; under `new` and `gone` lists of a service and how many of its offers.
    """

    dearer: int = 0
    cheaper: int = 0
    log_sum: float = 0
    largest: dict[str, Any] = field(default_factory=dict)


def read_changes() -> CostChanges:
    """Read from the planned changes what will be made of them; what is held back is left out."""
    with connection.cursor() as cursor:
        cursor.execute(_MOVED)
        dearer, cheaper, log_sum = cursor.fetchone()
        largest: dict[str, Any] = {}
        for name, query in _LARGEST.items():
            cursor.execute(query)
            if rows := [list(row) for row in cursor.fetchall()]:
                largest[name] = rows
    return CostChanges(dearer, cheaper, log_sum, largest)


_MOVED = """
SELECT count(*) FILTER (WHERE cost > old_cost), count(*) FILTER (WHERE cost < old_cost),
    coalesce(sum(ln(cost::double precision / old_cost))
        FILTER (WHERE cost <> old_cost AND old_stock > 0 AND stock > 0), 0)
FROM planned WHERE id IS NOT NULL AND cost IS NOT NULL AND NOT is_held
"""

_BY_COST = """
SELECT service_id, country_id, operator, old_cost, cost FROM planned
WHERE id IS NOT NULL AND NOT is_held AND cost {than} old_cost AND stock > 0
ORDER BY cost::double precision / old_cost {direction}, cost DESC LIMIT {most}
"""

_BY_SERVICE = """
SELECT service_id, count(*) FROM planned WHERE {which} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {most}
"""

_LARGEST = {
    "dearer": _BY_COST.format(than=">", direction="DESC", most=_MOST),
    "cheaper": _BY_COST.format(than="<", direction="ASC", most=_MOST),
    "new": _BY_SERVICE.format(which="id IS NULL", most=_MOST),
    "gone": _BY_SERVICE.format(
        which="id IS NOT NULL AND cost IS NULL AND old_stock > 0 AND NOT is_held", most=_MOST
    ),
}
