"""The pages at /docs/: open to everybody, whole, linked to each other, each reader's own."""

import re
from dataclasses import replace

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import ApiKey, User
from accounts.reference_key import reference_key
from nexotp.reference import pages
from nexotp.reference.calls import Call, Group, reference
from nexotp.reference.words import tag_title
from tests.reference import docs

pytestmark = pytest.mark.usefixtures("db")

CREATE = "/docs/api/create-order/"


@pytest.mark.parametrize("language", ["en", "id"])
@pytest.mark.parametrize("address", docs.addresses())
def test_a_page_is_whole(address: str, language: str) -> None:
    page = docs.as_stranger(address, language)

    assert page.wrong == []
    assert len(page.ids) == len(set(page.ids))
    assert set(page.labels) <= set(page.ids)
    assert f'<html lang="{language}">' in page.html
    assert not re.search(r"<script(?![^>]* src=)", page.html)


@pytest.mark.parametrize("language", ["en", "id"])
@pytest.mark.parametrize("address", docs.addresses())
def test_every_link_leads_somewhere(address: str, language: str) -> None:
    page = docs.as_stranger(address, language)

    assert page.links
    for link in page.links:
        path, anchor = docs.parts(link)
        if link.startswith("http"):
            continue
        if path.startswith("/docs/"):
            there = docs.as_stranger(path, language)
        elif path:
            assert Client().get(path).status_code in {200, 302}, link
            continue
        else:
            there = page
        assert not anchor or anchor in there.ids, link


@pytest.mark.parametrize("call", reference("en").calls, ids=lambda call: call.name)
def test_everything_about_a_call_can_be_linked_to(call: Call) -> None:
    page = docs.as_stranger(reverse("docs_call", args=[call.slug]), "en")

    wanted = {field.anchor for field in (*call.fields(), *call.headers)}
    wanted |= {failure.anchor for failure in call.failures}
    assert wanted <= set(page.ids)
    assert wanted <= {docs.parts(link)[1] for link in page.links}
    assert call.title in page.text
    assert call.purpose.replace("`", "") in page.text.replace(" ,", ",").replace(" .", ".")
    for failure in call.failures:
        assert failure.message in page.text
        assert f"{failure.status} {failure.code}" in page.text


def test_every_error_is_told_with_the_calls_that_answer_it() -> None:
    page = docs.as_stranger("/docs/errors/", "en")

    for reason in reference("en").reasons:
        assert reason.failure.code in page.ids
        assert reason.failure.message in page.text
        assert reason.is_of_every_call or all(each.verb in page.text for each in reason.calls)
    assert len(reference("en").reasons) > 30


def test_an_anchor_is_the_same_in_every_language() -> None:
    for address in docs.addresses():
        english, indonesian = (docs.as_stranger(address, each).ids for each in ("en", "id"))
        assert english == indonesian, address


def test_a_page_that_is_not_there(client: Client) -> None:
    for address in ("/docs/api/no-such-call/", "/docs/guides/no-such-guide/", "/docs/nowhere/"):
        assert client.get(address).status_code == 404


def test_pages_can_only_be_read(client: Client) -> None:
    assert client.post("/docs/").status_code == 405


def test_samples_call_the_shop_that_was_asked(client: Client, settings: object) -> None:
    settings.ALLOWED_HOSTS = ["shop.test"]  # type: ignore[attr-defined]

    page = client.get(CREATE, headers={"Host": "shop.test"}).content.decode()

    assert "http://shop.test/api/v1/order" in page
    assert "shop.example" not in page


def test_a_host_that_is_not_ours_gets_no_page(client: Client) -> None:
    assert client.get("/docs/", headers={"Host": 'evil.test"><b>'}).status_code == 400


def test_a_stranger_sees_a_placeholder_and_makes_no_key(client: Client) -> None:
    page = docs.read(client, CREATE)

    assert "Bearer nx_test_xxx" in page.text
    assert not ApiKey.objects.exists()


