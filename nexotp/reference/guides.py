"""The guides: hand-written texts, a file in each language, that lean on the calls they tell of."""

from dataclasses import dataclass
from functools import lru_cache

from django.conf import settings
from django.urls import reverse
from django.utils import translation

from nexotp.lib.env import BASE_DIR
from nexotp.reference.calls import Reference, reference
from nexotp.reference.events import EVENTS
from nexotp.reference.markdown import Linker, Page, Writer

FOLDER = BASE_DIR / "docs/guides"
# In the order in which somebody new would read them.
SLUGS = (
    *("first-order", "idempotency", "webhooks", "sandbox", "errors-and-limits", "compatible"),
    "moving",
)
OVERVIEW = "overview"
# Anchors are the same in every language, so that a link survives a change of it.
_ANCHORS = "en"


@dataclass(frozen=True, slots=True)
class Guide:
    slug: str
    page: Page


@lru_cache(maxsize=len(settings.LANGUAGES))
def guides(language: str) -> tuple[Guide, ...]:
    """Return every guide in a language."""
    return tuple(Guide(slug, text(slug, language)) for slug in SLUGS)


@lru_cache(maxsize=32)
def text(slug: str, language: str) -> Page:
    """Return one text, the overview's among them."""
    anchors: tuple[str, ...] = ()
    if language != _ANCHORS:
        anchors = tuple(section.anchor for section in text(slug, _ANCHORS).sections)
    source = (FOLDER / language / f"{slug}.md").read_text()
    with translation.override(language):
        return writer(language).page(source, anchors)


@lru_cache(maxsize=len(settings.LANGUAGES))
def writer(language: str) -> Writer:
    """Return what renders our Markdown in a language."""
    known = reference(language)
    return Writer(known, linker(known))


def linker(known: Reference) -> Linker:
    """Return what knows where code in backticks and targets such as `guide:webhooks` lead."""
    codes = {reason.failure.code for reason in known.reasons}

    def link_to(target: str) -> str | None:
        if call := known.by_verb(target):
            return reverse("docs_call", args=[call.slug])
        if target in codes:
            return f"{reverse('docs_errors')}#{target}"
        if target in EVENTS:
            return f"{reverse('docs_events')}#{target}"
        kind, _colon, name = target.partition(":")
        slug, _hash, anchor = name.partition("#")
        if kind == "guide":
            return reverse("docs_guide", args=[slug]) + (f"#{anchor}" if anchor else "")
        if kind == "page":
            return reverse(f"docs_{slug}" if slug else "docs") + (f"#{anchor}" if anchor else "")
        if kind == "site":
            return reverse(slug)
        return None

    return link_to
