"""The shop's web server in a process of its own, on the database of the tests.

For what only a real server can show: the documents' samples and a browser. The database must
have been made (`django_db_setup`), and what the server shall see must have been committed.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit

import httpx2
from django.conf import settings
from django.db import connection

from dev import processes
from nexotp.lib.env import BASE_DIR

_PATIENCE = 30.0


@contextmanager
def serve(**environment: str) -> Iterator[str]:
    """Run Granian until the block ends; gives the base URL, such as `http://127.0.0.1:40123`."""
    port = _free_port()
    base_url = f"http://127.0.0.1:{port}"
    granian = ["granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)]
    quiet = ["--workers", "1", "--blocking-threads", "8", "--no-ws", "--log-level", "error"]
    process = subprocess.Popen(
        [
            *processes.tied(signal.SIGTERM),
            *(sys.executable, "-m", *granian, *quiet, "nexotp.wsgi:application"),
        ],
        cwd=BASE_DIR,
        env={**os.environ, **_environment(), **environment},
    )
    try:
        _wait_for(base_url, process)
        yield base_url
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _environment() -> dict[str, str]:
    """What makes the other process see the same data and accept the same keys as this one."""
    database = connection.settings_dict["NAME"]
    url = urlsplit(os.environ["DATABASE_URL"])
    return {
        "DATABASE_URL": urlunsplit(url._replace(path=f"/{database}")),
        "REDIS_URL": settings.REDIS_URL,
        "SECURE": "false",
        "LOG_LEVEL": "WARNING",
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _wait_for(base_url: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the web server ended with {process.returncode}")
        try:
            if httpx2.get(f"{base_url}/healthz", trust_env=False).status_code == 200:
                return
        except httpx2.TransportError:
            pass
        time.sleep(0.1)
    raise RuntimeError("the web server does not answer")
