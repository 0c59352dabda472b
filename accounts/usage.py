"""How many calls an account made, by day and bucket.

No call waits for a row: Redis counts it in the round trip that decides about its limit, and a
task writes the counts down every minute. Calls made while Redis is away are not counted.
"""

from collections import Counter
from datetime import date, timedelta
from typing import Any

import structlog
from django.db import connection
from redis.exceptions import RedisError

from accounts.limits import tally
from accounts.models import DailyUsage, User
from nexotp.lib.tally import AlreadyFolding

logger = structlog.get_logger(__name__)

BUCKETS = ("GENERAL", "ORDER", "POLL")


def tally_name(day: date, owner: str) -> str:
    """Return what a call is counted under; `owner` is account, mode and bucket."""
    return f"{day.isoformat()}:{owner}"


def requests_by_day(
    user: User, mode: str, *, since: date, until: date
) -> Counter[tuple[date, str]]:
    """Return how many calls an account made from one day to another, by day and bucket."""
    rows = DailyUsage.objects.filter(user=user, mode=mode, day__range=(since, until))
    counted = Counter({(row.day, row.bucket): row.count for row in rows})
    days = [since + timedelta(days=number) for number in range((until - since).days + 1)]
    keys = [(day, bucket) for day in days for bucket in BUCKETS]
    try:
        latest = tally().counts(
            [tally_name(day, f"{user.pk}:{mode}:{bucket}") for day, bucket in keys]
        )
    except RedisError:
        logger.warning("usage without the last minute")
    else:
        counted.update(dict(zip(keys, latest, strict=True)))
    return counted


def fold_usage() -> int:
    """Write down what Redis has counted; return how many counts that were."""
    try:
        with tally().taken() as counts:
            if counts:
                _write_down(counts)
            return len(counts)
    except AlreadyFolding:
        return 0
    except RedisError as error:
        logger.warning("usage not written down", error=type(error).__name__)
        return 0


def _write_down(counts: dict[str, int]) -> None:
    columns: list[list[Any]] = [[], [], [], [], []]
    # In one order, so that two of these could never wait for each other.
    for name, count in sorted(counts.items()):
        day, user, mode, bucket = name.split(":")
        for column, value in zip(columns, (day, int(user), mode, bucket, count), strict=True):
            column.append(value)
    with connection.cursor() as cursor:
        cursor.execute(_WRITE_DOWN, columns)


# An account may have gone since it called.
_WRITE_DOWN = """
INSERT INTO accounts_dailyusage (day, user_id, mode, bucket, count)
SELECT counted.day, counted.user_id, counted.mode, counted.bucket, counted.count
FROM unnest(%s::date[], %s::bigint[], %s::text[], %s::text[], %s::bigint[])
    AS counted (day, user_id, mode, bucket, count)
JOIN accounts_user ON accounts_user.id = counted.user_id
ON CONFLICT (user_id, mode, day, bucket)
DO UPDATE SET count = accounts_dailyusage.count + excluded.count
"""
