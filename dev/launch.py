"""Become another program that ends when its starter does.

Run as a script, before anything else of ours is imported: it must be quick, and it must leave the
starter's own process alone (a `preexec_fn` would run Python between fork and exec of a threaded
process). Linux only where the kernel is asked for something; elsewhere it just becomes the program.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
PR_SET_SECUREBITS = 28
SECBIT_NO_SETUID_FIXUP = 1 << 2
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
CAP_DAC_OVERRIDE = 1
LINUX_CAPABILITY_VERSION_3 = 0x20080522


class _CapHeader(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _CapSet(ctypes.Structure):
    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parent", type=int, required=True, help="end when this process does")
    parser.add_argument("--signal", type=int, default=signal.SIGTERM, help="with this signal")
    parser.add_argument("--user", type=int, help="numeric user and group to run as")
    parser.add_argument("--reach-files", action="store_true", help="keep CAP_DAC_OVERRIDE")
    parser.add_argument("command", nargs="+")
    options = parser.parse_args()
    if options.user is not None:
        _become(options.user, reach_files=options.reach_files)
    # After the change of user, which clears the request.
    _die_with(options.parent, options.signal)
    os.execvp(options.command[0], options.command)


def _become(user: int, *, reach_files: bool) -> None:
    """Drop every privilege of root, but for the one to pass closed folders when asked."""
    if reach_files:
        # Keeps capabilities through setuid, and lets access(2), by which PostgreSQL looks for its
        # own programs, count them: for anybody but root it would leave them out.
        _call("prctl", PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0)
    os.setgroups([])
    os.setgid(user)
    os.setuid(user)
    if reach_files:
        mask = 1 << CAP_DAC_OVERRIDE
        sets = (_CapSet * 2)(_CapSet(mask, mask, mask), _CapSet(0, 0, 0))
        header = _CapHeader(LINUX_CAPABILITY_VERSION_3, 0)
        _call("capset", ctypes.byref(header), sets)
        # Only an ambient capability survives the exec of an ordinary file by an ordinary user.
        _call("prctl", PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE, 0, 0)


def _die_with(parent: int, signum: int) -> None:
    if sys.platform != "linux":
        return
    _call("prctl", PR_SET_PDEATHSIG, signum, 0, 0, 0)
    if os.getppid() != parent:  # it ended before we had asked
        sys.exit(1)


def _call(name: str, *arguments: object) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*arguments) != 0:
        error = ctypes.get_errno()
        sys.exit(f"{name}: {os.strerror(error)}")


if __name__ == "__main__":
    main()
