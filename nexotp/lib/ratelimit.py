"""GCRA: one atomic decision per call, on the clock of whoever keeps the state.

A bucket allows `burst` calls at once and refills at `per_minute`. The state is one number, the
theoretical arrival time: the moment at which the bucket would be full again.
Source of the algorithm: ITU-T I.371, annex A.
"""

import threading
import time
from dataclasses import dataclass

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from nexotp.lib.tally import KEPT_SECONDS, WAITING, Tally

_GCRA = """
local now = redis.call('TIME')
now = now[1] * 1000000 + now[2]
local interval, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local tat = tonumber(redis.call('GET', KEYS[1]) or now)
if tat < now then tat = now end
local room = now + interval * burst - tat
if room < interval then
  return {0, math.floor(room / interval), math.ceil(interval - room), math.ceil(tat - now)}
end
tat = tat + interval
redis.call('SET', KEYS[1], string.format('%.0f', tat), 'PX', math.ceil((tat - now) / 1000) + 1000)
if ARGV[3] ~= '' and redis.call('HINCRBY', KEYS[2], ARGV[3], 1) == 1 then
  redis.call('EXPIRE', KEYS[2], ARGV[4])
end
return {1, math.floor((now + interval * burst - tat) / interval), 0, math.ceil(tat - now)}
"""

# How long an answer of Redis is waited for, in seconds.
_PATIENCE = 0.25
# How long Redis is left alone after it failed to answer, in seconds.
_REST = 1.0


@dataclass(frozen=True, slots=True)
class Bucket:
    """A limit: `burst` calls at once, `per_minute` sustained."""

    name: str
    per_minute: int
    burst: int

    @property
    def interval(self) -> int:
        """Microseconds it takes for one call's worth to refill."""
        return max(1, 60_000_000 // self.per_minute)


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a call may go on; waits are in microseconds."""

    allowed: bool
    remaining: int
    retry_after: int
    reset_after: int


class LimiterUnavailable(Exception):
    """Redis did not answer; the caller decides what holds meanwhile."""


class RedisLimiter:
    """Buckets kept in Redis, shared by every process."""

    def __init__(self, url: str) -> None:
        self._client = redis.Redis.from_url(
            url,
            socket_timeout=_PATIENCE,
            socket_connect_timeout=_PATIENCE,
            retry=Retry(NoBackoff(), 1),
        )
        self._script = self._client.register_script(_GCRA)
        self.tally = Tally(self._client)
        self._rests_until = 0.0

    def take(self, key: str, bucket: Bucket, *, count_as: str = "") -> Decision:
        """Decide about one call, and count it by name if it may go on; one round trip for both.

        Raises LimiterUnavailable.
        """
        if time.monotonic() < self._rests_until:
            raise LimiterUnavailable
        try:
            answer = self._script(
                keys=[f"rate:{key}", WAITING],
                args=[bucket.interval, bucket.burst, count_as, KEPT_SECONDS],
            )
        except redis.RedisError as error:
            self._rests_until = time.monotonic() + _REST
            raise LimiterUnavailable from error
        allowed, remaining, retry_after, reset_after = answer
        return Decision(bool(allowed), remaining, retry_after, reset_after)

    def clear(self) -> None:
        """Fill every bucket of this database."""
        for key in self._client.scan_iter("rate:*"):
            self._client.delete(key)
        self._rests_until = 0.0


class LocalLimiter:
    """The same buckets within one process, for when Redis is away."""

    _MOST_KEYS = 10_000

    def __init__(self) -> None:
        self._arrivals: dict[str, float] = {}
        self._lock = threading.Lock()

    def take(self, key: str, bucket: Bucket) -> Decision:
        """Decide about one call."""
        now = time.monotonic() * 1_000_000
        with self._lock:
            if len(self._arrivals) >= self._MOST_KEYS:
                self._arrivals = {k: at for k, at in self._arrivals.items() if at > now}
            decision, arrival = decide(bucket, self._arrivals.get(key, 0), now)
            self._arrivals[key] = arrival
        return decision

    def clear(self) -> None:
        """Fill every bucket of this process."""
        with self._lock:
            self._arrivals.clear()


def decide(bucket: Bucket, arrival: float, now: float) -> tuple[Decision, float]:
    """Decide about one call given the theoretical arrival time; return it with the new one."""
    arrival = max(arrival, now)
    room = now + bucket.interval * bucket.burst - arrival
    if room < bucket.interval:
        wait = int(bucket.interval - room) + 1
        return Decision(False, int(room // bucket.interval), wait, int(arrival - now)), arrival
    arrival += bucket.interval
    remaining = int((now + bucket.interval * bucket.burst - arrival) // bucket.interval)
    return Decision(True, remaining, 0, int(arrival - now)), arrival
