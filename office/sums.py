"""The queries behind the kept sums: one for each, used to keep them, to read what is not kept
yet, and to check them against the rows.

Times are half-open: from `since`, before `until`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection

from office.models import Fold

HOUR = timedelta(hours=1)
#: before everything that the shop ever did
BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Kept:
    """One table of sums: its columns beside the sums, and how they come from the rows.

    `rows` is a SELECT of `time`, the columns and the sums, between `since` and `until`.
    """

    name: str
    table: str
    time: str
    columns: tuple[str, ...]
    sums: tuple[str, ...]
    rows: str

    def grouped(self, source: str) -> str:
        columns = ", ".join((self.time, *self.columns))
        sums = ", ".join(f"sum({name})::bigint AS {name}" for name in self.sums)
        return f"SELECT {columns}, {sums} FROM ({source}) AS found GROUP BY {columns}"

    @property
    def insert(self) -> str:
        """Sum up the rows between `since` and `until` into the table."""
        names = ", ".join((self.time, *self.columns, *self.sums))
        return f"INSERT INTO {self.table} ({names}) {self.grouped(self.rows)}"

    @property
    def kept(self) -> str:
        names = ", ".join((self.time, *self.columns, *self.sums))
        return (
            f"SELECT {names} FROM {self.table}"
            f" WHERE {self.time} >= %(since)s AND {self.time} < %(until)s"
        )


MONEY = Kept(
    name="money",
    table="office_moneyhour",
    time="hour",
    columns=("mode", "kind", "debit", "credit", "currency"),
    sums=("amount", "count"),
    rows="""
        SELECT date_trunc('hour', transfer.created_at, 'UTC') AS hour, transfer.mode,
            transfer.kind, debit.kind AS debit, credit.kind AS credit, transfer.currency,
            transfer.amount, 1 AS count
        FROM wallet_transfer transfer
        JOIN wallet_ledgeraccount debit ON debit.id = transfer.debit_id
        JOIN wallet_ledgeraccount credit ON credit.id = transfer.credit_id
        WHERE transfer.created_at >= %(since)s AND transfer.created_at < %(until)s
    """,
)

ORDERS = Kept(
    name="orders",
    table="office_orderhour",
    time="hour",
    columns=("mode", "status", "wait"),
    sums=("count",),
    rows="""
        SELECT date_trunc('hour', created_at, 'UTC') AS hour, mode, status,
            floor(extract(epoch FROM received_at - created_at))::integer AS wait, 1 AS count
        FROM orders_order WHERE created_at >= %(since)s AND created_at < %(until)s
    """,
)

# What a transfer's order was of, and who served it. A loss names its attempt, since an order may
# have had several; of a charged order there is one purchase that was used.
SALES = Kept(
    name="sales",
    table="office_salesday",
    time="day",
    columns=("mode", "supplier_id", "service", "country", "kind", "currency"),
    sums=("amount", "count"),
    rows=f"""
        SELECT (transfer.created_at AT TIME ZONE '{settings.TIME_ZONE}')::date AS day,
            transfer.mode,
            coalesce(lost.supplier_id, stray.supplier_id, used.supplier_id, 0) AS supplier_id,
            coalesce(placed.service_id, '') AS service, coalesce(placed.country_id, '') AS country,
            transfer.kind, transfer.currency, transfer.amount, 1 AS count
        FROM wallet_transfer transfer
        LEFT JOIN orders_order placed ON placed.id = transfer.order_id
        LEFT JOIN orders_purchaseattempt lost ON lost.id =
            CASE WHEN transfer.kind IN ('loss', 'loss_back')
                THEN split_part(transfer.reference, ':', 2)::bigint END
        LEFT JOIN orders_straypurchase stray ON stray.id =
            CASE WHEN transfer.kind = 'stray'
                THEN split_part(transfer.reference, ':', 2)::bigint END
        LEFT JOIN LATERAL (
            SELECT supplier_id FROM orders_purchaseattempt attempt
            WHERE attempt.order_id = transfer.order_id AND attempt.reference <> ''
                AND attempt.state IN ('bought', 'finished', 'review')
            ORDER BY attempt.id DESC LIMIT 1
        ) used ON transfer.kind IN ('capture', 'cost', 'cost_back', 'refund')
        WHERE transfer.created_at >= %(since)s AND transfer.created_at < %(until)s
            AND transfer.kind IN
                ('capture', 'refund', 'cost', 'cost_back', 'loss', 'loss_back', 'stray')
    """,
)


def folded_until(kept: Kept) -> datetime:
    """Everything before this is in the kept sums."""
    until = Fold.objects.filter(name=kept.name).values_list("until", flat=True).first()
    return until or BEGINNING


def hourly(
    kept: Kept, *, since: datetime, until: datetime, group: str, where: str = "true", **values: Any
) -> list[tuple[Any, ...]]:
    """Return sums between two times, exact to the last row: whole hours from what is kept, the
    rest from the rows. `group` are SQL expressions over the columns and `hour`.
    """
    parts, params = [], dict(values)
    for number, (source, begin, end) in enumerate(_spans(kept, since, until)):
        names = {"since": f"since_{number}", "until": f"until_{number}"}
        parts.append(source % {name: f"%({value})s" for name, value in names.items()})
        params |= {names["since"]: begin, names["until"]: end}
    sums = ", ".join(f"sum({name})::bigint" for name in kept.sums)
    query = (
        f"SELECT {group}, {sums} FROM ({' UNION ALL '.join(parts)}) AS found"
        f" WHERE {where} GROUP BY {group}"
    )
    return fetch(query, params)


def _spans(
    kept: Kept, since: datetime, until: datetime
) -> Sequence[tuple[str, datetime, datetime]]:
    """Part a span into what is kept and what must be read from the rows."""
    begin = next_hour(since)
    end = min(this_hour(until), folded_until(kept))
    if begin >= end:
        return [(_live(kept), since, until)]
    spans = [(_live(kept), since, begin), (kept.kept, begin, end), (_live(kept), end, until)]
    return [span for span in spans if span[1] < span[2]]


def _live(kept: Kept) -> str:
    names = ", ".join((kept.time, *kept.columns, *kept.sums))
    return f"SELECT {names} FROM ({kept.rows}) AS live"


def this_hour(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def next_hour(moment: datetime) -> datetime:
    begun = this_hour(moment)
    return begun if begun == moment else begun + HOUR


def fetch(query: str, params: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, params)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
