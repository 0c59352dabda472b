"""Searching the reference: calls, fields, errors, events and the guides, in one language.

All of it is a few hundred short texts, so each question reads them all; no index can be stale.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.functional import Promise
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from nexotp.reference import words
from nexotp.reference.calls import Call, reference
from nexotp.reference.events import EVENTS
from nexotp.reference.fields import Field
from nexotp.reference.guides import OVERVIEW, guides, text
from nexotp.reference.markdown import Page

LONGEST_QUESTION = 60
_MOST_WORDS = 6
_MOST_OF_A_KIND = 8
_SNIPPET = 150

# The kinds of what can be found; those that answer equally well come in this order.
KINDS: dict[str, Promise] = {
    "call": _("Calls"),
    "guide": _("Guides"),
    "error": _("Errors"),
    "field": _("Fields"),
    "event": _("Webhook events"),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that can be found. `place` says where it stands, for people."""

    kind: str
    title: str
    place: str
    text: str
    url: str
    is_code: bool = False
    # Found by this too, though it is not shown.
    also: str = ""


@dataclass(frozen=True, slots=True)
class Hit:
    """An entry with what was asked for marked in it."""

    entry: Entry
    title: SafeString
    snippet: SafeString


@dataclass(frozen=True, slots=True)
class Finds:
    """The hits of one kind, the best first, and how many there are in all."""

    title: str
    hits: tuple[Hit, ...]
    total: int


def find(question: str, language: str) -> list[Finds]:
    """Return what has every word of the question in it, by kind, the best kind first."""
    wanted = question.casefold().split()[:_MOST_WORDS]
    if not wanted:
        return []
    with translation.override(language):
        titles = {kind: str(title) for kind, title in KINDS.items()}
    ranked: dict[str, list[tuple[int, Entry]]] = {kind: [] for kind in KINDS}
    for entry in entries(language):
        if rank := _rank(entry, wanted):
            ranked[entry.kind].append((rank, entry))
    for hits in ranked.values():
        hits.sort(key=lambda each: -each[0])
    kinds = sorted((kind for kind in KINDS if ranked[kind]), key=lambda kind: -ranked[kind][0][0])
    return [_finds(titles[kind], ranked[kind], wanted) for kind in kinds]


def _finds(title: str, ranked: Sequence[tuple[int, Entry]], wanted: Sequence[str]) -> Finds:
    hits = tuple(_hit(entry, wanted) for _rank, entry in ranked[:_MOST_OF_A_KIND])
    return Finds(title, hits, len(ranked))


@lru_cache(maxsize=len(settings.LANGUAGES))
def entries(language: str) -> tuple[Entry, ...]:
    """Return all that can be found in a language."""
    with translation.override(language):
        return (*_calls(language), *_guides(language), *_errors(language), *_events(language))


def _calls(language: str) -> Iterator[Entry]:
    for call in reference(language).calls:
        url = reverse("docs_call", args=[call.slug])
        said = _unticked(" ".join((call.purpose, *call.notes)))
        yield Entry("call", call.title, call.verb, said, url, also=call.name)
        for field in call.fields():
            yield _field(call, field, f"{url}#{field.anchor}")


def _field(call: Call, field: Field, url: str) -> Entry:
    said = " ".join((field.description, *field.choices))
    return Entry("field", field.name, call.title, _unticked(said), url, is_code=True)


def _guides(language: str) -> Iterator[Entry]:
    for guide in guides(language):
        yield from _sections(guide.page, reverse("docs_guide", args=[guide.slug]))
    yield from _sections(text(OVERVIEW, language), reverse("docs"))


def _sections(page: Page, url: str) -> Iterator[Entry]:
    for section in page.sections:
        is_whole = section.depth == 1
        place = "" if is_whole else page.title
        address = url if is_whole else f"{url}#{section.anchor}"
        yield Entry("guide", section.title, place, section.text, address)


def _errors(language: str) -> Iterator[Entry]:
    for reason in reference(language).reasons:
        failure = reason.failure
        advice = words.advice(failure.code, is_retryable=failure.is_retryable)
        yield Entry(
            "error",
            failure.code,
            f"HTTP {failure.status}",
            _unticked(f"{failure.message} {advice}"),
            f"{reverse('docs_errors')}#{failure.code}",
            is_code=True,
        )


def _events(language: str) -> Iterator[Entry]:
    for name, meaning in EVENTS.items():
        yield Entry(
            "event", name, "", str(meaning), f"{reverse('docs_events')}#{name}", is_code=True
        )


def _unticked(said: str) -> str:
    return said.replace("`", "")


def _rank(entry: Entry, wanted: Sequence[str]) -> int:
    """Return how well an entry answers; 0 where a word is not in it."""
    title = entry.title.casefold()
    text = f"{entry.place} {entry.text} {entry.also}".casefold()
    total = 0
    for word in wanted:
        if title == word:
            total += 12
        elif title.startswith(word):
            total += 8
        elif word in title:
            total += 5
        elif word in entry.place.casefold():
            total += 3
        elif word in text:
            total += 1
        else:
            return 0
    return total


def _hit(entry: Entry, wanted: Sequence[str]) -> Hit:
    return Hit(entry, _marked(entry.title, wanted), _marked(_snippet(entry.text, wanted), wanted))


def _snippet(said: str, wanted: Sequence[str]) -> str:
    """Return a piece of a text around the first word that was asked for."""
    low = said.casefold()
    places = [place for word in wanted if (place := low.find(word)) >= 0]
    start = max(0, min(places, default=0) - _SNIPPET // 3)
    if start:
        start = said.find(" ", start) + 1
    end = start + _SNIPPET
    if end < len(said):
        end = max(said.rfind(" ", start, end), start + 1)
    return f"{'… ' if start else ''}{said[start:end].strip()}{' …' if end < len(said) else ''}"


def _marked(said: str, wanted: Sequence[str]) -> SafeString:
    """Escape a text and mark the words in it."""
    pattern = re.compile("|".join(re.escape(word) for word in sorted(wanted, key=len)[::-1]), re.I)
    pieces, end = [], 0
    for found in pattern.finditer(said):
        pieces += [escape(said[end : found.start()]), f"<mark>{escape(found[0])}</mark>"]
        end = found.end()
    return mark_safe("".join((*pieces, escape(said[end:]))))  # noqa: S308 - escaped piece by piece
