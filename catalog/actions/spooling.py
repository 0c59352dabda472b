"""A price list on its way: written to a file while the supplier talks, so that neither memory
nor a database connection is held for as long as that takes.

Lines are untrusted: codes that no column holds, costs that are none and stock without end are left
out or cut. The file has no name, so whatever ends this process removes it.
"""

import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

from django.db.backends.utils import CursorWrapper

from suppliers.base import Listing

_LONGEST_CODE = 40
_HIGHEST_COST = 10**12
_HIGHEST_STOCK = 10**9
# Codes repeat in every line; a list with more of them than this is not kept in memory.
_MOST_CODES = 50_000
_LOOK_EVERY = 2_000
_BLOCK = 256 * 1024
_ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})


@dataclass(slots=True)
class Spool:
    """Listings in a file, in the form that COPY reads."""

    file: IO[bytes]
    read_count: int = 0
    unreadable_count: int = 0

    def copy_to(self, cursor: CursorWrapper, command: str) -> None:
        self.file.seek(0)
        with cursor.copy(command) as copy:
            while block := self.file.read(_BLOCK):
                copy.write(block)


@contextmanager
def spooled(listings: Iterable[Listing], *, look: Callable[[int], None]) -> Iterator[Spool]:
    """Write down all listings; `look` is told now and then how many there are."""
    with tempfile.TemporaryFile(prefix="nexotp-") as file:
        spool = Spool(file)
        codes: dict[str, str] = {}
        for listing in listings:
            spool.read_count += 1
            if spool.read_count % _LOOK_EVERY == 0:
                look(spool.read_count)
            line = _line(listing, codes)
            if line is None:
                spool.unreadable_count += 1
            else:
                file.write(line)
        yield spool


def _line(listing: Listing, codes: dict[str, str]) -> bytes | None:
    goods = listing.goods
    service, country = _code(goods.service, codes), _code(goods.country, codes)
    operator = _code(goods.operator, codes)
    is_readable = service and country and operator is not None
    if not is_readable or not 0 < listing.cost <= _HIGHEST_COST:
        return None
    stock = max(0, min(listing.stock, _HIGHEST_STOCK))
    return f"{service}\t{country}\t{operator}\t{listing.cost}\t{stock}\n".encode()


def _code(code: str, known: dict[str, str]) -> str | None:
    """Return a code as COPY reads it, or None where no column would hold it."""
    if code not in known:
        if not is_storable(code):
            return None
        if len(known) >= _MOST_CODES:
            known.clear()
        known[code] = code.translate(_ESCAPES)
    return known[code]


def is_storable(code: str) -> bool:
    """Whether a supplier's code fits into its column."""
    if len(code) > _LONGEST_CODE or "\x00" in code:
        return False
    try:
        code.encode()
    except UnicodeEncodeError:
        return False
    return True
