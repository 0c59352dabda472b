"""Running a sample in its own language and reading the JSON it got."""

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

_ENVIRONMENT = {**os.environ, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}


def run(language: str, text: str, folder: Path) -> Any:
    """Run the sample as printed, with one line after it that prints what it got."""
    return _RUNNERS[language](text, folder)


def _curl(text: str, folder: Path) -> Any:
    return json.loads(_output(["bash", "-euc", text]))


def _javascript(text: str, folder: Path) -> Any:
    # One sample stops at the response and leaves reading it to the reader.
    parsed = re.search(r"const (\w+) = await res\.json\(\);", text)
    shown = parsed[1] if parsed else "await res.json()"
    script = folder / "sample.mjs"
    script.write_text(f"{text}\nconsole.log(JSON.stringify({shown}));\n")
    return json.loads(_output(["node", str(script)]))


def _php(text: str, folder: Path) -> Any:
    script = folder / "sample.php"
    script.write_text(f"<?php\n{text}\necho $response;\n")
    return json.loads(_output(["php", str(script)]))


def _python(text: str, folder: Path) -> Any:
    script = folder / "sample.py"
    script.write_text(text if "print(" in text else f"{text}\nprint(res.json())\n")
    return ast.literal_eval(_output([sys.executable, str(script)]))


_RUNNERS: dict[str, Callable[[str, Path], Any]] = {
    "CURL": _curl,
    "JavaScript": _javascript,
    "PHP": _php,
    "Python": _python,
}


def _output(command: list[str]) -> str:
    done = subprocess.run(
        command, env=_ENVIRONMENT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
