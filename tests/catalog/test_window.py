"""The shop window: public prices, and what search engines find."""

import re
from xml.etree import ElementTree

import pytest
from django.conf import settings
from django.test import Client

from catalog.models import Supplier

pytestmark = pytest.mark.usefixtures("db")


def test_prices_show_services_and_countries(client: Client) -> None:
    page = client.get("/prices/", {"lang": "en"})

    assert page.context["services"][0].name == "WhatsApp"
    assert {shelf.country.code for shelf in page.context["countries"]} >= {"id"}
    assert b'href="/prices/whatsapp/"' in page.content
    assert b'href="/prices/in/id/"' in page.content


def test_a_services_prices_lead_to_buying_there(client: Client) -> None:
    page = client.get("/prices/whatsapp/", {"lang": "id"})

    prices = [shelf.price for shelf in page.context["countries"]]
    assert prices == sorted(prices)
    assert b'href="/buy/whatsapp/id/"' in page.content
    assert "Nomor untuk WhatsApp" in page.content.decode()


def test_a_countrys_prices_lead_to_buying_there(client: Client) -> None:
    page = client.get("/prices/in/id/", {"lang": "en"})

    assert "Numbers from Indonesia" in page.content.decode()
    assert b'href="/buy/whatsapp/id/"' in page.content


@pytest.mark.parametrize("path", ["/prices/nothing-such/", "/prices/in/atlantis/"])
def test_what_is_not_sold_is_not_there(client: Client, path: str) -> None:
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("path", ["/prices/", "/prices/whatsapp/", "/prices/in/id/"])
def test_an_empty_shop_says_so(client: Client, path: str) -> None:
    Supplier.objects.filter(code="alpha").update(is_enabled=False)

    page = client.get(path, {"lang": "en"})

    assert page.status_code == 200
    assert b'class="empty"' in page.content


def test_sandbox_services_are_not_shown(client: Client) -> None:
    assert client.get("/prices/sandbox-test/").status_code == 404
    codes = {service.code for service in client.get("/prices/?all").context["services"]}
    assert not {code for code in codes if code.startswith("test")}


@pytest.mark.parametrize(("language", "words"), [("id", "Terima kodenya"), ("en", "Get the code")])
def test_each_language_has_an_address_of_its_own(client: Client, language: str, words: str) -> None:
    page = client.get("/", {"lang": language}).content.decode()

    assert words in page
    assert f'<link rel="canonical" href="http://testserver/?lang={language}">' in page
    assert '<link rel="alternate" hreflang="x-default" href="http://testserver/">' in page
    assert client.get("/").content.decode().count(words) == page.count(words), "remembered"


def test_the_switch_leads_back_to_the_page_without_its_language(client: Client) -> None:
    page = client.get("/prices/?lang=en&q=wha").content.decode()

    assert 'name="next" value="/prices/?q=wha"' in page


@pytest.mark.parametrize(
    "path", ["/", "/prices/", "/prices/whatsapp/", "/prices/in/id/", "/terms/"]
)
@pytest.mark.parametrize("language", ["id", "en"])
def test_every_public_page_introduces_itself(client: Client, path: str, language: str) -> None:
    page = client.get(path, {"lang": language}).content.decode()

    description = re.search(r'<meta name="description" content="([^"]+)">', page)
    assert description is not None
    assert 50 <= len(description[1]) <= 170
    title = re.search(r"<title>([^<]+)</title>", page)
    assert title is not None
    assert 10 <= len(title[1]) <= 70
    assert 'property="og:image" content="http://testserver/static/icons/card.png"' in page


def test_the_sitemap_lists_pages_that_exist_in_each_language(client: Client) -> None:
    tree = ElementTree.fromstring(client.get("/sitemap.xml").content)  # noqa: S314 - our own

    places = [node.text or "" for node in tree.iter() if node.tag.endswith("}loc")]
    assert "http://testserver/prices/whatsapp/?lang=en" in places
    assert "http://testserver/docs/guides/webhooks/?lang=id" in places
    kinds = {re.sub(r"(prices|in|api|guides)/[^/?]+/", r"\1/*/", place): place for place in places}
    assert len(kinds) > 12
    assert {client.get(place).status_code for place in kinds.values()} == {200}


def test_robots_find_the_sitemap_and_stay_out_of_accounts(client: Client) -> None:
    text = client.get("/robots.txt").content.decode()

    assert "Sitemap: http://testserver/sitemap.xml" in text
    assert "Disallow: /orders/" in text
    assert "Disallow: /prices" not in text


def test_the_manifest_names_icons_that_are_there(client: Client) -> None:
    manifest = client.get("/manifest.webmanifest").json()

    assert manifest["start_url"] == "/buy/"
    folder = settings.BASE_DIR / "static"
    for icon in manifest["icons"]:
        assert (folder / icon["src"].removeprefix("/static/")).exists()


@pytest.mark.parametrize(("language", "words"), [("id", "Yang tidak boleh"), ("en", "may not do")])
def test_the_terms_are_there_in_both_languages(client: Client, language: str, words: str) -> None:
    page = client.get("/terms/", {"lang": language}).content.decode()

    assert words in page
    assert page.count("<h2>") == 8
