"""`make schema`: what changed in the API since its committed snapshot. ARGS=--write takes it.

Leaves with 1 where something would break a program that works today.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from dev import production, translations

SNAPSHOT = Path(__file__).resolve().parent.parent / "docs/public/openapi.json"


def snapshot() -> dict[str, Any]:
    """The document as it was committed."""
    found: dict[str, Any] = json.loads(SNAPSHOT.read_text())
    return found


def written(document: dict[str, Any]) -> str:
    """A document as the snapshot keeps it."""
    return json.dumps(document, indent=1, ensure_ascii=False, default=str) + "\n"


def main(arguments: list[str]) -> int:
    os.environ |= {"DJANGO_SETTINGS_MODULE": "nexotp.settings", **production.environment()}
    translations.compile_changed()
    import django

    django.setup()
    from nexotp.reference.compare import changes
    from nexotp.reference.schema import build

    document = build("en")
    found = changes(snapshot(), document) if SNAPSHOT.exists() else []
    print("\n".join(str(change) for change in found) or "No program would notice a difference.")
    breaking = [change for change in found if change.is_breaking]
    if "--write" in arguments and (not breaking or "--break" in arguments):
        SNAPSHOT.write_text(written(document))
        print(f"Written: {SNAPSHOT.name}")
        return 0
    if SNAPSHOT.read_text() != written(document):
        print("The snapshot is not up to date; `make schema ARGS=--write` takes what is there.")
        return 1
    return 1 if breaking else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
