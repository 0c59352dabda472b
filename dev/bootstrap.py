"""Make .venv and fill it with what requirements-dev.txt pins; quick when that is done already.

Run by whatever `python3` there is, so nothing newer than Python 3.6 may stand in this file, and
nothing beyond the standard library.
"""

import fcntl
import hashlib
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Where it really is: a link that several checkouts share must not look moved, and be emptied.
VENV = (ROOT / ".venv").resolve()
VENV_PYTHON = VENV / "bin" / "python"
REQUIREMENTS = ROOT / "requirements-dev.txt"
STAMP = VENV / "installed.txt"
OLDEST = (3, 11)


def main() -> None:
    if sys.version_info < OLDEST:
        have = ".".join(str(number) for number in sys.version_info[:3])
        sys.exit(
            f"NexOTP needs Python 3.11 or newer; {sys.executable} is {have}.\n"
            "Name a newer one: make PYTHON=/path/to/python3.11 ..."
        )
    # Two `make` at once take turns. The lock is the folder's own: no file, and it goes with us.
    folder = os.open(str(ROOT), os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    try:
        wanted = _stamp()
        if _healthy() and STAMP.exists() and STAMP.read_text() == wanted:
            return
        if not _healthy() or _moved():
            _make_venv()
        _install()
        STAMP.write_text(wanted)
    finally:
        os.close(folder)


def _stamp() -> str:
    """What was installed, and where: the scripts of a venv that was moved do not run."""
    return f"{hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()}\n{VENV}\n"


def _moved() -> bool:
    return STAMP.exists() and STAMP.read_text().splitlines()[1:] != [str(VENV)]


def _healthy() -> bool:
    """Whether the venv's Python still runs (it may have been upgraded away) and has pip."""
    check = f"import sys, pip; sys.exit(sys.version_info < {OLDEST})"
    try:
        done = subprocess.run(
            [str(VENV_PYTHON), "-I", "-c", check], check=False, stderr=subprocess.DEVNULL
        )
    except OSError:
        return False
    return done.returncode == 0


def _make_venv() -> None:
    if not (importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip")):
        sys.exit(
            "This Python cannot make virtual environments: its venv module is missing.\n"
            "On Debian and Ubuntu: apt-get install python3-venv"
        )
    _say("Making .venv ...")
    _run(sys.executable, "-m", "venv", "--clear", str(VENV))


def _install() -> None:
    _say("Installing what requirements-dev.txt pins; the first time takes a minute ...")
    pip = [str(VENV_PYTHON), "-m", "pip", "--disable-pip-version-check", "--no-input", "-qq"]
    _run(*pip, "install", "--require-hashes", "--requirement", str(REQUIREMENTS))


def _run(*command: str) -> None:
    done = subprocess.run(command, check=False)
    if done.returncode != 0:
        sys.exit(f"This failed (see above): {' '.join(command)}")


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
