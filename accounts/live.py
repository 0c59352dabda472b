"""Telling the pages that an account has open which of its things have changed.

It is told after the commit, over Redis, by a thread: nobody waits for it, and what is lost costs a
page some seconds, as pages also look by themselves. Only names are told: a page fetches what it
shows with its own session.
"""

import time
from collections import deque
from collections.abc import Iterator
from functools import lru_cache, partial

import redis
import structlog
from django.conf import settings
from django.db import transaction
from redis.backoff import NoBackoff
from redis.connection import parse_url
from redis.retry import Retry

from nexotp.lib.afterwards import Afterwards

logger = structlog.get_logger(__name__)

# What changed, where it is not an order, which goes by its public id.
WALLET = "wallet"

_PATIENCE = 1.0  # seconds that Redis has to take it …
_REST = 1.0  # … and that it is left alone after it did not
_MOST_AT_ONCE = 1_000

_waiting: deque[str] = deque(maxlen=10_000)


def tell_pages(user_id: int, what: str) -> None:
    """Tell the account's open pages, once the transaction has committed, that this changed."""
    transaction.on_commit(partial(_tell, f"{user_id} {what}"), robust=True)


def channel() -> str:
    """Return where it is told; Redis's channels are the same in all of its databases."""
    options = parse_url(settings.REDIS_URL)  # type: ignore[no-untyped-call]
    return f"live:{options.get('db', 0)}"


def told(message: bytes) -> Iterator[tuple[int, str]]:
    """Read a message: whose pages, and what changed."""
    for line in message.decode().splitlines():
        user_id, _, what = line.partition(" ")
        yield int(user_id), what


def _tell(line: str) -> None:
    _waiting.append(line)
    _teller.ask()


def _publish() -> None:
    while _waiting:
        lines = dict.fromkeys(_waiting.popleft() for _ in range(min(len(_waiting), _MOST_AT_ONCE)))
        try:
            _client(settings.REDIS_URL).publish(channel(), "\n".join(lines))
        except redis.RedisError as error:
            logger.warning("pages not told", error=type(error).__name__)
            _waiting.clear()
            time.sleep(_REST)


@lru_cache(maxsize=1)
def _client(url: str) -> redis.Redis:
    return redis.Redis.from_url(
        url,
        socket_timeout=_PATIENCE,
        socket_connect_timeout=_PATIENCE,
        retry=Retry(NoBackoff(), 1),
    )


_teller = Afterwards(_publish, name="live teller", moment=0.02)