@pytest.mark.parametrize("address", [CREATE, "/docs/", "/docs/guides/first-order/"])
def test_a_reader_finds_their_own_key_in_every_sample(
    client: Client, alice: User, address: str
) -> None:
    client.force_login(alice)

    page = docs.read(client, address)

    key = reference_key(user=alice, now=timezone.now())
    assert page.html.count(f"Bearer {key}") >= 4
    assert "nx_test_xxx" not in page.html
    assert ApiKey.objects.get().user == alice


@pytest.mark.parametrize("address", docs.addresses())
def test_a_page_with_a_key_is_kept_by_nobody(client: Client, alice: User, address: str) -> None:
    client.force_login(alice)

    kept = client.get(address)["Cache-Control"]

    assert "no-store" in kept
    assert "private" in kept


def test_a_language_in_the_address_is_spoken_and_remembered(client: Client) -> None:
    client.cookies["django_language"] = "id"

    answer = client.get("/docs/errors/?lang=en")

    assert "<h1>Errors</h1>" in answer.content.decode()
    assert answer.cookies[settings.LANGUAGE_COOKIE_NAME].value == "en"
    assert "<h1>Errors</h1>" in client.get("/docs/errors/").content.decode()


def test_a_language_that_we_do_not_speak_is_no_wish(client: Client) -> None:
    answer = client.get("/docs/errors/?lang=xx")

    assert answer.status_code == 200
    assert settings.LANGUAGE_COOKIE_NAME not in answer.cookies


def test_the_switch_of_languages_stays_on_the_page(client: Client) -> None:
    page = client.get("/docs/search/?q=otp&lang=en").content.decode()

    assert 'name="next" value="/docs/search/?q=otp"' in page


def test_search_engines_are_told_which_page_is_which(client: Client) -> None:
    page = client.get(CREATE).content.decode()

    assert f'<link rel="canonical" href="http://testserver{CREATE}?lang=id">' in page
    for language in ("id", "en"):
        assert f'hreflang="{language}" href="http://testserver{CREATE}?lang={language}"' in page
    assert re.search(r'<meta name="description" content="[^"`]{20,}">', page)
    assert "<title>" in page


def test_the_policy_is_relaxed_for_redoc_alone(client: Client) -> None:
    policies = {each: client.get(each)["Content-Security-Policy"] for each in docs.addresses()}

    loose = {each for each, policy in policies.items() if "unsafe" in policy}
    assert loose == {"/docs/redoc/"}
    for policy in policies.values():
        assert "script-src 'self';" in f"{policy};"
        assert "connect-src 'self'" in policy


def test_a_call_of_a_tag_that_nobody_knows_has_its_page(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = reference("en")
    new = replace(known.calls[0], name="brandNew", tag="brand-new", scope="brand:new", bucket="")
    group = Group("brand-new", tag_title("brand-new"), "", (new,))
    monkeypatch.setattr(pages, "reference", lambda _language: replace(known, groups=(group,)))

    page = docs.read(client, "/docs/api/brand-new/")

    assert "Brand new" in page.text
    assert "brand:new" in page.text


def test_pages_are_read_one_after_the_other() -> None:
    """Following "next" from the overview leads through every page but the tools."""
    seen, here = ["/docs/"], "/docs/"
    while found := re.search(r'href="([^"]+)" rel="next"', docs.as_stranger(here, "en").html):
        here = found[1]
        seen.append(here)

    tools = {"/docs/search/", "/docs/swagger/", "/docs/redoc/"}
    assert set(seen) == set(docs.addresses()) - tools
    assert len(seen) == len(set(seen))


@pytest.mark.parametrize("user", ["stranger", "alice"])
def test_every_page_of_the_shop_leads_there(
    client: Client, request: pytest.FixtureRequest, user: str
) -> None:
    address = "/sign-in/"
    if user == "alice":
        client.force_login(request.getfixturevalue("alice"))
        address = "/wallet/"

    assert "/docs/" in docs.read(client, address).links
