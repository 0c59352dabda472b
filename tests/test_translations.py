"""Everything a person reads exists in both languages, and nothing is translated in vain.

Source strings are English, so only Indonesian has a file. Python sources are read by Babel,
templates by Django's own `templatize`; gettext need not be installed. The admin's own frame
(unfold) comes without Indonesian, so ours has its words as well.
"""

import re
from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path

import pytest
import unfold
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.pofile import read_po
from django.test import Client
from django.utils import translation
from django.utils.translation import gettext
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent
UNFOLD = Path(unfold.__file__).parent
# Parts of it that no page of ours shows.
UNSEEN = ("contrib/(?!filters)", "unfold_crispy", "helpers/command_results", "locale")
APPS = ["accounts", "wallet", "catalog", "orders", "office", "webhooks", "nexotp", "suppliers"]
KEYWORDS: dict[str, tuple[int | tuple[int, str], ...] | None] = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
}

Name = tuple[str, ...]


def _sources() -> Iterator[tuple[Path, bytes]]:
    for app in APPS:
        for path in sorted((ROOT / app).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path, path.read_bytes()
    for path in sorted((ROOT / "templates").rglob("*.*")):
        yield path, templatize(path.read_text(), origin=str(path)).encode()


def _borrowed() -> Iterator[tuple[Path, bytes]]:
    """The sources of the admin's frame."""
    for path in sorted([*UNFOLD.rglob("*.py"), *UNFOLD.rglob("*.html")]):
        if not re.search("|".join(UNSEEN), path.relative_to(UNFOLD).as_posix()):
            text = path.read_text()
            if path.suffix == ".html":
                # What its templates are indented by is no indentation to Python.
                text = re.sub(r"(?m)^\s+", "", templatize(text, origin=str(path)))
            yield path, text.encode()


def _used(sources: Iterable[tuple[Path, bytes]] | None = None) -> dict[Name, Path]:
    """Every source string, with a file that has it."""
    found: dict[Name, Path] = {}
    for path, source in _sources() if sources is None else sources:
        for _line, messages, _comments, _context in extract(
            "python", BytesIO(source), keywords=KEYWORDS
        ):
            found[_name(messages)] = path
    return found


def _name(messages: str | tuple[str, ...] | list[str]) -> Name:
    return (messages,) if isinstance(messages, str) else tuple(messages)


@pytest.fixture(scope="module")
def indonesian() -> Catalog:
    return read_po(BytesIO((ROOT / "locale/id/LC_MESSAGES/django.po").read_bytes()))


def _translated(catalog: Catalog) -> dict[Name, Message]:
    return {_name(message.id): message for message in catalog if message.id}


def test_the_scan_sees_python_and_templates() -> None:
    used = _used()

    assert ("This API key is not valid.",) in used
    assert ("What is the code for?",) in used
    assert ("%(n)s service found", "%(n)s services found") in used


def test_every_source_string_has_its_translation(indonesian: Catalog) -> None:
    used, translated = _used(), _translated(indonesian)

    missing = {name: path.name for name, path in used.items() if name not in translated}

    assert not missing, "add these to locale/id/LC_MESSAGES/django.po"


def test_the_frame_of_the_admin_speaks_indonesian(indonesian: Catalog) -> None:
    borrowed, ours = _used(_borrowed()), _translated(indonesian)
    assert ("Choose file to upload",) in borrowed

    with translation.override("id"):
        # Django itself has some of the same words.
        english = {
            name: path.name
            for name, path in borrowed.items()
            if name not in ours and gettext(name[0]) == name[0]
        }

    assert not english, "add these to locale/id/LC_MESSAGES/django.po"


def test_nothing_is_translated_in_vain(indonesian: Catalog) -> None:
    unused = set(_translated(indonesian)) - set(_used()) - set(_used(_borrowed()))

    assert not unused, "remove these from locale/id/LC_MESSAGES/django.po"


def test_every_translation_is_there_and_sure(indonesian: Catalog) -> None:
    for name, message in _translated(indonesian).items():
        forms = [message.string] if isinstance(message.string, str) else list(message.string or ())
        assert forms, name
        assert all(forms), name
        assert not message.fuzzy, name
        assert not [str(error) for error in message.check(indonesian)], name


@pytest.mark.parametrize(
    ("language", "words"), [("id", "Masuk"), ("en", "Sign in")], ids=["Indonesian", "English"]
)
def test_a_page_speaks_the_chosen_language(client: Client, language: str, words: str) -> None:
    client.cookies["django_language"] = language

    page = client.get("/sign-in/").content.decode()

    assert f'<html lang="{language}">' in page
    assert f"<h2>{words}</h2>" in page


def test_indonesian_is_the_default(client: Client) -> None:
    assert '<html lang="id">' in client.get("/sign-in/").content.decode()


def test_choosing_a_language_is_remembered_and_stays_on_the_page(client: Client) -> None:
    answer = client.post("/language/", {"language": "en", "next": "/sign-in/"})

    assert answer["Location"] == "/sign-in/"
    assert answer.cookies["django_language"].value == "en"


def test_amounts_are_written_as_the_language_does() -> None:
    from nexotp.lib.amounts import amount_text, signed_amount_text

    with translation.override("id"):
        assert amount_text(1_234_567, "IDR") == "Rp\u00a01.234.567"
        assert signed_amount_text(-8_800, "IDR") == "−Rp\u00a08.800"
    with translation.override("en"):
        assert amount_text(8_800, "IDR") == "Rp\u00a08,800"
        assert amount_text(12_345, "USD") == "US$\u00a01.2345"
        assert signed_amount_text(8_800, "IDR") == "+Rp\u00a08,800"
