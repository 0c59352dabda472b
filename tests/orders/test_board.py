"""The board of open numbers, and buying the same once more."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from catalog.models import Offer, Service, Supplier
from orders.actions import poll_supplier
from orders.models import Favorite, Order
from orders.states import Status
from suppliers.simulator.remote import RemoteSimulator
from tests import cast

pytestmark = pytest.mark.usefixtures("committed", "simulator")

HTMX = {"HX-Request": "true"}


@pytest.fixture
def browser(client: Client, alice: User) -> Client:
    client.force_login(alice)
    client.cookies["django_language"] = "en"
    return client


def _seen(browser: Client) -> list[str]:
    return [card.mark for card in browser.get("/orders/").context["cards"]]


def _ask(browser: Client, seen: list[str]) -> Any:
    return browser.get("/orders/", {"seen": seen}, headers=HTMX)


def _deliver(order: Order, alpha: Supplier, simulator: RemoteSimulator, code: str) -> None:
    simulator.deliver(cast.attempt_of(order).reference, code=code)
    poll_supplier(alpha, now=timezone.now())


def _grow_old(order: Order, *, seconds: int) -> None:
    then = timezone.now() - timedelta(seconds=seconds)
    Order.objects.filter(pk=order.pk).update(created_at=then)


def _buy_cancellable(user: User) -> Order:
    order = cast.buy(user)
    Order.objects.filter(pk=order.pk).update(cancel_available_at=order.created_at)
    return order


# ---- the board --------------------------------------------------------------------------------


def test_open_numbers_are_cards_and_ended_ones_stand_below(
    browser: Client, alice: User, bob: User
) -> None:
    ended = cast.order_row(alice, "cancelled")
    mine = [cast.buy(alice), cast.buy(alice)]
    cast.buy(bob)

    page = browser.get("/orders/")

    assert [card.order for card in page.context["cards"]] == mine[::-1]
    assert page.context["ended"] == [ended]
    assert page.context["summary"] == {"open": 2, "codes": 0, "held": 2 * mine[0].price}


def test_what_has_its_code_comes_first(
    browser: Client, alice: User, alpha: Supplier, simulator: RemoteSimulator
) -> None:
    received, waiting = cast.buy(alice), cast.buy(alice)
    _deliver(received, alpha, simulator, "4711")

    page = browser.get("/orders/")

    assert [card.order for card in page.context["cards"]] == [received, waiting]
    assert page.context["summary"]["codes"] == 1


def test_only_what_changed_is_sent(
    browser: Client, alice: User, alpha: Supplier, simulator: RemoteSimulator
) -> None:
    received, waiting = cast.buy(alice), cast.buy(alice)
    seen = _seen(browser)
    assert _ask(browser, seen).status_code == 204

    _deliver(received, alpha, simulator, "4711")
    answer = _ask(browser, seen)

    page = answer.content.decode()
    assert "<title>(1) Your orders" in page
    assert "WhatsApp: Your code is here: 4711" in page
    assert f'id="ticket-{received.pk}"' in page
    assert f'id="ticket-{waiting.pk}"' not in page
    assert "<html" not in page


def test_a_number_bought_elsewhere_appears_and_an_ended_one_says_so(
    browser: Client, alice: User
) -> None:
    first = _buy_cancellable(alice)
    seen = _seen(browser)

    browser.post(f"/orders/{first.public_id}/cancel")
    second = cast.buy(alice)
    answer = _ask(browser, seen)

    assert [card.order for card in answer.context["added"]] == [second]
    assert [card.order for card in answer.context["changed"]] == [first]
    assert "You cancelled before a code came" in answer.content.decode()


@pytest.mark.parametrize("seen", [[""], ["x:y"], ["\x00"], ["9" * 40 + ":1"], ["1:1"] * 500])
def test_any_mark_is_answered(browser: Client, seen: list[str]) -> None:
    assert _ask(browser, seen).status_code == 204


def test_marks_of_somebody_elses_orders_show_nothing(browser: Client, bob: User) -> None:
    order = cast.buy(bob)

    assert _ask(browser, [f"{order.pk}:0"]).status_code == 204


def test_a_card_is_cancelled_in_its_place(browser: Client, alice: User) -> None:
    order = _buy_cancellable(alice)

    answer = browser.post(f"/orders/{order.public_id}/cancel", headers=HTMX)

    page = answer.content.decode()
    assert answer.status_code == 200
    assert page.startswith(f'<li class="ticket ticket--calm ticket--over" id="ticket-{order.pk}"')
    assert "Cancelled. Your money is back." in page
    assert cast.balance(alice) == 1_000_000


def test_without_scripts_a_card_leads_back_to_the_board(browser: Client, alice: User) -> None:
    order = _buy_cancellable(alice)

    answer = browser.post(f"/orders/{order.public_id}/cancel", {"back": "/orders/"})

    assert answer["Location"] == "/orders/"


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example", "javascript:x", ""])
def test_a_form_leads_nowhere_else(browser: Client, alice: User, back: str) -> None:
    order = cast.buy(alice)

    answer = browser.post(f"/orders/{order.public_id}/cancel", {"back": back})

    assert answer["Location"] == f"/orders/{order.public_id}"


def test_the_board_shows_the_sandbox_in_the_sandbox(browser: Client, alice: User) -> None:
    order = cast.buy(alice, mode="sandbox")

    assert browser.get("/orders/").context["cards"] == []
    browser.post("/mode/", {"mode": "sandbox"})
    assert [card.order for card in browser.get("/orders/").context["cards"]] == [order]


def test_more_cards_cost_no_more_queries(
    browser: Client, alice: User, django_assert_max_num_queries: Any
) -> None:
    for _each in range(5):
        cast.buy(alice)

    with django_assert_max_num_queries(9):
        browser.get("/orders/")


# ---- an order's page --------------------------------------------------------------------------


def test_after_a_minute_without_a_code_help_is_due(browser: Client, alice: User) -> None:
    order = cast.buy(alice)
    address = f"/orders/{order.public_id}"
    before = browser.get(address)
    assert not before.context["look"].needs_help
    assert before.context["again"] is None

    _grow_old(order, seconds=61)

    mark = before.context["look"].mark
    answer = browser.get(address, {"seen": mark}, headers=HTMX)
    assert answer.status_code == 200
    assert answer.context["look"].needs_help
    assert "Buy another for" in answer.content.decode()


def test_a_young_number_is_given_up_only_when_asked_twice(browser: Client, alice: User) -> None:
    order = _buy_cancellable(alice)
    address = f"/orders/{order.public_id}"
    assert browser.get(address).context["look"].asks_before_cancel

    _grow_old(order, seconds=121)

    assert not browser.get(address).context["look"].asks_before_cancel


def test_a_used_number_is_reported(browser: Client, alice: User) -> None:
    order = _buy_cancellable(alice)

    page = browser.post(f"/orders/{order.public_id}/report", follow=True).content.decode()

    assert "Thank you for telling us" in page
    assert "You reported the number as used before" in page
    order.refresh_from_db()
    assert order.number_reported_at is not None
    assert cast.balance(alice) == 1_000_000


def test_a_report_of_somebody_elses_number_is_none(browser: Client, bob: User) -> None:
    order = cast.buy(bob)

    assert browser.post(f"/orders/{order.public_id}/report").status_code == 404
    order.refresh_from_db()
    assert order.status == Status.WAITING


@pytest.mark.parametrize(
    ("number", "groups"),
    [
        ("+6281234567", ["+62", "8123", "4567"]),
        ("+62812345678", ["+62", "812", "345", "678"]),
        ("+628123456789", ["+62", "812", "345", "6789"]),
        ("+6281234567890", ["+62", "812", "3456", "7890"]),
        ("+62812345678901", ["+62", "8123", "4567", "8901"]),
    ],
)
def test_a_number_is_shown_in_groups(
    browser: Client, alice: User, number: str, groups: list[str]
) -> None:
    order = cast.order_row(alice, "success", phone_number=number)

    look = browser.get(f"/orders/{order.public_id}").context["look"]

    assert look.number_groups == groups
    assert "".join(groups) == number


# ---- once more --------------------------------------------------------------------------------


def _again(browser: Client, address: str = "/buy/") -> dict[str, Any]:
    found = browser.get(address).context["again"]
    return {
        "mode": "live",
        "provider": found.provider,
        "max_price": found.price,
        "quantity": 1,
        "key": found.key,
    }


def test_the_last_order_is_repeated_by_one_tap(browser: Client, alice: User) -> None:
    cast.buy(alice)

    answer = browser.post("/buy/whatsapp/id/", _again(browser))

    assert answer["Location"] == f"/orders/{Order.objects.latest('pk').public_id}"
    assert Order.objects.count() == 2


def test_the_tap_counts_once_in_two_tabs_and_after_going_back(browser: Client, alice: User) -> None:
    cast.buy(alice)
    tabs = [_again(browser), _again(browser)]

    for tab in [*tabs, *tabs]:
        browser.post("/buy/whatsapp/id/", tab)

    assert Order.objects.count() == 2
    browser.post("/buy/whatsapp/id/", _again(browser))
    assert Order.objects.count() == 3


def test_the_tap_buys_at_no_price_but_the_one_it_showed(browser: Client, alice: User) -> None:
    cast.buy(alice)

    answer = browser.post("/buy/whatsapp/id/", _again(browser) | {"max_price": 8_700})

    assert answer.status_code == 409
    assert "The price changed" in answer.content.decode()
    assert Order.objects.count() == 1


def test_what_is_sold_out_is_not_offered_again(browser: Client, alice: User, offer: Offer) -> None:
    cast.buy(alice)
    Offer.objects.filter(pk=offer.pk).update(stock=0)

    assert browser.get("/buy/").context["again"] is None


def test_an_order_of_the_other_mode_offers_nothing(browser: Client, alice: User) -> None:
    order = cast.order_row(alice, "cancelled", mode="sandbox")

    page = browser.get(f"/orders/{order.public_id}")

    assert page.status_code == 200
    assert page.context["again"] is None
    assert "Sandbox" in page.content.decode()


# ---- favorites --------------------------------------------------------------------------------


def test_favorites_come_first_and_what_was_bought_lately_next(browser: Client, alice: User) -> None:
    cast.buy(alice)
    browser.post("/buy/telegram/favorite", {"starred": "yes"})
    browser.post("/buy/telegram/favorite", {"starred": "yes"})

    page = browser.get("/buy/")

    assert [service.code for service in page.context["own"]] == ["telegram", "whatsapp"]
    assert not {"telegram", "whatsapp"} & {service.code for service in page.context["services"]}
    assert Favorite.objects.of(alice).count() == 1


def test_a_star_is_taken_away(browser: Client, alice: User) -> None:
    Favorite.objects.create(user=alice, service=Service.objects.get(code="telegram"))

    answer = browser.post("/buy/telegram/favorite", {"starred": "no", "back": "/buy/?q=tele"})

    assert answer["Location"] == "/buy/?q=tele"
    assert not Favorite.objects.exists()


def test_htmx_gets_the_star_alone(browser: Client) -> None:
    answer = browser.post("/buy/telegram/favorite", {"starred": "yes"}, headers=HTMX)

    assert answer.content.strip().startswith(b'<form class="star"')
    assert b'aria-pressed="true"' in answer.content


@pytest.mark.parametrize("code", ["nothing", "test-slow"])
def test_what_is_not_sold_cannot_be_starred(browser: Client, code: str) -> None:
    assert browser.post(f"/buy/{code}/favorite", {"starred": "yes"}).status_code == 404


# ---- countries --------------------------------------------------------------------------------


def test_success_is_shown_with_its_sample_and_sorts(
    browser: Client, alpha: Supplier, offer: Offer
) -> None:
    Offer.objects.filter(pk=offer.pk).update(delivered_count=115, ended_count=140)

    page = browser.get("/buy/whatsapp/", {"sort": "delivery"})

    first = page.context["places"][0]
    assert (first.country.code, first.delivered, first.ended) == ("id", 115, 140)
    assert "code came in 82% of 140 orders" in page.content.decode()


def test_what_is_over_shrinks_to_a_line_behind_what_still_runs(
    browser: Client, alice: User, simulator: RemoteSimulator
) -> None:
    done, running = cast.buy(alice), cast.buy(alice)
    simulator.deliver(cast.attempt_of(done).reference, code="471199")
    poll_supplier(cast.attempt_of(done).supplier, now=timezone.now())
    page = browser.get("/orders/").content.decode()
    assert '<details class="ticket__rest"' not in page, "a code that is not used yet stays large"

    answer = browser.post(f"/orders/{done.public_id}/finish", headers=HTMX).content.decode()

    assert "ticket--over" in answer
    inside = answer.split('<details class="ticket__rest">')[1].split("</details>")[0]
    assert "471199" in inside.split("</summary>")[0]
    assert "data-copy" in inside.split("</summary>")[1]
    assert f'id="ticket-{running.pk}"' in page
