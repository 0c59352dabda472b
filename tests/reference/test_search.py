"""Searching the reference finds calls, fields, errors, events and guides, in one's language."""

import re

import pytest
from django.test import Client

from nexotp.reference.search import Finds, entries, find
from tests.reference import docs

pytestmark = pytest.mark.usefixtures("db")


def best(question: str, language: str = "en") -> dict[str, str]:
    """The title of the best hit of each kind."""
    return {finds.title: finds.hits[0].entry.title for finds in find(question, language)}


def urls(found: list[Finds]) -> list[str]:
    return [hit.entry.url for finds in found for hit in finds.hits]


@pytest.mark.parametrize(
    ("question", "kind", "title"),
    [
        ("create order", "Calls", "Create an order"),
        ("createOrder", "Calls", "Create an order"),
        ("/order/{id}/cancel", "Calls", "Cancel an order"),
        ("idempotencykey", "Fields", "idempotencyKey"),
        ("otp", "Fields", "otp"),
        ("no_numbers", "Errors", "no_numbers"),
        ("402", "Errors", "insufficient_balance"),
        ("rotate secret", "Calls", "Rotate a webhook's secret"),
        ("signature", "Guides", "Verify the signature"),
        ("test-cancel-race", "Guides", "The special services"),
        ("order.received", "Webhook events", "order.received"),
    ],
)
def test_what_is_asked_for_comes_first(question: str, kind: str, title: str) -> None:
    assert best(question)[kind] == title


@pytest.mark.parametrize(
    ("question", "title"), [("tanda tangan", "Periksa tanda tangannya"), ("saldo", "Buat pesanan")]
)
def test_it_searches_in_the_readers_language(question: str, title: str) -> None:
    titles = [hit.entry.title for finds in find(question, "id") for hit in finds.hits]

    assert title in titles or any(question in each.casefold() for each in titles)
    assert find("tanda tangan", "en") == []


def test_every_word_must_be_there() -> None:
    assert find("order zzzz", "en") == []
    assert find("   ", "en") == []


@pytest.mark.parametrize("language", ["en", "id"])
def test_everything_that_can_be_found_is_there(language: str) -> None:
    assert {entry.kind for entry in entries(language)} == {
        *("call", "field", "error", "guide", "event")
    }
    for entry in entries(language):
        path, anchor = docs.parts(entry.url)
        assert not anchor or anchor in docs.as_stranger(path, language).ids, entry


def test_what_was_asked_for_is_marked_and_harmless(client: Client) -> None:
    page = docs.read(client, "/docs/search/?q=idempotency")
    hostile = docs.read(client, "/docs/search/?q=%3Cscript%3Ealert(1)%3C/script%3E")

    assert "<mark>idempotency</mark>" in page.html
    assert "<script>alert" not in hostile.html
    assert "Nothing has “<script>alert(1)</script>” in it" in hostile.text


@pytest.mark.parametrize("question", ["<b>", "&amp", "a" * 500, "(", "\x00", "%00", "%F0%9F%98%80"])
def test_no_question_is_too_strange(client: Client, question: str) -> None:
    assert client.get("/docs/search/", {"q": question}).status_code == 200


def test_while_typing_only_the_list_comes(client: Client) -> None:
    part = client.get("/docs/search/?q=otp", headers={"HX-Request": "true"})

    assert "<html" not in part.content.decode()
    assert "otp" in part.content.decode()
    assert re.search(r"\bHX-Request\b", part["Vary"])


def test_without_a_question_it_says_what_can_be_asked(client: Client) -> None:
    assert "type a word or two" in docs.read(client, "/docs/search/").text
