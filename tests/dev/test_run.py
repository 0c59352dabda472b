"""`make run`, from outside: it comes up, answers, goes down, and comes back after the worst."""

import os
import re
import shlex
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from dev import ports, processes
from dev.servers import SETTINGS

ROOT = Path(__file__).resolve().parent.parent.parent
CURLS = re.compile(r"^  (curl (?:.*\\\n)*.*)$", re.MULTILINE)
READY = re.compile(r"NexOTP is ready at (\S+)")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


class Run:
    """One `make run` on a data folder and port of its own, with its output in a file."""

    def __init__(self, data: Path, port: int) -> None:
        self.data, self.port = data, port
        self.log = data.with_suffix(f".{time.monotonic_ns()}.log")
        inherited = {"MAKEFLAGS", "MAKELEVEL", "MFLAGS", *SETTINGS}
        environment = {name: os.environ[name] for name in os.environ.keys() - inherited}
        with self.log.open("wb") as log:
            self.make = subprocess.Popen(
                ["make", "run", f"PORT={port}", f"NEXOTP_DATA={data}"],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    @property
    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def wait_until_ready(self) -> str:
        """The address it says it answers at."""

        def is_settled() -> bool:
            return bool(READY.search(self.output)) or self.make.poll() is not None

        assert processes.wait_until(is_settled, timeout=150, pause=0.1), self.output
        found = READY.search(self.output)
        assert found, self.output
        return found[1]

    def end(self, signum: signal.Signals) -> int:
        self.make.send_signal(signum)
        return self.make.wait(60)

    def is_gone(self) -> bool:
        return processes.wait_until(lambda: not processes.leftovers(self.data), timeout=30)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[tuple[Path, int]]:
    data = tmp_path / "data"
    yield data, _two_free_ports()
    processes.stop_leftovers(data)


def _two_free_ports() -> int:
    """Outside the range from which the system hands out ports, and apart for parallel tests."""
    start = 20_000 + os.getpid() % 5_000 * 2
    return next(p for p in range(start, 32_000, 2) if ports.is_free(p) and ports.is_free(p + 1))


def paste(curl: str) -> httpx2.Response:
    """Send what the printed curl command would send."""
    url, *options = shlex.split(curl)[1:]
    named = list(zip(options[::2], options[1::2], strict=True))
    headers = dict(value.split(": ", 1) for option, value in named if option == "-H")
    body = [value for option, value in named if option == "-d"]
    method = "POST" if body else "GET"
    with httpx2.Client(trust_env=False) as client:
        return client.request(method, url, headers=headers, content="".join(body) or None)


def test_the_whole_life_of_a_run(place: tuple[Path, int]) -> None:
    data, port = place

    first = Run(data, port)
    first.wait_until_ready()
    balance, order = (paste(curl) for curl in CURLS.findall(first.output))
    assert balance.json()["data"]["currency"] == "IDR"
    assert order.json()["data"]["status"] == "waiting"

    assert first.end(signal.SIGTERM) == 0, first.output
    assert first.is_gone()
    assert not (data / "servers.json").exists()

    second = Run(data, port)
    started_at = time.monotonic()
    second.wait_until_ready()
    # Under 10 s on an idle machine of two cores; the other tests may take one of them.
    assert time.monotonic() - started_at < 30
    # The demo's keys stay what they were.
    assert CURLS.findall(second.output) == CURLS.findall(first.output)

    second.end(signal.SIGKILL)
    assert second.is_gone(), "what make started outlived it"

    third = Run(data, port)
    third.wait_until_ready()
    for pid in processes.leftovers(data):
        os.kill(pid, signal.SIGKILL)
    assert third.make.wait(60) != 0
    assert third.is_gone()

    fourth = Run(data, port)
    fourth.wait_until_ready()
    assert fourth.end(signal.SIGINT) is not None
    assert fourth.is_gone()


def test_a_process_that_ends_takes_the_run_with_it_and_is_named(place: tuple[Path, int]) -> None:
    data, port = place
    run = Run(data, port)
    run.wait_until_ready()
    (simulator,) = [pid for pid in processes.leftovers(data) if "simulator" in _command(pid)]

    os.kill(simulator, signal.SIGKILL)

    assert run.make.wait(60) != 0
    assert "'supplier' ended unexpectedly" in run.output
    assert run.is_gone()


def test_a_taken_port_is_said_before_anything_starts(place: tuple[Path, int]) -> None:
    data, port = place

    with socket.create_server(("127.0.0.1", port)):
        run = Run(data, port)

        assert run.make.wait(60) != 0
    assert f"Port {port} is in use" in run.output
    assert not (data / "postgres").exists()


def _command(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
