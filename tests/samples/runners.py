"""Running samples in their own languages and reading the JSON they got."""

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.samples.sample import Sample

ENVIRONMENT = {**os.environ, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
# A sample that prints what it got prints it for people; this makes Node print the JSON of it.
_AS_JSON = "console.log = (shown) => process.stdout.write(JSON.stringify(shown));"


def run_together(texts: dict[Sample, str], folder: Path) -> dict[Sample, Any]:
    """Run samples side by side, each a program of its own; return what each got."""
    with ThreadPoolExecutor(len(texts)) as threads:
        running = {
            sample: threads.submit(run, sample, text, folder) for sample, text in texts.items()
        }
        return {sample: answer.result() for sample, answer in running.items()}


def run(sample: Sample, text: str, folder: Path) -> Any:
    """Run a sample as printed, with one line after it where it does not print what it got."""
    own = folder / re.sub(r"\W+", "-", str(sample))
    own.mkdir(exist_ok=True)
    return _RUNNERS[sample.language](text, own)


def command(language: str, text: str, folder: Path) -> list[str]:
    """Write a whole program down; return what runs it. Languages as the reference names them."""
    ending, interpreter = _PROGRAMS[language]
    script = folder / f"{language}.{ending}"
    script.write_text(text)
    return [*interpreter, str(script)]


def run_as_printed(language: str, text: str, folder: Path) -> Any:
    """Run a whole program; return the JSON, or Python's likeness of it, that it printed."""
    printed = _output(command(language, text, folder))
    return ast.literal_eval(printed) if language == "python" else json.loads(printed)


_PROGRAMS = {
    "curl": ("sh", ["bash", "-eu"]),
    "javascript": ("mjs", ["node"]),
    "php": ("php", ["php"]),
    "python": ("py", [sys.executable]),
}


def _curl(text: str, folder: Path) -> Any:
    return json.loads(_output(["bash", "-euc", text]))


def _javascript(text: str, folder: Path) -> Any:
    # One sample stops at the response and leaves reading it to the reader.
    parsed = re.search(r"const (\w+) = await res\.json\(\);", text)
    shown = parsed[1] if parsed else "await res.json()"
    script = folder / "sample.mjs"
    script.write_text(f"{text}\nconsole.log(JSON.stringify({shown}));\n")
    return json.loads(_output(["node", str(script)]))


def _javascript_that_prints(text: str, folder: Path) -> Any:
    script, before = folder / "sample.cjs", folder / "before.cjs"
    script.write_text(text)
    before.write_text(_AS_JSON)
    return json.loads(_output(["node", "--require", str(before), str(script)]))


def _php(text: str, folder: Path) -> Any:
    script = folder / "sample.php"
    script.write_text(f"<?php\n{text}\n" + ("" if "echo " in text else "echo $response;\n"))
    return json.loads(_output(["php", str(script)]))


def _python(text: str, folder: Path) -> Any:
    script = folder / "sample.py"
    script.write_text(text if "print(" in text else f"{text}\nprint(res.json())\n")
    return ast.literal_eval(_output([sys.executable, str(script)]))


_RUNNERS: dict[str, Callable[[str, Path], Any]] = {
    "CURL": _curl,
    "cURL": _curl,
    "JavaScript": _javascript,
    "JavaScript / Node": _javascript_that_prints,
    "PHP": _php,
    "Python": _python,
}


def _output(command: list[str]) -> str:
    done = subprocess.run(
        command, env=ENVIRONMENT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
