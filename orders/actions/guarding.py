"""Keeping off accounts that buy in vain: suppliers rate us by what our customers do.

An account of whose recent orders nearly none got a code, or nearly all were cancelled, cools down:
it buys nothing for a while, is told until when, and begins afresh. Its open orders go on.
"""

from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import connection
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from nexotp.lib.errors import Problem
from nexotp.lib.http import timestamp

logger = structlog.get_logger(__name__)


class AccountCoolingDown(Problem):
    code = "account_cooling_down"
    status = 429
    retryable = True
    message = _(
        "Nearly none of your recent orders got a code, or nearly all were cancelled."
        " You can buy again later."
    )
    example_retry_after = 5400
    example_details = {"until": "2026-06-22T07:30:00.000Z"}

    until: datetime | None = None


def check_cool_down(user: User, now: datetime) -> None:
    """Raises AccountCoolingDown while the account may not buy."""
    if not user.is_cooling(now) or user.cooling_until is None:
        return
    left = user.cooling_until - now
    problem = AccountCoolingDown(
        retry_after=int(left.total_seconds()) + 1,
        details={"until": timestamp(user.cooling_until)},
    )
    problem.until = user.cooling_until
    raise problem


def cool_down_abusers(*, now: datetime) -> int:
    """Let every account that has bought in vain too often cool down; return how many begin to.

    Live orders only, and none that failed: nobody had a number then.
    """
    if not settings.COOL_DOWN_AFTER_ORDERS:
        return 0
    until = now + timedelta(minutes=settings.COOL_DOWN_MINUTES)
    values: dict[str, int | datetime] = {
        "now": now,
        "until": until,
        "since": now - timedelta(hours=settings.COOL_DOWN_WINDOW_HOURS),
        "enough": settings.COOL_DOWN_AFTER_ORDERS,
        "codes": settings.COOL_DOWN_BELOW_CODES_PERCENT,
        "cancelled": settings.COOL_DOWN_ABOVE_CANCELLED_PERCENT,
    }
    with connection.cursor() as cursor:
        cursor.execute(_COOL_DOWN, values)
        cooling = cursor.fetchall()
    for user_id, reason in cooling:
        logger.warning("account cools down", user=user_id, reason=reason, until=until.isoformat())
    return len(cooling)


_COOL_DOWN = """
WITH counted AS (
    SELECT placed.user_id, count(*) AS ended,
        count(*) FILTER (WHERE placed.status IN ('received', 'success')) AS codes,
        count(*) FILTER (WHERE placed.status = 'cancelled') AS cancelled
    FROM orders_order placed JOIN accounts_user account ON account.id = placed.user_id
    WHERE placed.created_at >= %(since)s AND placed.mode = 'live'
      AND placed.status IN ('received', 'success', 'expired', 'cancelled')
      AND (account.judged_from IS NULL OR placed.created_at >= account.judged_from)
    GROUP BY placed.user_id HAVING count(*) >= %(enough)s
)
UPDATE accounts_user account
SET cooling_until = %(until)s, judged_from = %(until)s,
    cooling_reason = counted.codes || ' codes, ' || counted.cancelled || ' cancelled of '
        || counted.ended
FROM counted
WHERE account.id = counted.user_id
  AND (account.cooling_until IS NULL OR account.cooling_until <= %(now)s)
  AND (counted.codes * 100 < %(codes)s * counted.ended
    OR counted.cancelled * 100 > %(cancelled)s * counted.ended)
RETURNING account.id, account.cooling_reason
"""
