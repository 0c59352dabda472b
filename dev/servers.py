"""The servers the shop needs, in one data folder, and how every command finds them.

`start_servers` brings up what no URL in the environment names. While they run, `servers.json` in
the data folder tells their addresses; it disappears with them.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from dev import processes
from dev.postgres import Postgres
from dev.processes import DevError
from dev.valkey import Valkey

SETTINGS = (
    *("DATABASE_URL", "REDIS_URL", "BROKER_URL"),
    *("SECRET_KEY", "API_KEY_PEPPERS", "ENCRYPTION_KEYS", "SECURE"),
)
RUNNING = "servers.json"
SECRETS = "secrets.json"


@contextmanager
def sole_use(data: Path, *, patience: float = 3) -> Iterator[None]:
    """Hold the data folder; the lock is the folder's own and ends with this process.

    A run that is just ending (its `servers.json` is gone) is waited for. Raises DevError when the
    folder stays taken.
    """
    data.mkdir(parents=True, exist_ok=True)
    handle = os.open(data, os.O_RDONLY)
    try:
        if not processes.wait_until(lambda: _locks(handle), timeout=patience, pause=0.1):
            ending = not (data / RUNNING).exists()
            if not ending or not processes.wait_until(lambda: _locks(handle), timeout=30):
                raise DevError(f"{data} is in use by another run. Stop it, or use another folder.")
        yield
    finally:
        os.close(handle)


def _locks(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


class Servers:
    """PostgreSQL and Valkey of one data folder; either may be somebody else's, by its URL."""

    def __init__(
        self, data: Path, *, durable: bool, settings: Mapping[str, str] | None = None
    ) -> None:
        self.data = data.resolve()
        self.settings = settings or {}
        self.postgres = Postgres(self.data, durable=durable)
        self.valkey = Valkey(self.data)
        self.secrets: dict[str, str] = {}

    def start(self) -> None:
        """Bring up what is missing. Raises DevError."""
        self.data.mkdir(parents=True, exist_ok=True)
        self.forget()
        processes.stop_leftovers(self.data)
        self.secrets = _secrets_of(self.data)
        try:
            if "DATABASE_URL" not in self.settings:
                self.postgres.start()
            if "REDIS_URL" not in self.settings:
                self.valkey.start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        self.forget()
        self.valkey.stop()
        self.postgres.stop()

    def ended(self) -> list[str]:
        """Which of our servers have ended by themselves."""
        both: dict[str, Postgres | Valkey] = {"PostgreSQL": self.postgres, "Valkey": self.valkey}
        return [name for name, server in both.items() if server.has_ended]

    def environment(self) -> dict[str, str]:
        """What settings read, for a process started by us."""
        broker_url = self.settings.get("BROKER_URL") or self._broker_url()
        return {
            "NEXOTP_DATA": str(self.data),
            "SECRET_KEY": self.secrets["secret_key"],
            "API_KEY_PEPPERS": self.secrets["api_key_pepper"],
            "ENCRYPTION_KEYS": self.secrets["encryption_key"],
            "DATABASE_URL": self.postgres.url,
            "REDIS_URL": self.valkey.url,
            "BROKER_URL": broker_url,
            "SECURE": "false",  # plain HTTP on loopback
            **self.settings,
        }

    def _broker_url(self) -> str:
        redis_url = self.settings.get("REDIS_URL")
        return _next_database(redis_url) if redis_url else self.valkey.broker_url

    def announce(self, **more: str) -> None:
        """Write `servers.json`, by which `manage.py` in another terminal finds all this."""
        environment = self.environment()
        addresses = {
            "database_url": environment["DATABASE_URL"],
            "redis_url": environment["REDIS_URL"],
            "broker_url": environment["BROKER_URL"],
        }
        _write_private(self.data / RUNNING, {**addresses, **self.secrets, **more})

    def forget(self) -> None:
        (self.data / RUNNING).unlink(missing_ok=True)


def start_servers(
    data: Path, *, durable: bool, settings: Mapping[str, str] | None = None
) -> Servers:
    """Start the servers of a data folder, ending what an earlier run left there.

    They end with the calling thread, and are not shared: a test that stops PostgreSQL or kills
    Valkey takes a folder of its own. `settings` are those already decided, such as the URL of a
    server that is not ours.
    Raises DevError.
    """
    servers = Servers(data, durable=durable, settings=settings)
    servers.start()
    return servers


def given(environment: Mapping[str, str]) -> dict[str, str]:
    """What the developer has named and we need not make up."""
    return {name: environment[name] for name in SETTINGS if environment.get(name)}


def _next_database(redis_url: str) -> str:
    """The queues' database: the one after the cache's, where only one server is named.

    Raises DevError.
    """
    parts = urlsplit(redis_url)
    number = parts.path.strip("/") or "0"
    if parts.scheme not in {"redis", "rediss"} or not number.isdigit():
        raise DevError("Set BROKER_URL too: it cannot be told from this REDIS_URL.")
    return urlunsplit(parts._replace(path=f"/{int(number) + 1}"))


def _secrets_of(data: Path) -> dict[str, str]:
    """Made once per data folder: what was signed, hashed or encrypted stays readable."""
    path = data / SECRETS
    try:
        kept: dict[str, str] = json.loads(path.read_text())
    except FileNotFoundError:
        kept = {}
    wanted = {
        "secret_key": secrets.token_urlsafe(50),
        "api_key_pepper": f"1:{secrets.token_hex(32)}",  # version 1
        "encryption_key": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
    }
    if not wanted.keys() <= kept.keys():
        kept = wanted | kept
        _write_private(path, kept)
    return kept


def _write_private(path: Path, content: Mapping[str, str]) -> None:
    aside = path.with_suffix(".new")
    aside.unlink(missing_ok=True)
    with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(content, file, indent=2)
    aside.replace(path)
