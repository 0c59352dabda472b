"""Compile the translations that changed; gettext need not be installed."""

from __future__ import annotations

import os
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parent.parent


def compile_changed(root: Path = ROOT) -> int:
    """Write the .mo beside each newer .po; says how many."""
    changed = [
        source
        for source in sorted(root.glob("locale/*/LC_MESSAGES/*.po"))
        if not _is_current(source.with_suffix(".mo"), source)
    ]
    for source in changed:
        _compile(source)
    return len(changed)


def _is_current(compiled: Path, source: Path) -> bool:
    return compiled.exists() and compiled.stat().st_mtime >= source.stat().st_mtime


def _compile(source: Path) -> None:
    with source.open("rb") as file:
        catalog = read_po(file, abort_invalid=True)
    # Aside first: a running shop reads either the old file or the new one.
    aside = source.with_suffix(f".{os.getpid()}.tmp")
    with aside.open("wb") as file:
        write_mo(file, catalog)
    aside.replace(source.with_suffix(".mo"))


if __name__ == "__main__":
    print(f"{compile_changed()} translations compiled")
