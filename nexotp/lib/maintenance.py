"""Whether the shop is closed for maintenance: by a file, which works while all else is mended."""

from pathlib import Path

from django.conf import settings

_USUAL_PAUSE = 300


def maintenance_seconds() -> int | None:
    """Return for how long to ask callers to wait; None while the shop is open.

    The shop is closed while MAINTENANCE_FILE exists, which may hold a number of minutes.
    """
    try:
        told = Path(settings.MAINTENANCE_FILE).read_bytes()[:5].strip()
    except OSError:
        return None
    minutes = int(told) if told.isdigit() else 0
    return minutes * 60 or _USUAL_PAUSE
