"""Child processes that end with us, and finding those that an earlier run left behind.

Every process of a run carries the data folder in its environment, so what survived a `kill -9`
can be told from everybody else's processes.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType

from dev import launch

MARK = "NEXOTP_STARTED_FOR"
LAUNCH = Path(launch.__file__)
_ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
SERVER_PROGRAMS = {"postgres", "valkey-server"}


class DevError(Exception):
    """Something the developer has to put right; its text says what."""


def marked(environment: Mapping[str, str], data: Path) -> dict[str, str]:
    """The environment for a process that belongs to the run on this data folder."""
    return {**environment, MARK: str(data)}


def tied(end_signal: signal.Signals, *options: str) -> list[str]:
    """What to put before a command so that it ends with us."""
    base = [sys.executable, "-I", "-S", str(LAUNCH), "--parent", str(os.getpid())]
    return [*base, "--signal", str(int(end_signal)), *options, "--"]


def end_with_make() -> None:
    """Under `make`, get SIGTERM when make is killed: nobody would be left to stop us."""
    if sys.platform == "linux" and "MAKELEVEL" in os.environ:
        ctypes.CDLL(None).prctl(launch.PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


def exit_on_signals() -> None:
    """Turn the first SIGINT, SIGTERM or SIGHUP into SystemExit, and ignore more of them.

    What `finally` cleans up is bounded in time; a second Ctrl-C must not leave it half done.
    """

    def leave(signum: int, _frame: FrameType | None) -> None:
        for each in _ENDINGS:
            signal.signal(each, signal.SIG_IGN)
        raise SystemExit(128 + signum)

    for each in _ENDINGS:
        signal.signal(each, leave)


def spawn(
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str],
    end_signal: signal.Signals = signal.SIGTERM,
    user: int | None = None,
    reach_files: bool = False,
    cwd: Path | None = None,
    log: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Start a program that gets `end_signal` when the calling thread ends, however it ends.

    It has a session of its own, so that Ctrl-C reaches only us and we decide the order of ending.
    """
    as_user = [] if user is None else ["--user", str(user)]
    reaching = ["--reach-files"] if reach_files else []
    wrapper = tied(end_signal, *as_user, *reaching)
    output = log.open("ab") if log else None
    try:
        return subprocess.Popen(
            [*wrapper, *command],
            env=env,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT if output else None,
            start_new_session=True,
        )
    finally:
        if output:
            output.close()


def wait_until(condition: Callable[[], bool], *, timeout: float, pause: float = 0.02) -> bool:
    """Whether the condition came true in time (seconds)."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
    return True


def is_alive(pid: int) -> bool:
    """Whether the process runs; one that only waits to be reaped does not count."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return True
    return state != "Z"


def leftovers(data: Path) -> list[int]:
    """Processes of an earlier run on this data folder (on systems with /proc)."""
    mark = f"{MARK}={data}".encode()
    ours = {os.getpid(), os.getppid()}
    return [pid for pid in _all_pids() if pid not in ours and _belongs(pid, mark, data)]


def stop_leftovers(data: Path, *, timeout: float = 15) -> int:
    """End what an earlier run left on this data folder; says how many there were."""
    found = leftovers(data)
    for pid in found:
        # Servers are given the time to write; the rest has nothing to lose that a sweep
        # would not find again.
        _send(pid, signal.SIGINT if program(pid) in SERVER_PROGRAMS else signal.SIGKILL)
    if not wait_until(lambda: not leftovers(data), timeout=timeout):
        for pid in leftovers(data):
            _send(pid, signal.SIGKILL)
        wait_until(lambda: not leftovers(data), timeout=5)
    return len(found)


def program(pid: int) -> str:
    """The name of the program a process runs; empty when it cannot be told."""
    try:
        return Path(f"/proc/{pid}/exe").readlink().name.removesuffix(" (deleted)")
    except OSError:
        return ""


def _all_pids() -> Iterator[int]:
    try:
        names = os.listdir("/proc")
    except OSError:
        return
    yield from (int(name) for name in names if name.isdigit())


def _belongs(pid: int, mark: bytes, data: Path) -> bool:
    process = Path(f"/proc/{pid}")
    try:
        if mark in process.joinpath("environ").read_bytes().split(b"\0"):
            return is_alive(pid)
        # PostgreSQL's own children overwrite their environment; they sit in its data folder.
        in_database = process.joinpath("cwd").readlink() == data / "postgres"
    except OSError:
        return False
    return in_database and program(pid) == "postgres"


def _send(pid: int, signum: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signum)
