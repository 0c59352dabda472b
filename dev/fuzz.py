"""`make fuzz`: Schemathesis on the whole API for as many cases as wanted. ARGS=5000 for fewer."""

from __future__ import annotations

import os
import sys

from dev import test
from dev.processes import DevError

CASES = 50_000
# Both cores, and what was sent and answered even where nothing was found.
_OPTIONS = ["-n", "2", "--dist", "load", "-rP", "--show-capture", "stdout", "--no-header", "-q"]


def main(arguments: list[str]) -> int:
    os.environ |= {
        "NEXOTP_FUZZ_CASES": arguments[0] if arguments else str(CASES),
        # Servers of its own, so that `make test` need not wait.
        "NEXOTP_TEST_DATA": os.environ.get("NEXOTP_TEST_DATA", ".fuzz-data"),
        "LOG_LEVEL": "ERROR",
    }
    return test.main(["tests/fuzz/test_schema.py", *_OPTIONS])


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except DevError as error:
        sys.exit(f"make fuzz: {error}")
