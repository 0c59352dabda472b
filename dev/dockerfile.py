"""Carry out a Dockerfile's own lines in a folder, where no container engine runs.

A stage's root is `root/` below that folder, always the same: what is copied from one stage to the
next stands at the path it was built for, as in the real thing. USER is read but not obeyed.
"""

from __future__ import annotations

import fnmatch
import json
import os
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from dev.processes import DevError

HOME = "/opt/nexotp"


@dataclass
class Image:
    """What the last stage leaves: an environment, a folder to start in, and what to start."""

    folder: Path
    source: Path
    environment: dict[str, str] = field(default_factory=dict)
    directory: Path = Path("/")
    command: list[str] = field(default_factory=list)
    health_check: list[str] = field(default_factory=list)
    user: str = "root"
    stage: str = ""

    def build(self, dockerfile: Path) -> None:
        """Raises DevError at the first line that fails or is not understood."""
        for word, rest in _instructions(dockerfile.read_text()):
            step = getattr(self, f"_{word.lower()}", None)
            if step is None:
                raise DevError(f"The rehearsal does not know {word}; teach dev/dockerfile.py.")
            step(rest)

    def run(self, command: list[str], environment: dict[str, str], *, quiet: bool = False) -> int:
        """Run a command as in a container of the image, and give its exit status."""
        return subprocess.run(
            [self._inside(word) for word in command],
            cwd=self.directory,
            env={**self.environment, **environment},
            stderr=subprocess.DEVNULL if quiet else None,
            check=False,
        ).returncode

    def _from(self, rest: str) -> None:
        root = self.folder / "root"
        if self.stage:
            root.rename(self.folder / self.stage)
        words = rest.split()
        self.stage = words[2] if len(words) == 3 else "final"
        Path(self._inside(HOME)).mkdir(parents=True)
        # A fresh stage has the machine's own Python on its path and nothing of the caller's.
        self.environment = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(root)}
        passed = {
            name: os.environ[name] for name in os.environ if name.startswith(("PIP_", "SSL_"))
        }
        self.environment |= passed
        self.directory = root

    def _env(self, rest: str) -> None:
        for word in shlex.split(rest):
            name, _, value = word.partition("=")
            value = self._inside(value)
            if name == "PATH":  # the base image's Python is this machine's
                value = f"{value}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
            self.environment[name] = value

    def _workdir(self, rest: str) -> None:
        self.directory = Path(self._inside(rest))
        self.directory.mkdir(parents=True, exist_ok=True)

    def _copy(self, rest: str) -> None:
        words = rest.split()
        if words[0].startswith("--from="):
            stage = self.folder / words[0].partition("=")[2]
            origin = stage / words[1].lstrip("/")
            shutil.copytree(origin, Path(self._inside(words[2])), symlinks=True)
            return
        *sources, target = words
        for source in sources:
            destination = self.directory / target
            if source == ".":
                _copy_context(self.source, destination)
            else:
                shutil.copy(self.source / source, destination)

    def _run(self, rest: str) -> None:
        status = self.run(["/bin/sh", "-c", rest], {})
        if status != 0:
            raise DevError(f"This line of the Dockerfile failed with status {status}:\nRUN {rest}")

    def _user(self, rest: str) -> None:
        self.user = rest

    def _expose(self, _rest: str) -> None:
        return

    def _healthcheck(self, rest: str) -> None:
        self.health_check = json.loads(rest.partition("CMD ")[2])

    def _cmd(self, rest: str) -> None:
        self.command = json.loads(rest)

    def _inside(self, text: str) -> str:
        return text.replace(HOME, f"{self.folder}/root{HOME}")


def _instructions(text: str) -> Iterator[tuple[str, str]]:
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        word, _, rest = line.partition(" ")
        yield word, rest.strip()


def _copy_context(source: Path, target: Path) -> None:
    """Copy what .dockerignore lets through of the files git knows or would take in."""
    rules = [
        rule
        for rule in (source / ".dockerignore").read_text().splitlines()
        if rule and rule[0] != "#"
    ]
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.check_output(listing, cwd=source, text=True).split("\0")
    for name in filter(None, names):
        if (source / name).is_file() and not is_ignored(Path(name), rules):
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source / name, target / name)


def is_ignored(name: Path, rules: list[str]) -> bool:
    """The last rule that names the file, or a folder it is in, decides."""
    ignored = False
    for rule in rules:
        pattern = rule.removeprefix("!")
        anywhere = pattern.removeprefix("**/")
        candidates = [str(part) for part in (name, *name.parents) if part != Path()]
        matches = any(fnmatch.fnmatchcase(each, pattern) for each in candidates)
        if anywhere != pattern:
            matches = any(fnmatch.fnmatchcase(part, anywhere) for part in name.parts)
        if matches:
            ignored = not rule.startswith("!")
    return ignored
