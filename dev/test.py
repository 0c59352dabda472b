"""`make test`: pytest beside servers of its own. Arguments go to pytest."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType

from dev import processes
from dev.processes import DevError
from dev.servers import external_urls, sole_use, start_servers

ROOT = Path(__file__).resolve().parent.parent
WHOLE_SUITE = ["-n", "2", "--dist", "loadfile"]


def main(arguments: list[str]) -> int:
    data = (ROOT / os.environ.get("NEXOTP_TEST_DATA", ".test-data")).resolve()
    signal.signal(signal.SIGTERM, _end)
    with sole_use(data):
        servers = start_servers(data, durable=False, external=external_urls(os.environ))
        try:
            environment = processes.marked({**os.environ, **servers.environment()}, data)
            pytest = [sys.executable, "-m", "pytest", *(arguments or WHOLE_SUITE)]
            return subprocess.run(pytest, cwd=ROOT, env=environment, check=False).returncode
        finally:
            servers.stop()
            processes.stop_leftovers(data)


def _end(signum: int, _frame: FrameType | None) -> None:
    sys.exit(128 + signum)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except DevError as error:
        sys.exit(f"make test: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
