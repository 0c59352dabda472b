from collections.abc import Iterator
from pathlib import Path

import pytest

from dev.servers import Servers, start_servers


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def servers(data: Path) -> Iterator[Servers]:
    servers = start_servers(data, durable=False)
    yield servers
    servers.stop()
