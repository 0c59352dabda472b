"""How much memory this process has needed, for work that reads a lot."""

import resource
from contextlib import suppress
from pathlib import Path

_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")
_FORGET_PEAK = "5"


def forget_peak() -> None:
    """Measure from here on, where the kernel lets us; elsewhere the peak is the process's."""
    with suppress(OSError):
        _CLEAR.write_text(_FORGET_PEAK)


def peak_bytes() -> int:
    """Return the most memory that was resident at a time."""
    with suppress(OSError, StopIteration):
        line = next(row for row in _STATUS.read_text().splitlines() if row.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
