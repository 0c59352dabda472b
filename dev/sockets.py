"""The short private folder where the embedded servers put their Unix sockets.

Unix sockets keep other people of the machine out, which a loopback port does not. Their paths may
have about 100 characters, which the data folder's path may well exceed; hence a folder of our own.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import stat
from pathlib import Path

from dev.processes import DevError

BASE = Path("/tmp")  # noqa: S108 - short, and present everywhere; ownership is checked below


def folder_for(data: Path) -> Path:
    digest = hashlib.sha256(str(data).encode()).hexdigest()[:12]
    return BASE / f"nexotp-{os.geteuid()}-{digest}"


def make_folder(data: Path, name: str, *, owner: int | None = None) -> Path:
    """An empty folder that only its owner may enter."""
    parent = folder_for(data)
    _make_private(parent, mode=0o711)
    folder = parent / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    if owner is not None:
        os.chown(folder, owner, owner)
    return folder


def remove_folder(data: Path, name: str) -> None:
    parent = folder_for(data)
    shutil.rmtree(parent / name, ignore_errors=True)
    with contextlib.suppress(OSError):  # the other server's sockets are still in it
        parent.rmdir()


def _make_private(folder: Path, *, mode: int) -> None:
    try:
        folder.mkdir(mode=mode)
    except FileExistsError:
        status = folder.lstat()
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
            message = f"{folder} belongs to somebody else. Remove it, or move NEXOTP_DATA."
            raise DevError(message) from None
    folder.chmod(mode)  # whatever the umask is
