"""Public identifiers: a short prefix and a ULID, which sorts by time and cannot be guessed."""

from ulid import ULID


def new_id(prefix: str) -> str:
    """Return a fresh identifier such as `ord_01JD…`."""
    return f"{prefix}_{ULID()}"
