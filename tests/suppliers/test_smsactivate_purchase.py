"""Buying over the handler protocol: what was bought, what surely was not, and what nobody knows."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from suppliers.base import (
    Credentials,
    Goods,
    OutcomeUnknown,
    RefusalReason,
    Refused,
    Unreachable,
)
from suppliers.registry import open_supplier

GOODS = Goods("wa", "6", "telkomsel")

BOUGHT = {
    "activationId": 635468024,
    "phoneNumber": "6281234567890",
    "activationCost": 0.25,
    "currency": 840,
    "countryCode": "6",
    "canGetAnotherSms": "1",
    "activationTime": "2026-11-22 13:00:00",
    "activationOperator": "indosat",
}


@pytest.fixture
def buy(scripted, scripted_account, raw, now):
    def buy(*answers, account=scripted_account, goods=GOODS, **http):
        steps = [json.dumps(one) if isinstance(one, dict) else one for one in answers]
        scripted.answers(*(raw(step, **http) for step in steps))
        return account.buy(goods, max_cost=2600, reference="attempt-1", now=now)

    return buy


def test_the_json_answer_is_read(buy):
    bought = buy(BOUGHT)

    assert bought.reference == "635468024"
    assert bought.phone_number == "+6281234567890"
    assert bought.cost == 2500
    assert bought.operator == "indosat"
    assert bought.lifetime_seconds == 20 * 60
    assert bought.cancel_lock_seconds == 120
    assert bought.can_resend


def test_numbers_as_strings_and_a_plus_are_read_too(buy):
    text = {**BOUGHT, "activationId": "17", "phoneNumber": "+62812345678", "activationCost": "0.25"}

    bought = buy(text)

    assert (bought.reference, bought.phone_number) == ("17", "+62812345678")
    assert bought.cost == 2500


def test_the_content_type_does_not_matter(buy):
    assert buy(BOUGHT, headers="Content-Type: text/html\r\n").cost == 2500
    assert buy("ACCESS_NUMBER:1:62812345678", headers="Content-Type: application/json\r\n")


def test_everything_that_limits_the_purchase_is_sent(buy, scripted):
    buy(BOUGHT)

    [request] = scripted.requests
    for part in ("maxPrice=0.2600", "service=wa", "country=6", "operator=telkomsel"):
        assert part in request
    assert "orderId=attempt-1" in request


def test_the_text_answer_is_read(buy):
    bought = buy("ACCESS_NUMBER:635468024:6281234567890")

    assert bought.reference == "635468024"
    assert bought.phone_number == "+6281234567890"
    assert bought.cost is None


def test_a_clone_without_the_newer_action_is_asked_the_older_way(buy, scripted):
    bought = buy("BAD_ACTION", "ACCESS_NUMBER:1:6281234567890")

    assert bought.reference == "1"
    assert scripted.actions() == ["getNumberV2", "getNumber"]
    assert "maxPrice=0.2600" in scripted.requests[1]


def test_a_cost_in_another_currency_is_no_cost(buy):
    assert buy({**BOUGHT, "currency": 643}).cost is None


@pytest.mark.parametrize("cost", ["NaN", "-1", "1e30", "", None, "0.25 USD", [], True])
def test_a_cost_that_makes_no_sense_is_no_cost(cost, buy):
    assert buy({**BOUGHT, "activationCost": cost}).cost is None


def test_a_reported_lifetime_and_lock_win(buy):
    bought = buy(
        {
            **BOUGHT,
            "activationEndTime": "2026-11-22 13:45:00",
            "activationCancel": "2026-11-22 13:05:00",
        }
    )

    assert bought.lifetime_seconds == 45 * 60
    assert bought.cancel_lock_seconds == 5 * 60


@pytest.mark.parametrize(
    "end", ["2026-11-22 12:00:00", "2036-11-22 13:00:00", "0000-00-00 00:00:00"]
)
def test_a_reported_lifetime_that_makes_no_sense_does_not(end, buy):
    assert buy({**BOUGHT, "activationEndTime": end}).lifetime_seconds == 20 * 60


def test_some_services_live_longer(buy):
    assert buy(BOUGHT, goods=Goods("ig", "6")).lifetime_seconds == 60 * 60
    assert buy(BOUGHT, goods=Goods("ya", "6")).lifetime_seconds == 40 * 60


def test_options_set_lifetime_and_lock(buy, scripted):
    options = {"lifetime_seconds": "600", "cancel_lock_seconds": "60"}
    account = open_supplier("smsactivate", Credentials(scripted.url, "k", options=options))

    bought = buy(BOUGHT, account=account)

    assert (bought.lifetime_seconds, bought.cancel_lock_seconds) == (600, 60)


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "   ",
        "<html><body>502 Bad Gateway</body></html>",
        "This service is prohibited for sale in your region",
        "ACCESS_NUMBER",
        "ACCESS_NUMBER::",
        "ACCESS_NUMBER:1:79584******",
        "ACCESS_NUMBER:not an id:6281234567890",
        "{",
        "{}",
        "[]",
        '{"activationId": 1}',
        '{"activationId": null, "phoneNumber": "6281234567890"}',
        '{"activationId": NaN, "phoneNumber": "6281234567890"}',
        "[" * 100_000 + "]" * 100_000,
        "ACCESS_SOMETHING_NEW:1",
        "no_numbers",
        "NO_NUMBERS_MAYBE",
        "ORDER_ALREADY_EXISTS",
    ],
    ids=lambda answer: answer[:20],
)
def test_what_cannot_be_read_may_have_bought(answer, buy, scripted):
    with pytest.raises(OutcomeUnknown):
        buy(answer)

    assert len(scripted.requests) == 1


@pytest.mark.parametrize("status", [301, 302, 307, 408, 500, 502, 503, 504, 520])
def test_a_broken_or_moved_server_may_have_bought(status, buy, scripted):
    with pytest.raises(OutcomeUnknown):
        buy("<html>", status=status, headers=f"Location: {scripted.url}\r\n")

    assert len(scripted.requests) == 1


@pytest.mark.parametrize("answer", ["BANNED", "", "<html>slow down</html>"])
def test_too_many_requests_is_a_refusal_whatever_it_says(answer, buy):
    with pytest.raises(Refused) as refusal:
        buy(answer, status=429)

    assert refusal.value.reason is RefusalReason.BUSY


def test_a_token_with_an_error_status_is_read(buy):
    with pytest.raises(Refused) as refusal:
        buy("NO_BALANCE", status=403)

    assert refusal.value.reason is RefusalReason.NO_BALANCE


def test_a_moved_price_comes_with_the_new_one(buy):
    with pytest.raises(Refused) as refusal:
        buy("WRONG_MAX_PRICE:0.2801")

    assert refusal.value.minimum == 2801


def test_a_ban_comes_with_its_end_in_the_suppliers_time(buy, scripted):
    moscow = Credentials(scripted.url, "k", options={"utc_offset_minutes": "180"})

    with pytest.raises(Refused) as refusal:
        buy("BANNED:'2026-11-22 16-05-09'", account=open_supplier("smsactivate", moscow))

    assert refusal.value.reason is RefusalReason.BANNED
    assert refusal.value.until == datetime(2026, 11, 22, 13, 5, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    "ban", ["BANNED", "BANNED:", "BANNED:'never'", "BANNED:'2026-13-45 99-99-99'"]
)
def test_a_ban_without_a_readable_end_has_none(ban, buy):
    with pytest.raises(Refused) as refusal:
        buy(ban)

    assert refusal.value.until is None


def test_nothing_listening_is_unreachable(scripted_account, free_port, now):
    url = f"http://127.0.0.1:{free_port}/stubs/handler_api.php"

    with pytest.raises(Unreachable):
        open_supplier("smsactivate", Credentials(url, "k")).buy(
            GOODS, max_cost=1, reference="a", now=now
        )


def test_the_same_reference_is_never_bought_twice(account, simulator, price_list, now):
    listing = next(line for line in price_list if line.stock)
    account.buy(listing.goods, max_cost=listing.cost, reference="same", now=now)

    with pytest.raises(OutcomeUnknown):
        account.buy(listing.goods, max_cost=listing.cost, reference="same", now=now)

    assert len(simulator.activations()) == 1
