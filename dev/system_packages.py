"""Programs the tests drive that no Python package brings: a browser, PHP and Node."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from dev.processes import DevError

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def _has_browser() -> bool:
    return any(shutil.which(name) for name in BROWSERS)


def _has_node() -> bool:
    return shutil.which("node") is not None


def _has_php_with_curl() -> bool:
    if not shutil.which("php"):
        return False
    modules = subprocess.run(["php", "-m"], capture_output=True, text=True, check=False)
    return "curl" in modules.stdout.split()


NEEDED: dict[Callable[[], bool], tuple[str, ...]] = {
    _has_browser: ("chromium",),
    _has_php_with_curl: ("php-cli", "php-curl"),
    _has_node: ("nodejs",),
}


def missing() -> list[str]:
    """Debian's packages for what is not here."""
    return [name for is_here, names in NEEDED.items() if not is_here() for name in names]


def install_missing() -> None:
    """Install with apt-get what lacks, where that may be done. Raises DevError."""
    names = missing()
    if not names:
        return
    as_root = _as_root()
    if as_root is None:
        raise DevError(
            f"The whole suite needs programs that are not installed: {', '.join(names)}"
            f"\nOn Debian: sudo apt-get install --no-install-recommends {' '.join(names)}"
            '\nWithout them, name the tests to run: make test ARGS="tests/wallet tests/orders"'
        )
    print(f"Installing {', '.join(names)} ...", flush=True)
    apt = [*as_root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"]
    for command in ([*apt, "update"], [*apt, "install", "-y", "--no-install-recommends", *names]):
        # The installer's chatter matters only when it fails.
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise DevError(f"`{' '.join(command)}` failed:\n{done.stdout}{done.stderr}")
    if missing():
        raise DevError(f"Still missing after the installation: {', '.join(missing())}.")


def _as_root() -> list[str] | None:
    """What to put before a command so that it runs as root; None when that cannot be had."""
    if not Path("/etc/debian_version").exists():
        return None
    if os.geteuid() == 0:
        return []
    sudo = ["sudo", "--non-interactive"]
    if shutil.which("sudo") and subprocess.run([*sudo, "true"], check=False).returncode == 0:
        return sudo
    return None
