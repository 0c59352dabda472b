"""Pinned requirements: compile them from the .in files, or prove that they still match."""

from __future__ import annotations

import difflib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# The development file starts from the other's pins, so it comes second.
NAMES = ("requirements", "requirements-dev")
OPTIONS = ("--generate-hashes", "--universal", "--python-version", "3.11")
HEADER_LINES = 2


def compile_in(folder: Path, *options: str) -> bool:
    """Compile every file, keeping the pins there are; whether it worked."""
    for name in NAMES:
        # The system's certificates, as pip uses them: a proxy's own is trusted there.
        uv = [sys.executable, "-m", "uv", "--quiet", "--system-certs"]
        command = [*uv, "pip", "compile", *OPTIONS, *options]
        header = ["--custom-compile-command", "make requirements"]
        files = [f"{name}.in", "--output-file", f"{name}.txt"]
        if subprocess.run([*command, *header, *files], cwd=folder, check=False).returncode:
            return False
    return True


def differences() -> list[str]:
    """What compiling would change, as a diff; empty when the pins match."""
    with tempfile.TemporaryDirectory() as aside:
        folder = Path(aside)
        for name in NAMES:
            for ending in (".in", ".txt"):
                shutil.copy(ROOT / f"{name}{ending}", folder)
        if not compile_in(folder):
            return ["uv could not compile the requirements; is the package index reachable?"]
        return [line for name in NAMES for line in _diff(f"{name}.txt", folder)]


def _diff(name: str, folder: Path) -> list[str]:
    pinned, compiled = (
        (place / name).read_text().splitlines()[HEADER_LINES:] for place in (ROOT, folder)
    )
    return list(difflib.unified_diff(pinned, compiled, name, "compiled", lineterm="", n=0))


def main(arguments: list[str]) -> int:
    if arguments == ["--check"]:
        found = differences()
        print("\n".join(found[:40]) if found else "The pinned requirements match.")
        return 1 if found else 0
    return 0 if compile_in(ROOT, *arguments) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
