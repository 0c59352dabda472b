"""Where settings come from: the environment first, then the embedded servers' own file.

`make run` and `make test` write servers.json into their data folder while the embedded servers
are up, so that commands in another terminal find them without anything being exported.
"""

import json
import os
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent.parent

env = environ.Env()


def data_dir() -> Path:
    """Return the folder of the embedded servers, `NEXOTP_DATA` or `.data`."""
    return (BASE_DIR / os.environ.get("NEXOTP_DATA", ".data")).resolve()


def _embedded() -> dict[str, str]:
    try:
        found: dict[str, str] = json.loads((data_dir() / "servers.json").read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
    return found


def setting(name: str, embedded_name: str, *, required: bool = True) -> str:
    """Return a setting from the environment or from the running embedded servers."""
    value = os.environ.get(name) or _embedded().get(embedded_name, "")
    if not value and required:
        raise ImproperlyConfigured(
            f"{name} is not set and no embedded server runs in {data_dir()}. "
            f"Start the shop with `make run`, or set {name}."
        )
    return value
