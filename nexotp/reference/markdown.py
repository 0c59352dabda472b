"""Markdown of ours as HTML: safe, with anchors, colors, and links to what it speaks of.

`GET /balance` in backticks leads to the call, `no_numbers` to the error, `order.received` to the
event. Fences may stand side by side as tabs, include a file, or be the samples of a call.
"""

import json
import re
import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from markdown_it import MarkdownIt
from markdown_it.token import Token

from nexotp.lib.env import BASE_DIR
from nexotp.reference.calls import Reference
from nexotp.reference.highlight import highlighted
from nexotp.reference.samples import HOST, KEY, LANGUAGES, request_of

INCLUDED = BASE_DIR / "docs/samples"
_TITLES = {language.code: language.title for language in LANGUAGES} | {
    "json": "JSON",
    "http": "HTTP",
    "bash": "Shell",
    "text": "",
}
_LINK_DEPTH = {"link_open": 1, "link_close": -1}

_NOTHING = SafeString()

Linker = Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class Pane:
    """Code in one language, as text and in colors."""

    code: str
    title: str
    text: str
    html: SafeString


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a page: text, or code in one language or several."""

    html: SafeString = _NOTHING
    panes: tuple[Pane, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with the plain text below it. `depth` is 1 for the page's own."""

    title: str
    anchor: str
    depth: int
    text: str


@dataclass(frozen=True, slots=True)
class Page:
    """A whole text: its title, the paragraph below that, the rest, and its headings."""

    title: str
    lead: SafeString
    summary: str
    parts: tuple[Part, ...]
    sections: tuple[Section, ...]


@dataclass(slots=True)
class Writer:
    """Turns Markdown into pages for one language of the reference.

    `link_to` knows addresses: of code in backticks, and of the target of a link.
    """

    reference: Reference
    link_to: Linker
    _markdown: MarkdownIt = field(init=False)

    def __post_init__(self) -> None:
        self._markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
        renderer: Any = self._markdown.renderer
        rules = renderer.rules
        rules["code_inline"] = self._code_inline
        rules["table_open"] = _table_open
        rules["table_close"] = _table_close

    def inline(self, text: str) -> SafeString:
        """Return one line of a description."""
        return mark_safe(str(self._markdown.renderInline(text)))  # noqa: S308 - HTML in it is escaped

    def page(self, text: str, anchors: Sequence[str] = ()) -> Page:
        """Return a whole text; `anchors` are those of its headings, else made from their words."""
        text = text.replace("{{host}}", HOST).replace("{{key}}", KEY)
        tokens = self._markdown.parse(text)
        for token in tokens:
            self._resolve_links(token)
        sections = _name_headings(tokens, anchors)
        title, lead, body = _opening(tokens)
        return Page(
            title=title,
            lead=self._html(lead),
            summary=_plain(lead),
            parts=tuple(self._parts(body)),
            sections=tuple(sections),
        )

    def _html(self, tokens: Sequence[Token]) -> SafeString:
        rendered = self._markdown.renderer.render(tokens, self._markdown.options, {})
        return mark_safe(str(rendered))  # noqa: S308 - HTML in it is escaped

    def _parts(self, tokens: Sequence[Token]) -> Iterator[Part]:
        texts: list[Token] = []
        panes: list[Pane] = []
        for token in tokens:
            if token.type != "fence":
                if panes:
                    yield Part(panes=tuple(panes))
                    panes = []
                texts.append(token)
                continue
            if texts:
                yield Part(html=self._html(texts))
                texts = []
            language, *options = shlex.split(token.info) or ["text"]
            if panes and "tab" not in options:
                yield Part(panes=tuple(panes))
                panes = []
            panes += self._panes(language, options, token.content)
        if texts:
            yield Part(html=self._html(texts))
        if panes:
            yield Part(panes=tuple(panes))

    def _panes(self, language: str, options: list[str], content: str) -> list[Pane]:
        named = dict(each.split("=", 1) for each in options if "=" in each)
        if language == "call":
            return self._samples(" ".join(options), content)
        if path := named.get("include"):
            content = (INCLUDED / path).read_text()
        text = content.strip("\n")
        title = named.get("title", _TITLES.get(language, language))
        return [Pane(language, title, text, highlighted(text, language))]

    def _samples(self, verb: str, content: str) -> list[Pane]:
        """Return the samples of a call; of one that this shop does not have, none."""
        call = self.reference.by_verb(verb)
        if call is None:
            return []
        request = request_of(call, json.loads(content) if content.strip() else None)
        return [
            pane(language.code, language.title, language.write(request)) for language in LANGUAGES
        ]

    def _code_inline(self, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
        content = tokens[index].content
        code = f"<code>{escape(content)}</code>"
        inside_link = sum(_LINK_DEPTH.get(token.type, 0) for token in tokens[:index]) > 0
        address = None if inside_link else self.link_to(content)
        return f'<a href="{escape(address)}">{code}</a>' if address else code

    def _resolve_links(self, token: Token) -> None:
        for child in token.children or ():
            if child.type == "link_open":
                target = str(child.attrGet("href"))
                child.attrSet("href", self.link_to(target) or target)


def pane(code: str, title: str, text: str) -> Pane:
    return Pane(code, title, text, highlighted(text, code))


def _table_open(*_arguments: Any) -> str:
    # Wider than a phone: then it scrolls by itself, and the keyboard must reach it for that.
    label = escape(_("Table"))
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{label}"><table class="table">'
    )


def _table_close(*_arguments: Any) -> str:
    return "</table></div>\n"


def slug_of(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def _name_headings(tokens: list[Token], anchors: Sequence[str]) -> list[Section]:
    """Give each heading its anchor; return the sections that they begin."""
    starts = [index for index, token in enumerate(tokens) if token.type == "heading_open"]
    sections = []
    for number, start in enumerate(starts):
        title = _plain([tokens[start + 1]])
        anchor = anchors[number] if number < len(anchors) else slug_of(title)
        tokens[start].attrSet("id", anchor)
        _add_anchor_link(tokens[start + 1], anchor)
        end = starts[number + 1] if number + 1 < len(starts) else len(tokens)
        depth = int(tokens[start].tag[1:])
        sections.append(Section(title, anchor, depth, _plain(tokens[start + 3 : end])))
    return sections


def _add_anchor_link(heading: Token, anchor: str) -> None:
    link = Token("link_open", "a", 1, attrs={"class": "anchor", "href": f"#{anchor}"})
    children = heading.children or []
    heading.children = [*children, link, Token("text", "", 0, content="#"), _CLOSE]


_CLOSE = Token("link_close", "a", -1)


def _opening(tokens: list[Token]) -> tuple[str, list[Token], list[Token]]:
    """Return the title, the first paragraph's tokens and all that follows."""
    title = _plain([tokens[1]]).removesuffix("#").strip()
    return title, tokens[4:5], tokens[6:]


def _plain(tokens: Sequence[Token]) -> str:
    """Return what is said, without how it looks; code of fences stays out."""
    texts = []
    for token in tokens:
        for child in token.children or ():
            if child.type in {"text", "code_inline"} and child.content != "#":
                texts.append(child.content)
            elif child.type in {"softbreak", "hardbreak"}:
                texts.append(" ")
        if token.children:
            texts.append(" ")
    return re.sub(r"\s+", " ", "".join(texts)).strip()
