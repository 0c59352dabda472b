"""The shop's pages, asked as a browser without scripts and as htmx ask."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from catalog.models import Offer, Supplier
from nexotp.lib.ids import new_id
from orders.actions import poll_supplier
from orders.models import Order
from orders.states import Status
from suppliers.simulator.remote import RemoteSimulator
from tests import cast

pytestmark = pytest.mark.usefixtures("committed", "simulator")

GOODS = "/buy/whatsapp/id/"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def browser(client: Client, alice: User) -> Client:
    client.force_login(alice)
    client.cookies["django_language"] = "en"
    return client


def _shown_price() -> int:
    offers = Offer.objects.on_sale("live", timezone.now())
    offer = offers.filter(service__code="whatsapp", country__code="id").order_by("price")[0]
    assert offer.price is not None
    return offer.price


def _confirmation(**changes: object) -> dict[str, object]:
    shown = {"mode": "live", "provider": "any", "max_price": _shown_price(), "key": new_id("buy")}
    return shown | changes


# ---- choosing ---------------------------------------------------------------------------------


def test_the_most_wanted_service_comes_first(browser: Client) -> None:
    services = browser.get("/buy/").context["services"]

    assert services[0].code == "whatsapp"
    assert all(service.stock > 0 and service.price for service in services)


def test_htmx_gets_the_results_alone(browser: Client) -> None:
    answer = browser.get("/buy/", {"q": "telegram"}, headers=HTMX)

    assert answer.content.strip().startswith(b'<section id="results"')
    assert "HX-Request" in answer["Vary"]
    assert b"<html" in browser.get("/buy/", {"q": "telegram"}).content


@pytest.mark.parametrize("text", ["<script>", "%", "\x00", "x" * 500, "' OR 1=1"])
def test_any_search_is_answered(browser: Client, text: str) -> None:
    answer = browser.get("/buy/", {"q": text})

    assert answer.status_code == 200
    assert b"<script>" not in answer.content.split(b"</head>")[1]


def test_countries_are_sorted_by_price(browser: Client) -> None:
    prices = [place.price for place in browser.get("/buy/whatsapp/").context["places"]]

    assert prices == sorted(prices)
    assert len(prices) > 5


@pytest.mark.parametrize("typed", ["62", "+62", "indone"])
def test_a_country_is_found_by_name_and_by_prefix(browser: Client, typed: str) -> None:
    places = browser.get("/buy/whatsapp/", {"q": typed}).context["places"]

    assert "id" in [place.country.code for place in places]


@pytest.mark.parametrize("address", ["/buy/nothing/", "/buy/whatsapp/zz/", "/buy/test-slow/"])
def test_what_is_not_sold_is_not_there(browser: Client, address: str) -> None:
    assert browser.get(address).status_code == 404


def test_a_confirmation_has_its_key_in_its_address(browser: Client) -> None:
    address = browser.get(GOODS)["Location"]

    keys = {browser.get(address).context["key"] for _each in range(2)}

    assert len(keys) == 1
    assert browser.get(GOODS)["Location"] != address


def test_a_provider_that_has_gone_is_told(browser: Client) -> None:
    page = browser.get(GOODS, {"provider": "nobody", "key": new_id("buy")})

    assert page.context["is_gone"]
    assert page.context["provider"] == "any"


# ---- buying -----------------------------------------------------------------------------------


def test_the_form_buys_at_the_price_it_showed(browser: Client, alice: User) -> None:
    answer = browser.post(GOODS, _confirmation())

    order = Order.objects.get()
    assert answer["Location"] == f"/orders/{order.public_id}"
    assert (order.user, order.price, order.status) == (alice, _shown_price(), Status.WAITING)


def test_the_same_form_buys_once(browser: Client, alice: User) -> None:
    form = _confirmation()

    answers = [browser.post(GOODS, form) for _each in range(3)]

    assert len({answer["Location"] for answer in answers}) == 1
    assert cast.balance(alice) == 1_000_000 - Order.objects.get().price


def test_a_used_key_with_another_choice_leads_to_what_it_bought(browser: Client) -> None:
    key = new_id("buy")
    bought = browser.post(GOODS, _confirmation(key=key))

    again = browser.post(GOODS, _confirmation(key=key, provider="alpha"))

    assert again["Location"] == bought["Location"]


def test_a_price_that_rose_is_asked(browser: Client) -> None:
    answer = browser.post(GOODS, _confirmation(max_price=_shown_price() - 100))

    assert answer.status_code == 409
    assert "The price changed" in answer.content.decode()
    assert not Order.objects.exists()


@pytest.mark.parametrize(
    "change",
    [{"max_price": ""}, {"max_price": "-5"}, {"key": ""}, {"provider": "\x00"}, {"mode": ""}],
)
def test_a_form_that_was_tampered_with_starts_over(
    browser: Client, change: dict[str, object]
) -> None:
    answer = browser.post(GOODS, _confirmation(**change))

    assert answer["Location"] == GOODS
    assert not Order.objects.exists()


@pytest.mark.parametrize("shown", ["sandbox", "live"])
def test_no_other_money_is_spent_than_the_page_showed(
    browser: Client, alice: User, shown: str
) -> None:
    """Two tabs, and in one of them somebody changed between the shop and the sandbox."""
    now = "live" if shown == "sandbox" else "sandbox"
    form = _confirmation(mode=shown)
    browser.post("/mode/", {"mode": now})

    answer = browser.post(GOODS, form)

    page = answer.content.decode()
    assert answer.status_code == 409
    assert "in another tab" in page
    assert not Order.objects.exists()
    assert f'name="mode" value="{now}"' in page
    assert str(form["key"]) not in page


@pytest.mark.parametrize("key", ["a b", "../x", "a/b", "\u043a", "x" * 61])
def test_a_key_that_is_no_part_of_an_address_buys_nothing(browser: Client, key: str) -> None:
    for quantity in (1, 2):
        answer = browser.post(GOODS, _confirmation(key=key, quantity=quantity))

        assert answer["Location"] == GOODS
    assert not Order.objects.exists()


def test_a_star_leads_back_to_no_view_by_name(browser: Client) -> None:
    for back in ("order", "nothing", "\n/", "//evil.example"):
        answer = browser.post("/buy/whatsapp/favorite", {"starred": "yes", "back": back})

        assert answer["Location"] == "/buy/"


def test_too_many_open_orders_says_where_to_go(browser: Client, alice: User) -> None:
    plan = alice.plan
    plan.__class__.objects.filter(pk=plan.pk).update(max_open_orders=1)
    try:
        browser.post(GOODS, _confirmation())
        answer = browser.post(GOODS, _confirmation())
    finally:
        plan.save()

    assert "as many open orders" in answer.content.decode()
    assert Order.objects.count() == 1


# ---- an order's page --------------------------------------------------------------------------


def test_only_its_owner_sees_and_changes_an_order(browser: Client, bob: User) -> None:
    order = cast.buy(bob)
    address = f"/orders/{order.public_id}"

    assert browser.get(address).status_code == 404
    for what in ("cancel", "resend", "finish"):
        assert browser.post(f"{address}/{what}").status_code == 404
    order.refresh_from_db()
    assert order.status == Status.WAITING


def test_a_poll_is_answered_only_when_something_changed(
    browser: Client, alice: User, alpha: Supplier, simulator: RemoteSimulator
) -> None:
    order = cast.buy(alice)
    address = f"/orders/{order.public_id}"
    mark = browser.get(address).context["look"].mark

    assert browser.get(address, {"seen": mark}, headers=HTMX).status_code == 204
    simulator.deliver(cast.attempt_of(order).reference, code="4711")
    poll_supplier(alpha, now=timezone.now())
    answer = browser.get(address, {"seen": mark}, headers=HTMX)

    assert answer.status_code == 200
    assert b"4711" in answer.content
    assert b"<html" not in answer.content


def test_cancelling_becoming_possible_is_a_change(browser: Client, alice: User) -> None:
    order = cast.buy(alice)
    address = f"/orders/{order.public_id}"
    mark = browser.get(address).context["look"].mark

    Order.objects.filter(pk=order.pk).update(cancel_available_at=timezone.now())

    assert browser.get(address, {"seen": mark}, headers=HTMX).status_code == 200


def test_cancelling_too_early_says_so_and_changes_nothing(browser: Client, alice: User) -> None:
    order = cast.buy(alice)
    later = timezone.now() + timedelta(minutes=2)
    Order.objects.filter(pk=order.pk).update(cancel_available_at=later)

    page = browser.post(f"/orders/{order.public_id}/cancel", follow=True).content.decode()

    assert "does not take a number back this early" in page
    assert cast.balance(alice) == 1_000_000 - order.price


def test_a_code_that_wins_the_race_against_a_cancel_is_told(
    browser: Client, alice: User, alpha: Supplier, simulator: RemoteSimulator
) -> None:
    order = cast.buy(alice)
    simulator.deliver(cast.attempt_of(order).reference, code="4711")
    poll_supplier(alpha, now=timezone.now())

    page = browser.post(f"/orders/{order.public_id}/cancel", follow=True).content.decode()

    assert "a code came first" in page
    assert "4711" in page


def test_a_message_is_shown_as_text(
    browser: Client, alice: User, alpha: Supplier, simulator: RemoteSimulator
) -> None:
    order = cast.buy(alice)
    simulator.deliver(cast.attempt_of(order).reference, text="<b>Your code</b> is 123456")
    poll_supplier(alpha, now=timezone.now())

    page = browser.get(f"/orders/{order.public_id}").content

    assert b"<b>Your code" not in page


@pytest.mark.parametrize("what", ["cancel", "resend", "finish"])
def test_a_link_changes_nothing(browser: Client, alice: User, what: str) -> None:
    order = cast.buy(alice)

    answer = browser.get(f"/orders/{order.public_id}/{what}")

    assert answer.headers["Location"] == f"/orders/{order.public_id}"
    order.refresh_from_db()
    assert order.status == Status.WAITING


def test_a_wrong_host_is_refused_and_no_failure_of_ours(browser: Client) -> None:
    assert browser.get("/buy/", headers={"host": "evil.example"}).status_code == 400


def test_without_javascript_an_open_order_reloads_itself(browser: Client, alice: User) -> None:
    order = cast.buy(alice)

    page = browser.get(f"/orders/{order.public_id}").content.decode()

    assert '<noscript><meta http-equiv="refresh"' in page


def test_an_empty_shop_says_so(browser: Client) -> None:
    Supplier.objects.filter(code="alpha").update(is_enabled=False)

    page = browser.get("/buy/", headers={"accept-language": "en"}).content.decode()

    assert "Nothing is on sale right now" in page


# ---- history ----------------------------------------------------------------------------------


def test_the_history_is_the_customers_own_and_newest_first(
    browser: Client, alice: User, bob: User
) -> None:
    mine = [cast.buy(alice), cast.buy(alice)]
    cast.buy(bob)

    rows = browser.get("/orders/history/").context["page"].rows

    assert rows == mine[::-1]


def test_sandbox_orders_stay_out_of_the_shop(browser: Client, alice: User) -> None:
    order = cast.buy(alice, mode="sandbox")

    assert browser.get("/orders/history/").context["page"].rows == []
    browser.post("/mode/", {"mode": "sandbox"})
    assert browser.get("/orders/history/").context["page"].rows == [order]


def test_a_page_of_history_costs_the_same_with_more_rows(
    browser: Client, alice: User, django_assert_max_num_queries: object
) -> None:
    for _each in range(6):
        cast.buy(alice)

    with django_assert_max_num_queries(6):  # type: ignore[operator]
        browser.get("/orders/history/")
