"""What processes share and may lose: counters of sign-ins, codes that were used."""

from collections.abc import Callable
from typing import Any

import structlog
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

logger = structlog.get_logger(__name__)


class SteadyCache(RedisCache):
    """Redis; while it is away, each process for itself: people must still be able to sign in.

    What is used of a cache: add, get, set and delete.
    """

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        options = {
            # A login waits so long for Redis, in seconds.
            "socket_timeout": 1,
            "socket_connect_timeout": 1,
            **params.pop("OPTIONS", {}),
        }
        super().__init__(server, {**params, "OPTIONS": options})
        self._own = LocMemCache("steady", params)

    def add(self, key: Any, value: Any, *args: Any, **options: Any) -> bool:
        return bool(self._either("add", key, value, *args, **options))

    def get(self, key: Any, *args: Any, **options: Any) -> Any:
        return self._either("get", key, *args, **options)

    def set(self, key: Any, value: Any, *args: Any, **options: Any) -> None:
        self._either("set", key, value, *args, **options)

    def delete(self, key: Any, *args: Any, **options: Any) -> bool:
        return bool(self._either("delete", key, *args, **options))

    def _either(self, name: str, *args: Any, **options: Any) -> Any:
        shared: Callable[..., Any] = getattr(super(), name)
        try:
            return shared(*args, **options)
        except RedisError as error:
            logger.warning("cache without redis", error=type(error).__name__)
            return getattr(self._own, name)(*args, **options)
