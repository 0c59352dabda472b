"""Several numbers by one confirmation: each counts once, whatever is clicked, and fails alone."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Mode, User
from nexotp.lib.ids import new_id
from orders.actions import BatchOutcome, keys_of, place_several
from orders.models import Order
from orders.reports import audit_ledger
from orders.states import Status
from suppliers.simulator.remote import RemoteSimulator
from tests import cast
from tests.together import all_at_once, kinds

pytestmark = pytest.mark.usefixtures("committed", "simulator")

GOODS = "/buy/whatsapp/id/"
PRICE = 8_800


@pytest.fixture
def browser(client: Client, alice: User) -> Client:
    return _browser_of(alice, client)


def _browser_of(user: User, client: Client | None = None) -> Client:
    client = client or Client()
    client.force_login(user)
    client.cookies["django_language"] = "en"
    return client


def _confirmation(**changes: Any) -> dict[str, Any]:
    return {
        "mode": "live",
        "provider": "any",
        "max_price": PRICE,
        "quantity": 3,
        "key": new_id("buy"),
    } | changes


def _place(user: User, count: int, key: str) -> list[BatchOutcome]:
    wanted = cast.whatsapp_in_indonesia(key=key, max_price=PRICE)
    return place_several(wanted, count=count, user=user, mode=Mode.LIVE, now=timezone.now())


def _reasons(outcomes: list[BatchOutcome]) -> dict[str, int]:
    return kinds([each.problem for each in outcomes if each.problem])


# ---- placing ----------------------------------------------------------------------------------


def test_each_number_is_an_order_with_a_key_of_its_own(alice: User) -> None:
    outcomes = _place(alice, 4, "buy_4")

    assert all(each.is_new for each in outcomes)
    assert set(Order.objects.values_list("idempotency_key", flat=True)) == set(keys_of("buy_4", 4))
    assert Order.objects.values("phone_number").distinct().count() == 4
    assert cast.balance(alice) == 1_000_000 - 4 * PRICE
    assert audit_ledger() == []


def test_asked_again_nothing_more_is_bought(alice: User) -> None:
    _place(alice, 3, "buy_3")

    again = _place(alice, 3, "buy_3")

    assert [(each.is_taken, each.is_new) for each in again] == [(True, False)] * 3
    assert Order.objects.count() == 3


@pytest.mark.slow
def test_many_clicks_at_once_buy_what_was_asked_for(alice: User) -> None:
    rounds = all_at_once(lambda _number: _place(alice, 3, "buy_once"), count=6)

    placed = [each for outcomes in rounds if isinstance(outcomes, list) for each in outcomes]
    assert len(placed) == 18
    assert sum(each.is_new for each in placed) == 3
    assert all(each.is_taken for each in placed)
    assert Order.objects.count() == 3
    assert cast.balance(alice) == 1_000_000 - 3 * PRICE
    assert audit_ledger() == []


@pytest.mark.slow
def test_money_for_two_buys_two(committed: None) -> None:
    poor = cast.open_account("poor")
    cast.give(poor, 2 * PRICE + 100)

    outcomes = _place(poor, 5, "buy_5")

    assert sum(each.is_new for each in outcomes) == 2
    assert _reasons(outcomes) == {"InsufficientFunds": 3}
    assert cast.balance(poor) == 100
    assert audit_ledger() == []


def test_room_for_two_buys_two(alice: User) -> None:
    plan = alice.plan
    plan.__class__.objects.filter(pk=plan.pk).update(max_open_orders=2)
    alice.refresh_from_db()
    try:
        outcomes = _place(alice, 4, "buy_4")
    finally:
        plan.save()

    assert sum(each.is_new for each in outcomes) == 2
    assert _reasons(outcomes) == {"TooManyOpenOrders": 2}
    assert cast.balance(alice) == 1_000_000 - 2 * PRICE


def test_numbers_that_are_gone_cost_nothing(alice: User, simulator: RemoteSimulator) -> None:
    simulator.control(faults={"no_stock": 0.5})

    outcomes = _place(alice, 10, "buy_10")

    bought = sum(each.is_new for each in outcomes)
    assert bought + _reasons(outcomes).get("NoNumbers", 0) == 10
    assert Order.objects.filter(status=Status.WAITING).count() == bought
    assert cast.balance(alice) == 1_000_000 - bought * PRICE
    assert audit_ledger() == []


def test_asked_again_only_those_that_failed_are_tried(
    alice: User, simulator: RemoteSimulator
) -> None:
    _some_of_three(alice, simulator, "buy_3")
    simulator.control(faults={"no_stock": 0})

    outcomes = _place(alice, 3, "buy_3")

    assert [each.is_new for each in outcomes] == [False, False, True]
    assert Order.objects.filter(status=Status.WAITING).count() == 3


def _some_of_three(user: User, simulator: RemoteSimulator, key: str) -> None:
    """Two are bought; for the third there is no number."""
    _place(user, 2, key)
    simulator.control(faults={"no_stock": 1})
    outcomes = _place(user, 3, key)
    assert [each.is_taken for each in outcomes] == [True, True, False]


# ---- the pages --------------------------------------------------------------------------------


def test_the_confirmation_says_what_they_cost_together(browser: Client) -> None:
    page = browser.get(GOODS, {"quantity": 3}, follow=True)

    assert (page.context["quantity"], page.context["total"]) == (3, 3 * PRICE)
    assert "Buy 3 numbers for" in page.content.decode()


@pytest.mark.parametrize(
    ("typed", "shown"), [("0", 1), ("-1", 1), ("x", 1), ("11", 10), ("99999", 1), ("٣", 1)]
)
def test_a_quantity_is_held_in_bounds(browser: Client, typed: str, shown: int) -> None:
    page = browser.get(GOODS, {"quantity": typed}, follow=True)

    assert page.context["quantity"] == shown


def test_no_more_is_offered_than_the_balance_is_enough_for(committed: None) -> None:
    poor = cast.open_account("poor")
    cast.give(poor, 3 * PRICE)

    page = _browser_of(poor).get(GOODS, {"quantity": 8}, follow=True)

    assert (page.context["quantity"], page.context["most"]) == (3, 3)
    assert "not enough for more" in page.content.decode()


@pytest.mark.parametrize("quantity", ["11", "-1", "0", "many"])
def test_a_tampered_quantity_buys_nothing(browser: Client, quantity: str) -> None:
    answer = browser.post(GOODS, _confirmation(quantity=quantity))

    assert answer["Location"] == GOODS
    assert not Order.objects.exists()


def test_all_of_them_are_shown_together(browser: Client) -> None:
    form = _confirmation()

    answer = browser.post(GOODS, form, follow=True)

    assert answer.redirect_chain[0][0] == f"/orders/together/{form['key']}"
    assert "All 3 numbers are here" in answer.content.decode()
    assert len(answer.context["cards"]) == 3


def test_the_same_form_sent_again_says_so(browser: Client) -> None:
    form = _confirmation()
    browser.post(GOODS, form)

    page = browser.post(GOODS, form, follow=True).content.decode()

    assert "You had bought these already" in page
    assert Order.objects.count() == 3


def test_a_partial_failure_is_told_with_its_reasons(committed: None) -> None:
    poor = cast.open_account("poor")
    cast.give(poor, 2 * PRICE)
    browser = _browser_of(poor)

    answer = browser.post(GOODS, _confirmation(quantity=3), follow=True)

    page = answer.content.decode()
    assert "You got 2 of 3 numbers" in page
    assert "1: your balance was not enough" in page
    assert "Nothing was charged for the others" in page
    reloaded = browser.get(answer.redirect_chain[0][0]).content.decode()
    assert "You got 2 of 3 numbers" in reloaded
    assert Order.objects.count() == 2


def test_another_session_sees_what_was_bought(alice: User, simulator: RemoteSimulator) -> None:
    key = new_id("buy")
    _some_of_three(alice, simulator, key)

    page = _browser_of(alice).get(f"/orders/together/{key}").content.decode()

    assert "You got 2 of 3 numbers" in page


def test_where_none_could_be_bought_the_confirmation_says_why(
    browser: Client, simulator: RemoteSimulator
) -> None:
    simulator.control(faults={"no_stock": 1})

    answer = browser.post(GOODS, _confirmation(quantity=2))

    assert answer.status_code == 409
    assert "The last number was just sold" in answer.content.decode()
    assert not Order.objects.exclude(status=Status.FAILED).exists()


def test_a_price_that_rose_is_asked_for_all(browser: Client) -> None:
    answer = browser.post(GOODS, _confirmation(max_price=PRICE - 100))

    assert answer.status_code == 409
    assert "The price changed" in answer.content.decode()
    assert not Order.objects.exists()


def test_somebody_elses_numbers_are_not_there(browser: Client, bob: User) -> None:
    form = _confirmation()
    browser.post(GOODS, form)

    assert _browser_of(bob).get(f"/orders/together/{form['key']}").status_code == 404
    assert browser.get("/orders/together/nothing").status_code == 404
