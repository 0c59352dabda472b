"""Pages for what went wrong: in style, in the visitor's language, and never in the API's way."""

import pytest
from django.template.loader import render_to_string
from django.test import Client

from accounts.models import User

pytestmark = pytest.mark.usefixtures("db")


@pytest.mark.parametrize(
    ("language", "words"), [("id", "Tidak ada apa-apa"), ("en", "nothing here")]
)
def test_an_unknown_address(client: Client, language: str, words: str) -> None:
    client.cookies["django_language"] = language

    answer = client.get("/no-such-page")

    assert answer.status_code == 404
    assert words in answer.content.decode()


def test_an_unknown_address_of_the_api_is_answered_by_the_api(client: Client) -> None:
    assert client.get("/api/v1/no-such-page")["Content-Type"] == "application/json"


def test_a_form_without_its_token(alice: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies["django_language"] = "en"
    strict.force_login(alice)

    answer = strict.post("/buy/whatsapp/id/", {"provider": "any"})

    assert answer.status_code == 403
    assert "The page was open too long" in answer.content.decode()


def test_a_failure_of_ours_needs_neither_request_nor_database() -> None:
    page = render_to_string("500.html")

    assert 'class="empty empty--page"' in page
    assert "csrfmiddlewaretoken" not in page


def test_a_customer_in_the_admin_keeps_the_shops_frame(client: Client, staff: User) -> None:
    client.force_login(staff)

    answer = client.get("/admin/wallet/transfer/add/")

    assert answer.status_code == 403
    assert b'class="brand"' in answer.content


@pytest.mark.parametrize("address", ["/sign-in/", "/no-such-page"])
def test_no_page_has_scripts_or_styles_inside(client: Client, address: str) -> None:
    page = client.get(address).content.decode()

    assert "<style" not in page
    assert " style=" not in page
    assert "<script>" not in page
    assert " onclick=" not in page
