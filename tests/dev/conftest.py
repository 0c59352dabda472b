import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from dev import sockets
from dev.servers import Servers, start_servers


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    data = tmp_path / "data"
    yield data
    # What was killed could not take its sockets with it.
    shutil.rmtree(sockets.folder_for(data), ignore_errors=True)


@pytest.fixture
def servers(data: Path) -> Iterator[Servers]:
    servers = start_servers(data, durable=False)
    yield servers
    servers.stop()
