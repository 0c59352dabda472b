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

from dev import processes
from dev.postgres import Postgres
from dev.processes import DevError
from dev.valkey import Valkey

RUNNING = "servers.json"
SECRETS = "secrets.json"


@contextmanager
def sole_use(data: Path) -> Iterator[None]:
    """Hold the data folder; ends by itself with this process. Raises DevError when it is taken."""
    data.mkdir(parents=True, exist_ok=True)
    handle = os.open(data, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DevError(f"{data} is in use by another run. Stop it, or name another.") from None
        yield
    finally:
        os.close(handle)


class Servers:
    """PostgreSQL and Valkey of one data folder; either may be somebody else's, by its URL."""

    def __init__(
        self, data: Path, *, durable: bool, external: Mapping[str, str] | None = None
    ) -> None:
        self.data = data.resolve()
        self.external = {name: url for name, url in (external or {}).items() if url}
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
            if "DATABASE_URL" not in self.external:
                self.postgres.start()
            if "REDIS_URL" not in self.external:
                self.valkey.start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        self.forget()
        self.valkey.stop()
        self.postgres.stop()

    def environment(self) -> dict[str, str]:
        """What settings read, for a process started by us."""
        addresses = {
            "DATABASE_URL": self.postgres.url,
            "REDIS_URL": self.valkey.url,
            **({} if "REDIS_URL" in self.external else {"BROKER_URL": self.valkey.broker_url}),
        }
        return {
            "NEXOTP_DATA": str(self.data),
            "SECRET_KEY": self.secrets["secret_key"],
            "API_KEY_PEPPERS": f"1:{self.secrets['api_key_pepper']}",
            "ENCRYPTION_KEYS": self.secrets["encryption_key"],
            **addresses,
            **self.external,
        }

    def announce(self, **more: str) -> None:
        """Write `servers.json`, by which `manage.py` in another terminal finds all this."""
        environment = self.environment()
        addresses = {
            "database_url": environment["DATABASE_URL"],
            "redis_url": environment["REDIS_URL"],
            "broker_url": environment.get("BROKER_URL", ""),
        }
        known = {name: value for name, value in addresses.items() if value}
        _write_private(self.data / RUNNING, {**known, **self.secrets, **more})

    def forget(self) -> None:
        (self.data / RUNNING).unlink(missing_ok=True)


def start_servers(
    data: Path, *, durable: bool, external: Mapping[str, str] | None = None
) -> Servers:
    """Start the servers of a data folder, ending what an earlier run left there.

    They end with the calling thread, and are not shared: a test that stops PostgreSQL or kills
    Valkey takes a folder of its own. `external` holds the URLs of servers that are not ours.
    Raises DevError.
    """
    servers = Servers(data, durable=durable, external=external)
    servers.start()
    return servers


def external_urls(environment: Mapping[str, str]) -> dict[str, str]:
    names = ("DATABASE_URL", "REDIS_URL", "BROKER_URL")
    return {name: environment[name] for name in names if environment.get(name)}


def _secrets_of(data: Path) -> dict[str, str]:
    """Made once per data folder: what was signed, hashed or encrypted stays readable."""
    path = data / SECRETS
    try:
        kept: dict[str, str] = json.loads(path.read_text())
    except FileNotFoundError:
        kept = {}
    wanted = {
        "secret_key": secrets.token_urlsafe(50),
        "api_key_pepper": secrets.token_hex(32),
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
