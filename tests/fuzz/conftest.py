from collections.abc import Iterator

import pytest
from pytest_django import Settings

from suppliers.simulator.remote import RemoteSimulator
from tests.fuzz.shop import HOLDERS
from tests.server import serve

_MOST_WEBHOOKS = 200


@pytest.fixture(scope="session")
def roomy_server(django_db_setup: None, own_redis_database: None) -> Iterator[str]:
    """The shop behind Granian, with room for what a fuzzer leaves behind."""
    with serve(WEBHOOK_MAX_ENDPOINTS=str(_MOST_WEBHOOKS), LOG_LEVEL="ERROR") as base_url:
        yield base_url


@pytest.fixture
def open_shop(
    committed: None, roomy_server: str, upstream: RemoteSimulator, settings: Settings
) -> str:
    """The base URL of a shop without customers; its supplier sends every other code at once."""
    HOLDERS.clear()
    settings.WEBHOOK_MAX_ENDPOINTS = _MOST_WEBHOOKS
    upstream.reset()
    upstream.control(code_rate=0.5, code_after_s=0, cancel_lock_s=0, stock=1_000_000)
    return roomy_server
