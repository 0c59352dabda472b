"""Points at which a process can be told to die, to prove that recovery mends what is left.

`NEXOTP_CRASH_AT=answered` kills the process there. Without the variable a point does nothing.
"""

import os


def crash_point(name: str) -> None:
    """Die at once, as a power cut would, if this point is the one that was armed."""
    if os.environ.get("NEXOTP_CRASH_AT") == name:
        os._exit(137)
