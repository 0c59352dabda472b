"""Whose processes are whose, and that ours end."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from dev import processes

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


def test_only_processes_of_this_data_folder_are_ended(tmp_path: Path) -> None:
    ours, theirs = (
        processes.spawn(SLEEP, env=processes.marked(os.environ, tmp_path / name))
        for name in ("ours", "theirs")
    )
    try:
        # Until it is the program itself, it is on its way there.
        assert processes.wait_until(
            lambda: processes.leftovers(tmp_path / "ours") == [ours.pid], timeout=5
        )

        assert processes.stop_leftovers(tmp_path / "ours") == 1

        assert ours.wait() == -signal.SIGKILL
        assert theirs.poll() is None
    finally:
        theirs.kill()
        theirs.wait()


def test_a_process_that_waits_to_be_reaped_is_not_alive() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])

    assert processes.wait_until(lambda: not processes.is_alive(process.pid), timeout=10)

    assert process.wait() == 0


def test_what_is_launched_for_a_process_that_is_gone_does_not_start(tmp_path: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    launch = [sys.executable, str(processes.LAUNCH), "--parent", str(gone.pid)]

    done = subprocess.run([*launch, "--", "touch", str(tmp_path / "started")])

    assert done.returncode == 1
    assert not (tmp_path / "started").exists()
