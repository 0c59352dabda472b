"""An account of a tier is shown one price by every door, and that is what it pays."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Mode, Tier, User
from catalog.models import Country, Offer, PricingRule, Service
from nexotp.lib.ids import new_id
from orders.actions import PriceAboveMax
from orders.models import Order
from orders.reports import audit_ledger
from tests import cast
from tests.orders.handler.calling import Door
from tests.together import all_at_once, kinds

pytestmark = pytest.mark.usefixtures("committed", "simulator")

GOODS = "service=whatsapp&country=id"
BASE = 8_800
# A tenth off, in steps of 10.
GOLD = 7_920


@pytest.fixture
def gold(alice: User) -> Tier:
    """Alice's tier: a tenth off everything, and more off what nobody here buys."""
    tier = Tier.objects.create(code="gold", name="Gold")
    PricingRule.objects.create(tier=tier, markup_percent=Decimal(-10), rounding=10)
    telegram = Service.objects.get(code="telegram")
    PricingRule.objects.create(tier=tier, service=telegram, markup_percent=Decimal(-20))
    alice.tier = tier
    alice.save(update_fields=["tier"])
    return tier


def api(user: User, path: str, mode: Mode = Mode.LIVE) -> Any:
    key = cast.key_for(user, mode=mode)
    return Client().get(f"/api/v1{path}", headers=cast.bearer(key)).json()["data"]


def page(user: User | None, name: str, *args: str) -> Any:
    browser = Client()
    if user:
        browser.force_login(user)
    return browser.get(reverse(name, args=args), follow=True).context


def named(rows: list[dict[str, Any]], key: str, value: str) -> Any:
    return next(row["price"] for row in rows if row[key] == value)


def of_service(services: Any, code: str = "whatsapp") -> int:
    return next(int(service.price) for service in services if service.code == code)


def of_country(shelves: Any) -> int:
    return next(int(shelf.price) for shelf in shelves if shelf.country.code == "id")


def by_handler(user: User, action: str, **params: Any) -> Any:
    return Door(cast.key_for(user))(action, service="wa", country="6", **params).json


SHOWN: dict[str, Callable[[User], Any]] = {
    "/price": lambda user: api(user, f"/price?{GOODS}")["price"],
    "/price by delivery": lambda user: api(user, f"/price?{GOODS}&pricing_option=1")["price"],
    "/services": lambda user: named(api(user, "/services?country=id"), "serviceCode", "whatsapp"),
    "/countries": lambda user: named(api(user, "/countries?service=whatsapp"), "countryCode", "id"),
    "/providers": lambda user: named(api(user, f"/providers?{GOODS}"), "providerCode", "any"),
    "a provider": lambda user: named(api(user, f"/providers?{GOODS}"), "providerCode", "alpha"),
    "confirmation": lambda user: page(user, "confirm", "whatsapp", "id")["price"],
    "countries to choose": lambda user: of_country(
        page(user, "choose_country", "whatsapp")["places"]
    ),
    "window by service": lambda user: of_country(
        page(user, "service_prices", "whatsapp")["countries"]
    ),
    "window by country": lambda user: of_service(page(user, "country_prices", "id")["services"]),
    "getPrices": lambda user: by_handler(user, "getPrices")["6"]["wa"]["cost"],
    "getPricesV2": lambda user: float(min(by_handler(user, "getPricesV2")["6"]["wa"])),
    "getPricesV3": lambda user: by_handler(user, "getPricesV3")["6"]["wa"]["alpha"]["price"],
    "top countries": lambda user: by_handler(user, "getTopCountriesByService")["6"]["price"],
}


@pytest.mark.parametrize("door", SHOWN)
def test_every_door_shows_what_an_order_charges(
    alice: User, bob: User, gold: Tier, door: str
) -> None:
    before = cast.balance(alice)

    shown = SHOWN[door](alice)
    order = cast.buy(alice, max_price=shown)

    assert shown == order.price == before - cast.balance(alice) == GOLD
    assert SHOWN[door](bob) == BASE
    assert audit_ledger() == []


def test_every_door_charges_it(alice: User, gold: Tier) -> None:
    before = cast.balance(alice)
    key, browser = cast.key_for(alice), Client()
    browser.force_login(alice)

    Client().post(
        "/api/v1/order",
        {"service": "whatsapp", "country": "id", "max_price": "0.49"},
        content_type="application/json",
        headers=cast.bearer(key),
    )
    Door(key)("getNumber", service="wa", country="6", maxPrice=GOLD)
    cost = Door(key)("getNumberV2", service="wa", country="6").json["activationCost"]
    for quantity in (1, 3):
        browser.post(
            "/buy/whatsapp/id/",
            {"mode": "live", "provider": "any", "max_price": GOLD, "key": new_id("buy")}
            | {"quantity": quantity},
        )

    assert cost == GOLD
    assert set(Order.objects.values_list("price", flat=True)) == {GOLD}
    assert Order.objects.count() == 7
    assert before - cast.balance(alice) == 7 * GOLD
    assert audit_ledger() == []


