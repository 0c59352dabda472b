"""What the books and the orders say together; `audit_ledger` proves that they agree."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from accounts.models import User
from catalog.actions import mark_availability_stale

# Observed success is counted over this long.
_WINDOW = timedelta(days=14)
#: whoever waited less for a code than this had no chance to see one
PATIENCE = timedelta(seconds=90)
# An account's own success rate is that of orders placed since.
_SUCCESS_WINDOW = timedelta(days=30)


def audit_ledger() -> list[str]:
    """Return every way in which ledger and orders disagree; an empty list is the proof.

    One snapshot for all checks, so that orders moving meanwhile cannot look like errors.
    """
    findings: list[str] = []
    with connection.cursor() as cursor:
        cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        try:
            for title, query in _CHECKS.items():
                cursor.execute(query)
                findings += [
                    f"{title}: {' '.join(str(value) for value in row)}" for row in cursor.fetchall()
                ]
        finally:
            cursor.execute("COMMIT")
    return findings


_OPEN = "('purchasing', 'waiting', 'closing')"
_CAPTURED = "('received', 'success')"

_CHECKS = {
    "wallet balance differs from its transfers": """
        SELECT account.id, account.balance, coalesce(moved.total, 0)
        FROM wallet_ledgeraccount account
        LEFT JOIN (
            SELECT account, sum(amount) AS total FROM (
                SELECT credit_id AS account, amount FROM wallet_transfer
                UNION ALL SELECT debit_id, -amount FROM wallet_transfer
            ) AS side GROUP BY account
        ) moved ON moved.account = account.id
        WHERE account.guarded AND account.balance <> coalesce(moved.total, 0)
    """,
    "running balance of a wallet jumps": """
        SELECT wallet, id, balance_after, expected FROM (
            SELECT account.id AS wallet, transfer.id, transfer.balance_after,
                sum(CASE WHEN transfer.credit_id = account.id THEN transfer.amount
                         ELSE -transfer.amount END)
                    OVER (PARTITION BY account.id ORDER BY transfer.id) AS expected
            FROM wallet_ledgeraccount account
            JOIN wallet_transfer transfer ON account.id IN (transfer.debit_id, transfer.credit_id)
            WHERE account.guarded
        ) AS chain WHERE balance_after <> expected
    """,
    "orders_in_progress differs from the prices of open orders (mode, ledger, orders)": f"""
        SELECT mode, sum(held), sum(priced) FROM (
            SELECT account.mode, sum(CASE WHEN transfer.credit_id = account.id
                THEN transfer.amount ELSE -transfer.amount END) AS held, 0 AS priced
            FROM wallet_ledgeraccount account
            JOIN wallet_transfer transfer ON account.id IN (transfer.debit_id, transfer.credit_id)
            WHERE account.kind = 'orders_in_progress' GROUP BY account.mode
            UNION ALL
            SELECT mode, 0, sum(price) FROM orders_order WHERE status IN {_OPEN} GROUP BY mode
        ) AS sides GROUP BY mode HAVING sum(held) <> sum(priced)
    """,
    "order without its hold": """
        SELECT placed.public_id FROM orders_order placed LEFT JOIN wallet_transfer transfer
            ON transfer.reference = 'hold:' || placed.public_id AND transfer.order_id = placed.id
            AND transfer.amount = placed.price
        WHERE transfer.id IS NULL
    """,
    "order and its settlement disagree (order, status, settlement)": f"""
        SELECT placed.public_id, placed.status, transfer.kind
        FROM orders_order placed LEFT JOIN wallet_transfer transfer
            ON transfer.reference = 'settle:' || placed.public_id
        WHERE CASE
            WHEN placed.status IN {_OPEN} THEN transfer.id IS NOT NULL
            WHEN placed.status IN {_CAPTURED} THEN transfer.kind IS DISTINCT FROM 'capture'
                OR transfer.amount <> placed.price
            ELSE transfer.kind IS DISTINCT FROM 'release' OR transfer.amount <> placed.price END
    """,
    "captured order and its cost disagree (order, attempts, costs)": f"""
        SELECT placed.public_id, count(attempt.id), count(transfer.id)
        FROM orders_order placed
        LEFT JOIN orders_purchaseattempt attempt ON attempt.order_id = placed.id
            AND attempt.state IN ('bought', 'finished', 'review') AND attempt.cost > 0
            AND attempt.reference <> ''
        LEFT JOIN wallet_transfer transfer ON transfer.reference = 'cost:' || placed.public_id
            AND transfer.amount = attempt.cost AND transfer.currency = attempt.currency
        GROUP BY placed.id
        HAVING CASE WHEN placed.status IN {_CAPTURED}
            THEN count(attempt.id) <> count(transfer.id) ELSE count(transfer.id) > 0 END
    """,
    "refund shown and refund paid disagree": """
        SELECT placed.public_id, refund_amount, coalesce(sum(transfer.amount), 0)
        FROM orders_order placed LEFT JOIN wallet_transfer transfer
            ON transfer.order_id = placed.id AND transfer.kind IN ('release', 'refund')
        GROUP BY placed.id HAVING refund_amount <> coalesce(sum(transfer.amount), 0)
    """,
    "transfer for an order that does not exist": """
        SELECT transfer.reference FROM wallet_transfer transfer
        LEFT JOIN orders_order ON orders_order.id = transfer.order_id
        WHERE transfer.order_id IS NOT NULL AND orders_order.id IS NULL
    """,
    "purchase that nobody will end (attempt, state, order's status)": """
        SELECT attempt.id, attempt.state, placed.status
        FROM orders_purchaseattempt attempt JOIN orders_order placed ON placed.id = attempt.order_id
        WHERE attempt.state = 'sent' AND placed.status <> 'purchasing'
            OR attempt.state = 'bought' AND placed.status IN ('failed', 'cancelled', 'expired')
            OR attempt.state = 'bought' AND placed.status = 'success'
                AND attempt.next_action_at IS NULL
    """,
    "given back by the supplier and not by the books, or otherwise (attempt)": """
        SELECT attempt.id FROM orders_purchaseattempt attempt
        JOIN orders_order placed ON placed.id = attempt.order_id
        FULL JOIN (
            SELECT * FROM wallet_transfer WHERE kind IN ('cost_back', 'loss_back')
        ) transfer ON transfer.order_id = placed.id AND transfer.amount = attempt.cost
            AND transfer.currency = attempt.currency AND transfer.reference IN (
                'costback:' || placed.public_id, 'lossback:' || attempt.id)
        WHERE (attempt.returned_at IS NOT NULL AND attempt.cost > 0) <> (transfer.id IS NOT NULL)
            OR transfer.id IS NOT NULL AND attempt.id IS NULL
    """,
    "stray purchase and its loss disagree": """
        SELECT stray.id FROM orders_straypurchase stray
        FULL JOIN (SELECT * FROM wallet_transfer WHERE kind = 'stray') transfer
            ON transfer.reference = 'stray:' || stray.id AND transfer.amount = stray.cost
        WHERE (coalesce(stray.state, '') = 'lost' AND stray.cost > 0) <> (transfer.id IS NOT NULL)
    """,
    "supplier's top-up and its transfer disagree": """
        SELECT paid.id FROM orders_suppliertopup paid
        FULL JOIN (SELECT * FROM wallet_transfer WHERE kind = 'prepay') transfer
            ON transfer.reference = 'prepay:' || paid.id AND transfer.amount = paid.amount
        WHERE paid.id IS NULL OR transfer.id IS NULL
    """,
    "confirmed top-up and its credit disagree (top-up, state, credited, transferred)": """
        SELECT paid.public_id, paid.state, paid.credited, transfer.amount
        FROM wallet_topup paid
        LEFT JOIN wallet_transfer transfer ON transfer.reference = 'topup:' || paid.public_id
        LEFT JOIN wallet_ledgeraccount account ON account.id = transfer.credit_id
        WHERE CASE WHEN paid.state = 'confirmed'
            THEN transfer.kind IS DISTINCT FROM 'top_up' OR transfer.amount <> paid.credited
                OR transfer.currency <> paid.currency OR account.owner_id <> paid.user_id
                OR account.mode <> 'live'
            ELSE transfer.id IS NOT NULL END
    """,
    # What commands credit has a name of another kind.
    "top-up credited that nobody asked for": """
        SELECT transfer.reference FROM wallet_transfer transfer
        LEFT JOIN wallet_topup paid ON transfer.reference = 'topup:' || paid.public_id
        WHERE transfer.kind = 'top_up' AND paid.id IS NULL
            AND transfer.reference LIKE 'topup:tup!_%%' ESCAPE '!'
    """,
    "lost attempt and its loss disagree": """
        SELECT attempt.id FROM orders_purchaseattempt attempt
        FULL JOIN (SELECT * FROM wallet_transfer WHERE kind = 'loss') transfer
            ON transfer.reference = 'loss:' || attempt.id
        WHERE (attempt.state = 'lost' AND attempt.cost > 0) <> (transfer.id IS NOT NULL)
    """,
}


def count_deliveries(*, now: datetime) -> int:
    """Write into offers and suppliers how many recent orders ended and how many got a code.

    An order that its customer cancelled soon says nothing about the supplier, unless the number
    had been used before. Returns how many offers changed.
    """
    since: dict[str, Any] = {"since": now - _WINDOW, "patience": PATIENCE}
    with connection.cursor() as cursor:
        cursor.execute(_COUNT_DELIVERIES, since)
        suppliers = [row[0] for row in cursor.fetchall()]
        cursor.execute(_COUNT_SUPPLIERS)
    if suppliers:
        mark_availability_stale(suppliers, now=now)
    return len(suppliers)


# Orders beyond the window are passed over by their block range, and only offers that have or get
# a count are touched, so that neither history nor the catalogue make this dearer.
_COUNT_DELIVERIES = f"""
WITH counted AS (
    SELECT attempt.supplier_id, service.id AS service_id, country.id AS country_id,
        attempt.operator, count(DISTINCT placed.id) AS ended,
        count(DISTINCT placed.id) FILTER (WHERE placed.status IN {_CAPTURED}) AS delivered
    FROM orders_order placed
    JOIN orders_purchaseattempt attempt ON attempt.order_id = placed.id
    JOIN catalog_service service ON service.code = placed.service_id
    JOIN catalog_country country ON country.code = placed.country_id
    WHERE placed.created_at >= %(since)s AND attempt.reference <> ''
      AND (placed.status IN ('received', 'success', 'expired')
        OR placed.status = 'cancelled' AND (placed.number_reported_at IS NOT NULL
            OR placed.closing_since >= placed.created_at + %(patience)s))
    GROUP BY attempt.supplier_id, service.id, country.id, attempt.operator
), changed AS (
    SELECT offer.id, counted.ended, counted.delivered
    FROM counted JOIN catalog_offer offer USING (supplier_id, service_id, country_id, operator)
    UNION ALL
    SELECT id, 0, 0 FROM catalog_offer offer WHERE ended_count > 0 AND NOT EXISTS (
        SELECT FROM counted WHERE counted.supplier_id = offer.supplier_id
          AND counted.service_id = offer.service_id AND counted.country_id = offer.country_id
          AND counted.operator = offer.operator
    )
)
UPDATE catalog_offer offer
SET ended_count = changed.ended, delivered_count = changed.delivered
FROM changed
WHERE offer.id = changed.id AND (offer.ended_count, offer.delivered_count)
    IS DISTINCT FROM (changed.ended, changed.delivered)
