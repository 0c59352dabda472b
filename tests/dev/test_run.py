"""`make run`, from outside: it comes up, answers, goes down, and comes back after the worst."""

import os
import re
import shlex
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest

from dev import ports, processes
from dev.servers import SETTINGS

ROOT = Path(__file__).resolve().parent.parent.parent
pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


class Run:
    """One `make run`, with its output in a file."""

    def __init__(self, data: Path, port: int) -> None:
        self.data = data
        self.log = data.with_suffix(f".{time.monotonic_ns()}.log")
        inherited = {"MAKEFLAGS", "MAKELEVEL", "MFLAGS", *SETTINGS}
        with self.log.open("wb") as log:
            self.make = subprocess.Popen(
                ["make", "run", f"PORT={port}", f"NEXOTP_DATA={data}"],
                cwd=ROOT,
                env={name: os.environ[name] for name in os.environ.keys() - inherited},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def wait_until_ready(self) -> None:
        def is_settled() -> bool:
            return "NexOTP is ready at" in self.output or self.make.poll() is not None

        assert processes.wait_until(is_settled, timeout=150, pause=0.1), self.output
        assert self.make.poll() is None, self.output

    def curls(self) -> list[str]:
        """The commands it prints to be pasted."""
        return re.findall(r"^  (curl (?:.*\\\n)*.*)$", self.output, re.MULTILINE)

    def press_ctrl_c(self) -> None:
        os.killpg(self.make.pid, signal.SIGINT)

    def leaves_nothing(self) -> bool:
        gone = processes.wait_until(lambda: not processes.leftovers(self.data), timeout=30)
        return gone and not (self.data / "servers.json").exists()


class Place:
    """A data folder and ports, where one run follows the other."""

    def __init__(self, data: Path) -> None:
        self.data = data
        # Below the range from which the system hands out ports; apart, for tests side by side.
        first = 20_000 + os.getpid() % 3_000 * ports.NEEDED
        self.port = next(p for p in range(first, 32_000, ports.NEEDED) if ports.has_room(p))
        self.runs: list[Run] = []

    def start(self) -> Run:
        self.runs.append(Run(self.data, self.port))
        return self.runs[-1]


@pytest.fixture
def place(data: Path) -> Iterator[Place]:
    place = Place(data)
    yield place
    for run in place.runs:
        run.make.kill()
        run.make.wait()
    processes.stop_leftovers(data)


def paste(curl: str) -> Any:
    """Send what a printed curl command would send; gives the answer's `data`."""
    url, *options = shlex.split(curl.replace("\\\n", ""))[1:]
    named = list(zip(options[::2], options[1::2], strict=True))
    headers = dict(value.split(": ", 1) for option, value in named if option == "-H")
    body = "".join(value for option, value in named if option == "-d")
    with httpx2.Client(trust_env=False) as client:
        answer = client.request(
            "POST" if body else "GET", url, headers=headers, content=body or None
        )
    assert answer.is_success, answer.text
    return answer.json()["data"]


def test_it_answers_stops_and_starts_again(place: Place) -> None:
    first = place.start()
    first.wait_until_ready()
    balance, order = (paste(curl) for curl in first.curls())
    assert balance["currency"] == "IDR"
    assert order["status"] == "waiting"

    first.make.terminate()
    first.make.wait(60)
    assert "Stopped." in first.output
    assert first.leaves_nothing()

    second = place.start()
    started_at = time.monotonic()
    second.wait_until_ready()
    # Under 10 s on an idle machine of two cores; the other tests may take one of them.
    assert time.monotonic() - started_at < 30
    assert second.curls() == first.curls()  # with the same keys

    second.press_ctrl_c()
    second.make.wait(60)
    assert "Stopped." in second.output
    assert second.leaves_nothing()


def test_it_starts_again_after_kill_9(place: Place) -> None:
    only_make_killed = place.start()
    only_make_killed.wait_until_ready()
    only_make_killed.make.kill()
    assert only_make_killed.leaves_nothing()

    all_killed = place.start()
    all_killed.wait_until_ready()
    for pid in processes.leftovers(place.data):
        # The first deaths may have ended some of the others by now.
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    all_killed.make.kill()

    at_once = place.start()
    at_once.wait_until_ready()


def test_a_process_that_ends_takes_the_run_with_it_and_is_named(place: Place) -> None:
    run = place.start()
    run.wait_until_ready()
    named = "suppliers.simulator"
    (simulator,) = [pid for pid in processes.leftovers(place.data) if named in command(pid)]

    os.kill(simulator, signal.SIGKILL)

    assert run.make.wait(60) != 0
    assert "'supplier' ended unexpectedly" in run.output
    assert run.leaves_nothing()


def test_a_taken_port_is_said_before_anything_starts(place: Place) -> None:
    with socket.create_server(("127.0.0.1", place.port)):
        run = place.start()

        assert run.make.wait(60) != 0

    assert f"Port {place.port} is in use" in run.output
    assert not (place.data / "postgres").exists()


def command(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
