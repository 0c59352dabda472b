"""The price shown is the price charged, whoever shows it and whatever happened meanwhile."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from catalog.models import Offer, Pause, Supplier
from orders.actions import NoNumbers
from orders.models import Order
from suppliers.simulator.remote import RemoteSimulator
from tests import cast

pytestmark = pytest.mark.usefixtures("beta", "committed")


def shown_by_the_api(user: User) -> dict[str, Any]:
    key = cast.key_for(user)
    answer = Client().get("/api/v1/providers?service=whatsapp&country=id", headers=cast.bearer(key))
    return {row["providerCode"]: row["price"] for row in answer.json()["data"]}


def shown_by_the_page(user: User, provider: str) -> int | None:
    browser = Client()
    browser.force_login(user)
    page = browser.get(f"/buy/whatsapp/id/?provider={provider}", follow=True).content.decode()
    shown = re.search(r'name="max_price" value="(\d+)"', page)
    return int(shown[1]) if shown else None


@pytest.fixture
def dearer(beta: Supplier) -> Offer:
    """Beta asks 500 more than alpha."""
    offer = Offer.objects.get(supplier=beta)
    offer.price = (offer.price or 0) + 500
    offer.save()
    return offer


@pytest.mark.parametrize("provider", ["any", "alpha", "beta"])
def test_page_api_and_order_agree(
    alice: User, dearer: Offer, simulator: RemoteSimulator, provider: str
) -> None:
    shown = shown_by_the_api(alice)[provider]

    assert shown_by_the_page(alice, provider) == shown
    assert cast.buy(alice, provider=provider).price == shown


@pytest.mark.parametrize("trouble", ["ban", "pause", "stock", "balance", "switch"])
def test_they_change_in_the_same_moment(
    alice: User, alpha: Supplier, offer: Offer, dearer: Offer, trouble: str
) -> None:
    assert shown_by_the_api(alice)["any"] == offer.price
    hour = timezone.now() + timedelta(hours=1)
    match trouble:
        case "ban":
            goods = {"supplier": alpha, "service": offer.service, "country": offer.country}
            Pause.objects.create(**goods, until=hour, reason="banned")
        case "pause":
            Supplier.objects.filter(pk=alpha.pk).update(paused_until=hour)
        case "stock":
            Offer.objects.filter(pk=offer.pk).update(stock=0)
        case "balance":
            Supplier.objects.filter(pk=alpha.pk).update(
                balance=offer.cost - 1, balance_at=timezone.now()
            )
        case "switch":
            Supplier.objects.filter(pk=alpha.pk).update(is_enabled=False)

    assert shown_by_the_api(alice) == {"any": dearer.price, "beta": dearer.price}
    assert shown_by_the_page(alice, "any") == dearer.price
    order = cast.buy(alice)
    assert (order.price, order.provider_code) == (dearer.price, "beta")
    with pytest.raises(NoNumbers):
        cast.buy(alice, provider="alpha")


def test_a_balance_read_long_ago_says_nothing(
    alice: User, alpha: Supplier, simulator: RemoteSimulator
) -> None:
    Supplier.objects.filter(pk=alpha.pk).update(
        balance=0, balance_at=timezone.now() - timedelta(hours=1)
    )

    assert cast.buy(alice).provider_code == "alpha"


def test_the_best_delivery_has_its_own_price(
    alice: User, offer: Offer, dearer: Offer, second: RemoteSimulator
) -> None:
    Offer.objects.filter(pk=dearer.pk).update(delivered_count=99, ended_count=100)

    order = cast.buy(alice, best_delivery=True)

    assert (order.provider_code, order.price) == ("beta", dearer.price)


def test_the_choice_is_kept_with_the_order(
    alice: User, staff: User, dearer: Offer, simulator: RemoteSimulator
) -> None:
    simulator.control(stock=0)
    order = cast.buy(alice)
    assert order.provider_code == "beta"

    first, second = order.attempts.order_by("pk").values_list("route", flat=True)

    assert second is None
    assert first is not None
    assert [row[:3] for row in first["rows"]] == [
        ["alpha", "first", order.price],
        ["beta", "next", dearer.price],
    ]


def test_staff_can_read_why(alice: User, simulator: RemoteSimulator) -> None:
    order = cast.buy(alice)
    root = cast.open_account("root", is_staff=True)
    User.objects.filter(pk=root.pk).update(is_superuser=True)
    browser = Client()
    browser.force_login(root)
    browser.cookies["django_language"] = "en"

    page = browser.get(f"/admin/orders/order/{order.pk}/change/").content.decode()

    assert "asked first" in page
    assert "would be asked next" in page
    assert "Ranked by price" in page
    assert Order.objects.get().attempts.get().provider_code == "alpha"