RETURNING offer.supplier_id
"""

_COUNT_SUPPLIERS = """
WITH counted AS (
    SELECT supplier_id AS id, sum(ended_count) AS ended, sum(delivered_count) AS delivered
    FROM catalog_offer WHERE ended_count > 0 GROUP BY supplier_id
)
UPDATE catalog_supplier supplier
SET ended_count = coalesce(counted.ended, 0), delivered_count = coalesce(counted.delivered, 0)
FROM catalog_supplier same LEFT JOIN counted ON counted.id = same.id
WHERE supplier.id = same.id AND (supplier.ended_count, supplier.delivered_count)
    IS DISTINCT FROM (coalesce(counted.ended, 0), coalesce(counted.delivered, 0))
"""


@dataclass(frozen=True, slots=True)
class OrderUsage:
    """What an account bought; `spent` is in minor units of the shop's currency."""

    today: int
    this_month: int
    spent_this_month: int
    success_rate: float | None


def order_usage(user: User, mode: str, *, now: datetime) -> OrderUsage:
    """Count an account's orders of today, of this month and of the last 30 days.

    Days are the shop's. Orders that failed were never bought and do not count. Spent is what was
    charged for this month's orders, less what was given back.
    """
    today = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    month = today.replace(day=1)
    since = now - _SUCCESS_WINDOW
    values: dict[str, int | str | datetime] = {
        "user": user.pk,
        "mode": mode,
        "today": today,
        "month": month,
        "since": since,
        "earliest": min(month, since) - _OUT_OF_ORDER,
    }
    with connection.cursor() as cursor:
        cursor.execute(_ORDER_USAGE, values)
        placed_today, placed, spent, delivered, ended = cursor.fetchone()
    rate = round(delivered / ended, 3) if ended else None
    return OrderUsage(placed_today, placed, int(spent), rate)


# Orders get their numbers nearly in the order of their times; not further apart than this.
_OUT_OF_ORDER = timedelta(hours=1)

# The index of an account's orders by number is walked back to where they are too old, so that
# what it costs depends on the time looked at and not on the length of the history.
_ORDER_USAGE = f"""
SELECT count(*) FILTER (WHERE created_at >= %(today)s),
    count(*) FILTER (WHERE created_at >= %(month)s),
    coalesce(sum(price - refund_amount) FILTER (
        WHERE created_at >= %(month)s AND status IN {_CAPTURED}), 0),
    count(*) FILTER (WHERE created_at >= %(since)s AND status IN {_CAPTURED}),
    count(*) FILTER (WHERE created_at >= %(since)s AND status NOT IN {_OPEN})
FROM orders_order
WHERE user_id = %(user)s AND mode = %(mode)s AND status <> 'failed' AND id > coalesce((
    SELECT id FROM orders_order
    WHERE user_id = %(user)s AND mode = %(mode)s AND created_at < %(earliest)s
    ORDER BY id DESC LIMIT 1), 0)
"""
