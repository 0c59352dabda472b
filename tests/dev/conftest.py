from collections.abc import Iterator
from pathlib import Path

import pytest

from dev.servers import Servers, start_servers


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Servers]:
    servers = start_servers(tmp_path / "data", durable=False)
    yield servers
    servers.stop()
