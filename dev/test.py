"""`make test`: pytest beside servers of its own. Arguments go to pytest."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from dev import processes, system_packages, translations
from dev.processes import DevError
from dev.servers import given, sole_use, start_servers

ROOT = Path(__file__).resolve().parent.parent
WHOLE_SUITE = ["-n", "2", "--dist", "loadfile"]


def main(arguments: list[str]) -> int:
    processes.end_with_make()
    processes.exit_on_signals()
    data = (ROOT / os.environ.get("NEXOTP_TEST_DATA", ".test-data")).resolve()
    if not arguments:
        system_packages.install_missing()
    with sole_use(data):
        servers = start_servers(data, durable=False, settings=given(os.environ))
        try:
            translations.compile_changed()
            environment = processes.marked({**os.environ, **servers.environment()}, data)
            pytest = [sys.executable, "-m", "pytest", *(arguments or WHOLE_SUITE)]
            command = [*processes.tied(signal.SIGTERM), *pytest]
            return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
        finally:
            servers.stop()
            processes.stop_leftovers(data)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except DevError as error:
        sys.exit(f"make test: {error}")
