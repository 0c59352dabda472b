"""Keeping the simulator's books in a file, as a real supplier would not forget them either."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Mapping
from pathlib import Path

from suppliers.simulator.account import Account

_PAUSE = 0.5
_FORMAT = 2


async def keep_books(accounts: Mapping[str, Account], path: Path) -> None:
    """Write the books whenever they may have changed, until cancelled, and once more then."""
    written = 0
    try:
        while True:
            await asyncio.sleep(_PAUSE)
            asked = sum(account.requests.total() for account in accounts.values())
            if asked != written:
                _write(accounts, path)
                written = asked
    finally:
        _write(accounts, path)


def recall_books(accounts: Mapping[str, Account], path: Path) -> None:
    """Go on from what an earlier run wrote; a file that is missing or cut off is an empty one."""
    try:
        # A file of our own making, in the shop's own data folder.
        kept = pickle.loads(path.read_bytes())  # noqa: S301
    except (FileNotFoundError, EOFError, AttributeError, ImportError, pickle.UnpicklingError):
        return
    if not isinstance(kept, dict) or kept.get("format") != _FORMAT:
        return  # an older simulator's
    for name, (numbers, balance) in kept["books"].items():
        if name in accounts:
            accounts[name].books.restore(numbers, balance)


def _write(accounts: Mapping[str, Account], path: Path) -> None:
    books = {
        name: (list(account.books.all.values()), account.books.balance)
        for name, account in accounts.items()
    }
    aside = path.with_suffix(".new")
    aside.write_bytes(pickle.dumps({"format": _FORMAT, "books": books}))
    aside.replace(path)
