"""The rate buckets of an account, and what holds while Redis is away.

Buckets belong to account, mode and name, never to a key: more keys give no more quota. Without
Redis, GENERAL and POLL go on with a limit in this process, ORDER with one in PostgreSQL.
"""

from datetime import timedelta
from functools import lru_cache

import structlog
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import RateCounter
from nexotp.lib.errors import RateLimited
from nexotp.lib.ratelimit import (
    Bucket,
    Decision,
    LimiterUnavailable,
    LocalLimiter,
    RedisLimiter,
    decide,
)
from nexotp.lib.tally import Tally

logger = structlog.get_logger(__name__)

# Wrong keys from one address: enough for a typing error in a loop, too few to search with.
_BAD_KEYS = Bucket("BAD_KEY", per_minute=60, burst=60)

_local = LocalLimiter()


@lru_cache(maxsize=1)
def _redis() -> RedisLimiter:
    return RedisLimiter(settings.REDIS_URL)


def tally() -> Tally:
    """Return the counts of calls that Redis keeps."""
    return _redis().tally


def take(key: str, bucket: Bucket, *, count_as: str = "") -> Decision:
    """Decide about one call of an account or an address; Redis counts it by name as well."""
    try:
        return _redis().take(key, bucket, count_as=count_as)
    except LimiterUnavailable:
        logger.warning("rate limiter unavailable", bucket=bucket.name)
    if bucket.name == "ORDER":
        return _take_in_database(key, bucket)
    return _local.take(key, bucket)


def forget_all() -> None:
    """Fill every bucket, for tests and for an operator who must."""
    _redis().clear()
    _local.clear()


@transaction.atomic
def _take_in_database(key: str, bucket: Bucket) -> Decision:
    now = timezone.now()
    RateCounter.objects.bulk_create([RateCounter(key=key, arrival=now)], ignore_conflicts=True)
    counter = RateCounter.objects.select_for_update().get(key=key)
    ahead = (counter.arrival - now) / timedelta(microseconds=1)
    decision, arrival = decide(bucket, ahead, 0.0)
    counter.arrival = now + timedelta(microseconds=arrival)
    counter.save(update_fields=["arrival"])
    return decision


def check_bad_key_limit(request: HttpRequest, address: str) -> None:
    """Count a wrong key against its sender. Raises RateLimited."""
    charge(request, f"ip:{address}", _BAD_KEYS)


def charge(request: HttpRequest, key: str, bucket: Bucket, *, count_as: str = "") -> None:
    """Take one call from a bucket and say in the answer what is left of it. Raises RateLimited."""
    decision = take(key, bucket, count_as=count_as)
    window = _seconds(bucket.interval * bucket.burst)
    request.answer_headers |= {  # type: ignore[attr-defined]
        "RateLimit-Policy": f'"{bucket.name}";q={bucket.burst};w={window}',
        "RateLimit": (f'"{bucket.name}";r={decision.remaining};t={_seconds(decision.reset_after)}'),
    }
    if not decision.allowed:
        raise RateLimited(retry_after=_seconds(decision.retry_after))


def _seconds(microseconds: int) -> int:
    return -(-microseconds // 1_000_000)
