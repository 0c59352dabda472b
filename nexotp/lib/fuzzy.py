"""Finding named things by what people type: beginnings, words in any order, initials, mistakes.

For lists of a few thousand names that are kept in memory; asking one takes a millisecond or two.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Generic, TypeVar

K = TypeVar("K")

# Kinds of matches, the better ones lower; people mean a name before a word in the middle of one.
_WHOLE, _SHORT, _BEGINS, _WORD_BEGINS, _WORDS, _INITIALS, _INSIDE, _MISTYPED = range(8)
# With so many sure finds nobody has mistyped.
_ENOUGH = 3
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Name:
    """Something to be found. Of equal matches the one with more `weight` comes first."""

    names: Sequence[str]
    # Found only by these whole: short forms such as "wa".
    short: Sequence[str] = ()
    weight: int = 0


@dataclass(frozen=True, slots=True)
class _Entry(Generic[K]):
    key: K
    rank: tuple[int, str]
    squeezed: tuple[str, ...]
    short: frozenset[str]
    words: frozenset[str]
    initials: tuple[str, ...]
    pairs: frozenset[str]


class Index(Generic[K]):
    """Names to be found, in the order in which they are wanted."""

    def __init__(self, names: Iterable[tuple[K, Name]]) -> None:
        entries = [_entry(key, name) for key, name in names]
        self._entries = sorted(entries, key=lambda entry: entry.rank)

    def find(self, text: str) -> list[K]:
        """Return the keys of what the text may mean, the likeliest first."""
        words = words_of(text)
        if not words:
            return []
        squeezed = "".join(words)
        ranked = [
            (kind, order, entry.key)
            for order, entry in enumerate(self._entries)
            if (kind := _match(entry, words, squeezed)) is not None
        ]
        if len(ranked) < _ENOUGH:
            sure = {order for _kind, order, _key in ranked}
            ranked += [
                (_MISTYPED + mistakes, order, entry.key)
                for order, entry in enumerate(self._entries)
                if order not in sure and (mistakes := _mistakes(entry, words, squeezed)) is not None
            ]
        return [key for _kind, _order, key in sorted(ranked, key=lambda found: found[:2])]


def words_of(text: str) -> list[str]:
    """Return the words of a text without case and accents."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return _WORD.findall("".join(sign for sign in plain if not unicodedata.combining(sign)))


def _entry(key: K, name: Name) -> _Entry[K]:
    parted = [words for each in name.names if (words := words_of(each))]
    squeezed = tuple(dict.fromkeys("".join(words) for words in parted))
    return _Entry(
        key=key,
        rank=(-name.weight, squeezed[0] if squeezed else ""),
        squeezed=squeezed,
        short=frozenset("".join(words_of(each)) for each in name.short),
        words=frozenset(word for words in parted for word in words),
        initials=tuple("".join(word[0] for word in words) for words in parted if len(words) > 1),
        pairs=frozenset().union(*map(_pairs, squeezed)),
    )


def _match(entry: _Entry[K], words: list[str], squeezed: str) -> int | None:
    if squeezed in entry.squeezed:
        return _WHOLE
    if squeezed in entry.short:
        return _SHORT
    if any(name.startswith(squeezed) for name in entry.squeezed):
        return _BEGINS
    if any(word.startswith(squeezed) for word in entry.words):
        return _WORD_BEGINS
    if all(any(own.startswith(word) for own in entry.words) for word in words):
        return _WORDS
    if len(squeezed) > 1 and squeezed in entry.initials:
        return _INITIALS
    if len(squeezed) > 1 and any(squeezed in name for name in entry.squeezed):
        return _INSIDE
    return None


def _mistakes(entry: _Entry[K], words: list[str], squeezed: str) -> int | None:
    """Return how many letters are wrong, None where it is another word."""
    typed = _pairs(squeezed)
    # Whatever differs by so little shares some neighbors; most names end here.
    if len(typed & entry.pairs) * 3 < len(typed):
        return None
    together = [_slips(squeezed, name) for name in entry.squeezed]
    one_by_one = [_least(_slips(word, own) for own in entry.words) for word in words]
    apart = None if None in one_by_one else sum(slips or 0 for slips in one_by_one)
    return _least([*together, apart])


def _least(counts: Iterable[int | None]) -> int | None:
    return min((count for count in counts if count is not None), default=None)


@lru_cache(maxsize=4096)
def _pairs(word: str) -> frozenset[str]:
    return frozenset(word[at : at + 2] for at in range(len(word) - 1))


def _slips(typed: str, name: str) -> int | None:
    """Return how many letters to add, drop, change or swap until the name begins with the typed.

    None if more than a third of them. Optimal string alignment, its last row over all beginnings.
    """
    allowed = min(3, len(typed) // 3)
    if not allowed:
        return 0 if name.startswith(typed) else None
    name = name[: len(typed) + allowed]
    before: list[int] = []
    row = list(range(len(name) + 1))
    for at, letter in enumerate(typed, start=1):
        earlier, before, row = before, row, [at]
        for to, own in enumerate(name, start=1):
            cost = min(before[to] + 1, row[to - 1] + 1, before[to - 1] + (letter != own))
            if at > 1 and to > 1 and letter == name[to - 2] and typed[at - 2] == own:
                cost = min(cost, earlier[to - 2] + 1)
            row.append(cost)
        if min(row) > allowed:
            return None
    return min(row)
