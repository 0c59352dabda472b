"""The shop's web server in a process of its own, on the database of the tests.

For what only a real server can show: the documents' samples and a browser. The database must
have been made (`django_db_setup`), and what the server shall see must have been committed.
"""

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import httpx2
from django.conf import settings
from django.db import connection

from dev import processes
from nexotp.lib.env import BASE_DIR


@contextmanager
def serve(**settings_of_its_own: str) -> Iterator[str]:
    """Run Granian until the block ends; gives the base URL, such as `http://127.0.0.1:40123`."""
    port = _free_port()
    base_url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--no-ws"]
    command += ["--host", "127.0.0.1", "--port", str(port), "--blocking-threads", "8"]
    with tempfile.TemporaryDirectory(prefix="nexotp-web-") as folder:
        log = Path(folder) / "web.log"
        process = processes.spawn(
            [*command, "nexotp.wsgi:application"],
            env={**os.environ, **environment(), **settings_of_its_own},
            cwd=BASE_DIR,
            log=log,
        )
        try:
            if not processes.wait_until(lambda: _answers(base_url, process), timeout=30, pause=0.1):
                raise RuntimeError(f"the web server does not answer:\n{log.read_text()}")
            yield base_url
        finally:
            process.terminate()
            process.wait(timeout=20)


def environment() -> dict[str, str]:
    """What makes the other process see the same data as this one."""
    name = connection.settings_dict["NAME"]
    url = urlsplit(os.environ["DATABASE_URL"])
    return {
        "DATABASE_URL": urlunsplit(url._replace(path=f"/{name}")),
        "REDIS_URL": settings.REDIS_URL,
        "DEBUG": "false",
        "MEDIA_ROOT": settings.MEDIA_ROOT,
        "SECURE": "false",
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(base_url: str, process: "subprocess.Popen[bytes]") -> bool:
    if process.poll() is not None:
        raise RuntimeError(f"the web server ended with {process.returncode}")
    try:
        return httpx2.get(f"{base_url}/healthz", trust_env=False).status_code == 200
    except httpx2.TransportError:
        return False
