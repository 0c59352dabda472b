"""The landing: what strangers see of the shop, and where customers go on."""

import pytest
from django.test import Client

from accounts.models import User
from catalog.models import Supplier

pytestmark = pytest.mark.usefixtures("db")
HTMX = {"HX-Request": "true"}


def test_a_stranger_sees_what_is_sold_and_from_which_price(client: Client) -> None:
    page = client.get("/", {"lang": "en"})

    prices = {service.name: service.price for service in page.context["services"]}
    assert prices["WhatsApp"] > 0
    assert b"Sign in" in page.content


def test_a_customer_goes_on_to_buying(client: Client, alice: User) -> None:
    client.force_login(alice)

    assert client.get("/")["Location"] == "/buy/"


def test_the_search_answers_htmx_with_its_results_only(client: Client) -> None:
    answer = client.get("/", {"q": "telegram"}, headers=HTMX)

    assert answer.context["services"][0].code == "telegram"
    assert b"<html" not in answer.content
    assert b"<html" in client.get("/", {"q": "telegram"}).content


@pytest.mark.parametrize("text", ["%00", "\x00", "'; DROP TABLE", "x" * 9_000, "İ", "%"])
def test_nothing_typed_breaks_the_search(client: Client, text: str) -> None:
    assert client.get("/", {"q": text}).status_code == 200


def test_many_searches_read_the_catalogue_once(
    client: Client, django_assert_max_num_queries: object
) -> None:
    client.get("/?q=whatsapp")

    with django_assert_max_num_queries(0):  # type: ignore[operator]
        for text in ("telegram", "what", "nothing of this name"):
            assert client.get("/", {"q": text}).status_code == 200


def test_an_empty_shop_says_so(client: Client) -> None:
    Supplier.objects.filter(code="alpha").update(is_enabled=False)

    assert b"Nothing is on sale right now" in client.get("/", {"lang": "en"}).content
