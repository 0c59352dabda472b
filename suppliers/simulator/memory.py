"""Keeping the simulator's books in a file, as a real supplier would not forget them either."""

from __future__ import annotations

import asyncio
import pickle
from pathlib import Path

from suppliers.simulator.handler import Handler

_PAUSE = 0.5


async def keep_books(handler: Handler, path: Path) -> None:
    """Write the books whenever they may have changed, until cancelled, and once more then."""
    written = 0
    try:
        while True:
            await asyncio.sleep(_PAUSE)
            if (asked := handler.requests.total()) != written:
                _write(handler, path)
                written = asked
    finally:
        _write(handler, path)


def recall_books(handler: Handler, path: Path) -> None:
    """Go on from what an earlier run wrote; a file that is missing or cut off is an empty one."""
    try:
        # A file of our own making, in the shop's own data folder.
        numbers, balance = pickle.loads(path.read_bytes())  # noqa: S301
    except (FileNotFoundError, EOFError, pickle.UnpicklingError):
        return
    handler.books.restore(numbers, balance)


def _write(handler: Handler, path: Path) -> None:
    books = handler.books
    aside = path.with_suffix(".new")
    aside.write_bytes(pickle.dumps((list(books.all.values()), books.balance)))
    aside.replace(path)
