"""The live process as production starts it, and clients that hear what it says."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

import httpx2
from django.conf import settings
from django.test import Client

from accounts.models import User
from dev import ports, processes
from nexotp.lib.env import BASE_DIR
from tests.server import environment

# Seconds in place of the minutes that a real one takes.
SHORT = {"LIVE_BEAT_SECONDS": "0.5", "LIVE_CHECK_SECONDS": "0.5"}


class LiveProcess:
    """One live process at a port of its own; what a test may do to it."""

    def __init__(self, log: Path, port: int | None = None, **settings_of_its_own: str) -> None:
        self.port = port or ports.free_port()
        self._log = log
        self._environment = {**os.environ, **environment(), **SHORT, **settings_of_its_own}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        command = [sys.executable, "-m", "granian", "--interface", "asgi", "--http", "1"]
        command += ["--host", "127.0.0.1", "--port", str(self.port), "--workers", "1", "--no-ws"]
        command += ["--backpressure", "8192", "--respawn-failed-workers"]
        command += ["--workers-kill-timeout", "1"]
        self._process = processes.spawn(
            [*command, "nexotp.live.asgi:application"],
            env=self._environment,
            cwd=BASE_DIR,
            log=self._log,
        )
        if not processes.wait_until(self.hears, timeout=30, pause=0.05):
            raise RuntimeError(f"the live process does not answer:\n{self._log.read_text()}")

    def healthz(self) -> httpx2.Response | None:
        try:
            return httpx2.get(f"{self.url}/healthz", trust_env=False)
        except httpx2.TransportError:
            return None

    def hears(self) -> bool:
        answer = self.healthz()
        return answer is not None and answer.status_code == 200

    def streams(self) -> int:
        answer = self.healthz()
        assert answer is not None
        return int(answer.text.split()[0])

    def worker(self) -> int:
        """The process that holds the streams; the one that was started only looks after it."""
        assert self._process is not None
        pid = self._process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return max(map(int, children))

    def kill(self) -> None:
        """End it as `kill -9` does."""
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def end(self, by: signal.Signals = signal.SIGTERM, *, within: float = 10) -> None:
        """Ask it to end. Raises TimeoutExpired."""
        assert self._process is not None
        self._process.send_signal(by)
        self._process.wait(within)


@contextmanager
def serve_live(
    folder: Path, port: int | None = None, **settings_of_its_own: str
) -> Iterator[LiveProcess]:
    live = LiveProcess(folder / "live.log", port, **settings_of_its_own)
    live.start()
    try:
        yield live
    finally:
        live.kill()


def session_of(user: User) -> str:
    client = Client()
    client.force_login(user)
    return client.cookies[settings.SESSION_COOKIE_NAME].value


class Listener:
    """A client of the stream, slow enough to be followed."""

    def __init__(
        self, live: LiveProcess, *, session: str = "", method: str = "GET", **headers: str
    ) -> None:
        self._connection = HTTPConnection("127.0.0.1", live.port, timeout=10)
        cookie = {"Cookie": f"{settings.SESSION_COOKIE_NAME}={session}"} if session else {}
        self._connection.request(method, "/live/", headers={**cookie, **headers})
        self.answer = self._connection.getresponse()
        self.status = self.answer.status

    def next(self) -> tuple[str, str]:
        """The next event with its data; two empty strings at the end of the stream."""
        found = {"event": "", "data": ""}
        while line := self.answer.readline().decode().strip():
            name, _, value = line.partition(": ")
            found[name] = value
        return found["event"], found["data"]

    def next_but_beats(self) -> tuple[str, str]:
        while (heard := self.next())[0] == "beat":
            pass
        return heard

    def close(self) -> None:
        self.answer.close()
        self._connection.close()
