from collections.abc import Iterator

import pytest

from tests.fuzz.shop import HOLDERS
from tests.server import serve


@pytest.fixture(scope="session")
def open_shop(django_db_setup: None, own_redis_database: None) -> Iterator[str]:
    """The shop behind Granian, with room for what a fuzzer leaves behind. Its base URL."""
    with serve(WEBHOOK_MAX_ENDPOINTS="200", LOG_LEVEL="ERROR") as base_url:
        yield base_url


@pytest.fixture(autouse=True)
def nobody_there() -> None:
    HOLDERS.clear()
