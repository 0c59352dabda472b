"""`make check`: everything short of the tests. ARGS="types layers" takes only those."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dev import processes, production, translations
from dev.processes import DevError
from dev.servers import start_servers

ROOT = Path(__file__).resolve().parent.parent
PYTHON = [sys.executable, "-m"]
MANAGE = [sys.executable, "-W", "error", "manage.py"]
COMPILE_TEMPLATES = """
from pathlib import Path
from django.template.loader import get_template
for folder in (Path("templates"), *Path().glob("*/templates")):
    for file in folder.rglob("*.*"):
        get_template(str(file.relative_to(folder)))
"""


@dataclass(frozen=True)
class Step:
    command: list[str]
    needs_database: bool = False


STEPS = {
    "lint": Step([*PYTHON, "ruff", "check", "."]),
    "format": Step([*PYTHON, "ruff", "format", "--check", "--quiet", "--diff", "."]),
    "types": Step([*PYTHON, "mypy", "."]),
    "layers": Step([str(Path(sys.executable).with_name("lint-imports"))]),
    "system": Step([*MANAGE, "check", "--fail-level", "WARNING"]),
    "deployment": Step([*MANAGE, "check", "--deploy", "--fail-level", "WARNING"]),
    "templates": Step([*MANAGE, "shell", "--no-imports", "--command", COMPILE_TEMPLATES]),
    "migrations": Step([*MANAGE, "makemigrations", "--check", "--dry-run"], needs_database=True),
    "requirements": Step([*PYTHON, "dev.requirements", "--check"]),
    "compose": Step(
        [
            *PYTHON,
            "check_jsonschema",
            "--builtin-schema",
            "vendor.compose-spec",
            "docker-compose.yml",
        ]
    ),
    "image": Step([*PYTHON, "dev.rehearse_image"]),
}


def main(names: list[str]) -> int:
    unknown = set(names) - STEPS.keys()
    if unknown:
        raise DevError(f"No such step: {', '.join(unknown)}. There are: {', '.join(STEPS)}.")
    processes.end_with_make()
    processes.exit_on_signals()
    translations.compile_changed()
    chosen = {name: step for name, step in STEPS.items() if name in names or not names}
    failed = [name for name, step in chosen.items() if not passes(name, step)]
    print(f"\nFailed: {', '.join(failed)}" if failed else f"\nAll {len(chosen)} checks passed.")
    return 1 if failed else 0


def passes(name: str, step: Step) -> bool:
    started_at = time.monotonic()
    if step.needs_database:
        with tempfile.TemporaryDirectory(prefix="nexotp-check-") as data:
            servers = start_servers(Path(data), durable=False)
            try:
                passed = run(step.command, {"DATABASE_URL": servers.postgres.url})
            finally:
                servers.stop()
    else:
        passed = run(step.command, {})
    seconds = time.monotonic() - started_at
    print(f"{name:14}{'ok' if passed else 'FAILED'} after {seconds:.1f} s", flush=True)
    return passed


def run(command: list[str], environment: Mapping[str, str]) -> bool:
    """Whether the command succeeds; what it says matters only when it does not."""
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **production.environment(), **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        print(done.stdout)
    return done.returncode == 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except DevError as error:
        sys.exit(f"make check: {error}")
