"""Identifiers: public ones, a short prefix and a ULID, and what callers name rows by."""

from ulid import ULID

_LONGEST_ID = 30
_LARGEST_NUMBER = 2**63 - 1


def new_id(prefix: str) -> str:
    """Return a fresh identifier such as `ord_01JD…`, which sorts by time and cannot be guessed."""
    return f"{prefix}_{ULID()}"


def number_in(named: str) -> int | None:
    """Return the number of a row where that is what a caller names, else None."""
    if not (named.isascii() and named.isdigit()):
        return None
    # Python refuses to read numbers of thousands of digits; ours have nineteen at most.
    return min(int(named), _LARGEST_NUMBER) if len(named) < 20 else _LARGEST_NUMBER


def searchable(named: str) -> str:
    """Return the id, or nothing where no id could look like that: a text has no NUL."""
    return named if len(named) <= _LONGEST_ID and named.isprintable() else ""
