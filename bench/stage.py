"""Everything a measurement needs running: servers of its own, web processes, a supplier."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dev.postgres import binaries
from dev.servers import start_servers
from suppliers.simulator.remote import RemoteSimulator

ROOT = Path(__file__).resolve().parent.parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def own_servers() -> Iterator[dict[str, str]]:
    """PostgreSQL and Valkey as production runs them (every commit on disk), for one run."""
    with tempfile.TemporaryDirectory(prefix="nexotp-bench-") as folder:
        servers = start_servers(Path(folder), durable=True)
        try:
            os.environ.update(servers.environment())
            yield servers.environment()
        finally:
            servers.stop()


@contextmanager
def web(settings: str = "nexotp.settings") -> Iterator[int]:
    """A web process with these settings; yields its port."""
    port = free_port()
    command = [
        sys.executable,
        *("-m", "granian", "--interface", "wsgi", "--no-access-log", "--log-level", "error"),
        *("--host", "127.0.0.1", "--port", str(port)),
        *("--workers", "2", "--blocking-threads", "8", "nexotp.wsgi:application"),
    ]
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": settings, "LOG_LEVEL": "ERROR"}
    process = subprocess.Popen(command, cwd=ROOT, env=environment)
    try:
        wait_for(port)
        yield port
    finally:
        process.terminate()
        process.wait()


@contextmanager
def live(port: int, *, web_port: int) -> Iterator[None]:
    """The live process at this port, for pages that come from the other."""
    command = [
        sys.executable,
        *("-m", "granian", "--interface", "asgi", "--http", "1", "--no-ws", "--log-level", "error"),
        *("--host", "127.0.0.1", "--port", str(port), "--workers", "1", "--backpressure", "8192"),
        *("--workers-kill-timeout", "1", "nexotp.live.asgi:application"),
    ]
    ports = {"LIVE_PORT": str(port), "PORT": str(web_port)}
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **ports, "LOG_LEVEL": "ERROR"})
    try:
        wait_for(port)
        yield
    finally:
        process.terminate()
        process.wait()


def pgbench(script: str, *, clients: int, seconds: int) -> float:
    """Run SQL in a loop as bare as it gets and return transactions per second."""
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(script)
        file.flush()
        command = [
            str(binaries() / "pgbench"),
            *("-n", "-M", "prepared", "-f", file.name),
            *("-c", str(clients), "-j", "2", "-T", str(seconds)),
            os.environ["DATABASE_URL"],
        ]
        printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    line = next(line for line in printed.splitlines() if line.startswith("tps"))
    return float(line.split()[2])


def wait_for(port: int) -> None:
    """Return once somebody listens there."""
    # A busy machine takes long over a start.
    for _ in range(1_200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"nothing answers on port {port}")


@contextmanager
def simulator() -> Iterator[RemoteSimulator]:
    """A supplier in a process of its own."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "suppliers.simulator", "--port", str(port)],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
    )
    try:
        wait_for(port)
        yield RemoteSimulator(f"http://127.0.0.1:{port}")
    finally:
        process.terminate()
        process.wait()
