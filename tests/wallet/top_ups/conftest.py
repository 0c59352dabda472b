"""A payment gateway on real HTTP, a bank account, and top-ups reached through real actions."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from accounts.models import User
from tests.wallet.top_ups import scenes
from wallet.gateways.simulator.server import GatewayServer, running
from wallet.models import PaymentMethod


@pytest.fixture(scope="session")
def gateway_process() -> Iterator[tuple[str, GatewayServer]]:
    with running() as found:
        yield found


@pytest.fixture
def gateway(gateway_process: tuple[str, GatewayServer]) -> GatewayServer:
    """The gateway behind `online`, with empty books and no faults."""
    server = gateway_process[1]
    server.books.reset()
    return server


@pytest.fixture
def online(
    committed: None, gateway: GatewayServer, gateway_process: tuple[str, GatewayServer]
) -> PaymentMethod:
    return scenes.online_method(gateway_process[0])


@pytest.fixture
def bank(committed: None) -> PaymentMethod:
    return scenes.bank_method()


@pytest.fixture(autouse=True)
def media(settings: Settings, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = str(tmp_path)
    return tmp_path


@pytest.fixture
def poor(committed: None) -> User:
    """A buyer who has paid in nothing yet."""
    from tests import cast

    return cast.open_account("poor")
