"""New terms: asked once after each sign-in; who does not agree looks at all and buys nothing."""

import pytest
from django.test import Client

from accounts.models import User
from nexotp.lib.terms import TERMS_VERSION
from orders.models import Order
from orders.reports import audit_ledger
from tests import cast

pytestmark = pytest.mark.usefixtures("committed", "simulator")

PAGE = {"Accept": "text/html", "Accept-Language": "en"}
ASKED = "/terms/agree/?next="


@pytest.fixture
def alice(alice: User) -> User:
    """She agreed to what was in force once."""
    alice.terms_version = "2020-01-01"
    alice.save()
    return alice


@pytest.fixture
def browser(client: Client, alice: User) -> Client:
    client.force_login(alice)
    client.cookies["django_language"] = "en"
    return client


def test_the_question_comes_once_and_leads_back(browser: Client, alice: User) -> None:
    first = browser.get("/wallet/?kind=top_up", headers=PAGE)
    page = browser.get(first["Location"]).content.decode()
    looking_on = browser.get("/wallet/?kind=top_up", headers=PAGE)

    assert first["Location"] == f"{ASKED}%2Fwallet%2F%3Fkind%3Dtop_up"
    assert 'name="next" value="/wallet/?kind=top_up"' in page
    assert looking_on.status_code == 200
    again = Client()
    again.force_login(alice)
    assert again.get("/orders/", headers=PAGE)["Location"].startswith(ASKED)


def test_agreeing_is_noted_and_ends_it(browser: Client, alice: User) -> None:
    answer = browser.post("/terms/agree/", {"next": "/wallet/"})

    alice.refresh_from_db()
    assert answer["Location"] == "/wallet/"
    assert (alice.terms_version, alice.terms_accepted_at is not None) == (TERMS_VERSION, True)
    assert browser.get("/orders/", headers=PAGE).status_code == 200
    assert browser.get("/terms/agree/")["Location"] == "/buy/"


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example", "javascript:x"])
def test_it_leads_nowhere_else(browser: Client, back: str) -> None:
    assert browser.post("/terms/agree/", {"next": back})["Location"] == "/buy/"


@pytest.mark.parametrize("path", ["/terms/", "/account/", "/sign-out/", "/admin/"])
def test_some_ways_stay_open(browser: Client, path: str) -> None:
    assert not browser.get(path, headers=PAGE).get("Location", "").startswith(ASKED)


def test_parts_and_files_are_not_led_away(browser: Client) -> None:
    part = browser.get("/orders/", headers=PAGE | {"HX-Request": "true"})

    assert part.status_code in {200, 204}
    assert browser.get("/wallet/statement.csv", headers={"Accept": "*/*"}).status_code == 200


@pytest.mark.parametrize("quantity", [1, 2])
def test_nothing_is_bought_before(browser: Client, alice: User, quantity: int) -> None:
    form = {"mode": "live", "provider": "any", "max_price": "999999", "quantity": str(quantity)}

    told = browser.get("/buy/whatsapp/id/", follow=True).content.decode()
    refused = browser.post("/buy/whatsapp/id/", form | {"key": "buy_1"})
    browser.post("/terms/agree/")
    bought = browser.post("/buy/whatsapp/id/", form | {"key": "buy_2"})

    assert "Agree to them before you buy" in told
    assert 'id="buy-button" disabled' in told
    assert refused.status_code == 409
    assert "/terms/agree/?next=/buy/whatsapp/id/" in refused.content.decode()
    assert bought.status_code == 302
    assert Order.objects.count() == quantity
    assert audit_ledger() == []


def test_play_money_needs_no_terms(browser: Client, alice: User) -> None:
    browser.post("/mode/", {"mode": "sandbox"})
    form = {"mode": "sandbox", "provider": "any", "max_price": "999999", "key": "buy_1"}

    assert browser.post("/buy/whatsapp/id/", form).status_code == 302


def test_an_account_that_the_shop_opened_is_asked_nothing(client: Client, bob: User) -> None:
    client.force_login(bob)

    assert client.get("/wallet/", headers=PAGE).status_code == 200


def test_they_hold_for_programs_when_the_owner_agrees(client: Client, alice: User) -> None:
    """Programs go on meanwhile: nobody's servers stop in the night that a text changes."""
    cast.buy(alice)

    assert Order.objects.count() == 1
