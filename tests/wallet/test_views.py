"""The wallet's page: the balance, what is held, and every movement behind it."""

import pytest
from django.test import Client

from accounts.models import User
from tests import cast
from wallet.actions import adjust_wallet

pytestmark = pytest.mark.usefixtures("committed", "simulator")


@pytest.fixture
def page(client: Client, alice: User) -> Client:
    client.force_login(alice)
    client.cookies["django_language"] = "en"
    return client


def test_the_statement_tells_each_movement_with_the_balance_after_it(
    page: Client, alice: User
) -> None:
    order = cast.buy(alice)

    answer = page.get("/wallet/")

    changes = [
        (change, transfer.balance_after) for transfer, change, _id in answer.context["lines"]
    ]
    assert changes == [(-order.price, 1_000_000 - order.price), (1_000_000, 1_000_000)]
    assert f'href="/orders/{order.public_id}"' in answer.content.decode()


def test_what_is_held_is_the_price_of_open_orders(page: Client, alice: User) -> None:
    prices = cast.buy(alice).price + cast.buy(alice).price

    words = page.get("/wallet/").content.decode()

    assert f"Rp\u00a0{prices:,}" in words


def test_a_long_statement_comes_in_pages(page: Client, alice: User) -> None:
    for number in range(30):
        adjust_wallet(user=alice, amount=100, adjustment_id=str(number), reason="x", by=None)

    first = page.get("/wallet/").context["page"]
    second = page.get("/wallet/", {"before": first.older}).context["page"]

    assert (len(first.rows), len(second.rows)) == (25, 6)
    assert second.older is None
    assert {t.pk for t in first.rows} & {t.pk for t in second.rows} == set()


@pytest.mark.parametrize("before", ["x", "-1", "9" * 30, "²", "\x00"])
def test_a_key_that_is_none_shows_the_newest(page: Client, before: str) -> None:
    assert page.get("/wallet/", {"before": before}).context["page"].is_newest


def test_nobody_sees_anothers_money(page: Client, bob: User) -> None:
    cast.buy(bob)

    assert len(page.get("/wallet/").context["lines"]) == 1