def test_lists_over_many_goods_begin_at_the_accounts_own_price(
    alice: User, bob: User, gold: Tier
) -> None:
    lowest = min(
        row["price"] for row in api(alice, "/countries?service=whatsapp") if row["available"]
    )
    in_indonesia = min(
        row["price"] for row in api(alice, "/services?country=id") if row["available"]
    )
    everything = Door(cast.key_for(alice))("getPrices").json
    of_bob = Door(cast.key_for(bob))("getPrices").json

    chosen, window = page(alice, "buy"), page(alice, "prices")
    assert of_service(chosen["services"]) == of_service(window["services"]) == lowest
    assert of_country(window["countries"]) == in_indonesia
    assert named(api(alice, "/providers?service=whatsapp"), "providerCode", "alpha") == lowest
    assert named(api(alice, "/providers?country=id"), "providerCode", "any") == in_indonesia
    assert everything["6"]["wa"]["cost"] == GOLD
    assert of_bob["6"]["wa"]["cost"] == BASE
    assert everything["6"]["tg"]["cost"] < of_bob["6"]["tg"]["cost"] * 0.81


def test_strangers_and_what_is_kept_for_them_stay_at_everybodys_price(
    alice: User, gold: Tier
) -> None:
    first = page(alice, "service_prices", "whatsapp")["countries"]

    assert of_country(page(None, "service_prices", "whatsapp")["countries"]) == BASE
    assert of_country(first) == of_country(page(alice, "service_prices", "whatsapp")["countries"])


def test_the_sandbox_too(alice: User, gold: Tier) -> None:
    everybodys = Offer.objects.filter(
        supplier__mode="sandbox", service__code="whatsapp", country__code="id"
    )
    [base] = everybodys.order_by("price").values_list("price", flat=True)[:1]
    cast.give(alice, 100_000, mode=Mode.SANDBOX)

    shown = api(alice, f"/price?{GOODS}", Mode.SANDBOX)["price"]
    order = cast.buy(alice, mode=Mode.SANDBOX)

    assert base is not None
    assert shown == order.price == -(-base * 9 // 100) * 10


def test_once_more_names_the_price_it_will_cost(alice: User, gold: Tier) -> None:
    cast.buy(alice)

    assert page(alice, "buy")["again"].price == GOLD


def test_a_tier_lost_before_the_click_is_a_new_question(alice: User, gold: Tier) -> None:
    browser = Client()
    browser.force_login(alice)
    shown = page(alice, "confirm", "whatsapp", "id")["price"]
    User.objects.filter(pk=alice.pk).update(tier=None)
    sent = {"mode": "live", "provider": "any", "max_price": shown, "key": new_id("buy")}

    answer = browser.post("/buy/whatsapp/id/", sent)

    assert answer.status_code == 409
    assert answer.context["price"] == BASE
    assert not Order.objects.exists()


def test_a_tier_gained_before_the_click_is_charged(alice: User, gold: Tier) -> None:
    User.objects.filter(pk=alice.pk).update(tier=None)
    shown = page(User.objects.get(pk=alice.pk), "confirm", "whatsapp", "id")["price"]
    User.objects.filter(pk=alice.pk).update(tier=gold)

    order = cast.buy(User.objects.get(pk=alice.pk), max_price=shown)

    assert (shown, order.price) == (BASE, GOLD)


def test_a_tier_that_changes_during_a_rush_charges_nobody_above_what_was_shown(
    alice: User, gold: Tier
) -> None:
    before, count = cast.balance(alice), 12

    def act(number: int) -> Order | None:
        if number >= count:
            tier = gold if number % 2 else None
            User.objects.filter(pk=alice.pk).update(tier=tier)
            return None
        # Read anew, as each request does.
        return cast.buy(User.objects.get(pk=alice.pk), max_price=GOLD, key=f"k{number}")

    outcomes = all_at_once(act, count=count + 6)

    bought = [each for each in outcomes if isinstance(each, Order)]
    refused = [each for each in outcomes if isinstance(each, Exception)]
    assert set(kinds(refused)) <= {PriceAboveMax.__name__}
    assert len(bought) + len(refused) == count
    assert {order.price for order in bought} <= {GOLD}
    assert before - cast.balance(alice) == GOLD * len(bought)
    assert audit_ledger() == []


def test_a_supplier_who_costs_too_much_for_the_lower_price_is_passed_over(
    alice: User, gold: Tier
) -> None:
    """The floor margin of the next offers is of what this account pays."""
    whatsapp, indonesia = Service.objects.get(code="whatsapp"), Country.objects.get(code="id")
    PricingRule.objects.filter(tier=gold).update(markup_percent=Decimal(-99))

    order = cast.buy(alice)

    attempt = cast.attempt_of(order)
    offer = Offer.objects.get(supplier__code="alpha", service=whatsapp, country=indonesia)
    assert order.price >= attempt.cost * Decimal("1.625")
    assert order.price < (offer.price or 0)
