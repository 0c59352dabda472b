"""Run the processes of the Procfile under honcho, as one child of `make run`.

When one of them ends by itself, all are ended and it is named.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import re
import signal
import sys
from pathlib import Path

import honcho.compat
from honcho.environ import parse_procfile
from honcho.manager import SYSTEM_PRINTER_NAME, Manager
from honcho.printer import Message, Printer

PROCFILE = Path(__file__).resolve().parent.parent / "Procfile"


class ProcessManager(honcho.compat.ProcessManager):  # type: ignore[misc]
    """Asks only the program itself to end, not its children.

    A worker lets the tasks in its pool finish; the pool must not be told to go first.
    """

    def terminate(self, pid: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)


class Log(Printer):  # type: ignore[misc]
    """Prints every line with its process's name, and remembers which process ended first."""

    first_ended: tuple[str, str] | None = None

    def write(self, message: Message) -> None:
        if message.name == SYSTEM_PRINTER_NAME and self.first_ended is None:
            ended = re.match(r"(\S+) stopped \(rc=(-?\d+)\)", message.data)
            if ended:
                self.first_ended = (ended[1], ended[2])
        super().write(message)


def main() -> int:
    # honcho's processes hold a queue and a clock that only a fork passes on.
    multiprocessing.set_start_method("fork")
    log = Log(sys.stdout)
    manager = Manager(log)
    manager._procmgr = ProcessManager()
    for name, command in parse_procfile(PROCFILE.read_text()).processes.items():
        manager.add_process(name, command)
    manager.loop()
    if manager.returncode in {130, 143}:  # honcho's words for SIGINT and SIGTERM
        return 0
    if log.first_ended:
        name, status = log.first_ended
        print(f"\n'{name}' ended unexpectedly with status {status}; everything was stopped.")
    return 1


if __name__ == "__main__":
    sys.exit(main())
