"""Hearing of changes: one subscription, for all streams of this process."""

import asyncio

import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from accounts import live
from nexotp.live.hub import Hub

logger = structlog.get_logger(__name__)

_PATIENCE = 3.0  # seconds without a word, after which Redis is asked whether it is there
_REST = 0.5


async def follow(hub: Hub, *, url: str) -> None:
    """Hand on what is told, until cancelled; a Redis that went away is waited for."""
    while True:
        try:
            await _listen(hub, url)
        except (RedisError, OSError) as error:
            logger.warning("live feed lost", error=type(error).__name__)
        except Exception:
            logger.exception("live feed broke")
        if hub.hears:
            hub.note_hearing(False)
        await asyncio.sleep(_REST)


async def _listen(hub: Hub, url: str) -> None:
    # Without retries of its own: after a silent one nobody would know what was missed.
    client = Redis.from_url(url, socket_connect_timeout=_PATIENCE, retry=Retry(NoBackoff(), 0))
    async with client, client.pubsub() as pubsub:
        await pubsub.subscribe(live.channel())
        is_asked = False
        while True:
            message = await pubsub.get_message(timeout=_PATIENCE)
            if message is None:
                if is_asked:
                    raise RedisError("no answer")
                await pubsub.ping()
                is_asked = True
                continue
            is_asked = False
            if message["type"] == "subscribe":
                hub.note_hearing(True)
            elif message["type"] == "message":
                for account, what in live.told(message["data"]):
                    hub.tell(account, what)
