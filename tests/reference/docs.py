"""Reading the pages at /docs/ as a visitor does: their links, their anchors, their words."""

import re
from functools import cache
from html import unescape
from html.parser import HTMLParser
from urllib.parse import urlsplit

from django.test import Client
from django.urls import reverse

from nexotp.reference.calls import reference
from nexotp.reference.guides import SLUGS

_VOID = {"meta", "link", "input", "br", "img", "path", "circle", "use", "hr", "wbr"}


class Page(HTMLParser):
    """What a page is made of; complains about tags that do not close."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.html = html
        self.links: list[str] = []
        self.ids: list[str] = []
        self.labels: list[str] = []
        self._open: list[str] = []
        self.wrong: list[str] = []
        self.feed(html)
        self.wrong += self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "a":
            self.links.append(values["href"])
        if "id" in values:
            self.ids.append(values["id"])
        if "aria-labelledby" in values:
            self.labels.append(values["aria-labelledby"])
        if any(name.startswith("on") or name == "style" for name in values):
            self.wrong.append(f"inline in <{tag}>")
        if tag not in _VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag in _VOID:
            return
        if not self._open or self._open.pop() != tag:
            self.wrong.append(f"</{tag}>")

    @property
    def text(self) -> str:
        return unescape(
            re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", self.html.replace("<wbr>", "")))
        )


def addresses() -> list[str]:
    """Every page of the reference."""
    names = ["docs", "docs_errors", "docs_events", "docs_search", "docs_swagger", "docs_redoc"]
    return [
        *map(reverse, names),
        *(reverse("docs_call", args=[call.slug]) for call in reference("en").calls),
        *(reverse("docs_guide", args=[slug]) for slug in SLUGS),
    ]


def read(client: Client, address: str, language: str = "en") -> Page:
    client.cookies["django_language"] = language
    response = client.get(address)
    assert response.status_code == 200, address
    return Page(response.content.decode())


@cache
def as_stranger(address: str, language: str) -> Page:
    return read(Client(), address, language)


def parts(link: str) -> tuple[str, str]:
    """A link's address and anchor."""
    split = urlsplit(link)
    return split.path, split.fragment
