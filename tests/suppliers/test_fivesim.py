"""Reading 5sim: sentences instead of JSON, and an order that is received when nothing came."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from suppliers.base import (
    ActivationState,
    CancelOutcome,
    Credentials,
    Goods,
    Listing,
    NamedCode,
    OutcomeUnknown,
    RefusalReason,
    Refused,
)

GOODS = Goods("whatsapp", "indonesia")
ORDER = {
    "id": 11631253,
    "phone": "+6281234567890",
    "operator": "virtual21",
    "product": "whatsapp",
    "price": 21.5,
    "status": "RECEIVED",
    "expires": "2026-11-22T13:20:00.123456789Z",
    "sms": None,
    "created_at": "2026-11-22T13:00:00.123456789Z",
    "country": "indonesia",
}
SMS = {
    "created_at": "2026-11-22T13:01:00Z",
    "date": "2026-11-22T13:01:01Z",
    "sender": "WhatsApp",
    "text": "Your code is 123-456",
    "code": "123456",
}


@pytest.fixture
def says(scripted, account_told):
    """Return the account, after making 5sim say something."""

    def says(*answers, status=200, **options):
        credentials = Credentials(f"{scripted.root}/v1", "k", "RUB", options=options)
        return account_told("fivesim", credentials, *answers, status=status)

    return says


@pytest.fixture
def buy(says, now):
    def buy(*answers, goods=GOODS, **options):
        return says(*answers, **options).buy(goods, max_cost=260_000, reference="a", now=now)

    return buy


def test_an_order_is_read(buy, scripted):
    bought = buy(ORDER)

    assert (bought.reference, bought.phone_number) == ("11631253", "+6281234567890")
    assert (bought.cost, bought.operator) == (215_000, "virtual21")
    assert bought.lifetime_seconds == 20 * 60
    path = "GET /v1/user/buy/activation/indonesia/any/whatsapp?maxPrice=26.0000 "
    assert scripted.requests[0].startswith(path)


def test_numbers_as_strings_are_read_too(buy):
    bought = buy({**ORDER, "id": "17", "phone": "6281234567890", "price": "21.5", "expires": ""})

    assert (bought.reference, bought.phone_number) == ("17", "+6281234567890")
    assert (bought.cost, bought.lifetime_seconds) == (215_000, 15 * 60)


def test_codes_cannot_leave_their_place_in_the_path(buy, scripted):
    buy(ORDER, goods=Goods("../x?y", "a/b", "c#d"))

    assert "/activation/a%2Fb/c%23d/..%2Fx%3Fy?" in scripted.requests[0]


@pytest.mark.parametrize(
    ("sentence", "status", "reason"),
    [
        ("no free phones", 200, RefusalReason.NO_NUMBERS),
        ("no product", 400, RefusalReason.NO_NUMBERS),
        ("not enough user balance", 400, RefusalReason.NO_BALANCE),
        ("not enough rating", 400, RefusalReason.BANNED),
        ("bad country", 400, RefusalReason.BAD_REQUEST),
        ("select operator", 400, RefusalReason.BAD_REQUEST),
        ("server offline", 400, RefusalReason.BUSY),
        ("anything", 429, RefusalReason.BUSY),
        ("ip address limit is 100 requests per second", 400, RefusalReason.BUSY),
        ("", 401, RefusalReason.BAD_CREDENTIALS),
    ],
)
def test_a_refusal_is_understood(sentence, status, reason, buy):
    with pytest.raises(Refused) as refusal:
        buy(sentence, status=status)

    assert refusal.value.reason is reason


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ("", 200),
        ("<html>", 200),
        ("null", 200),
        ("[]", 200),
        ("{}", 200),
        ('{"id": 1}', 200),
        ('{"id": 1, "phone": "+7958*****1"}', 200),
        ("what is this", 400),
        ("order not found", 404),
        ("internal error", 500),
        ("no free phones", 502),
    ],
)
def test_what_cannot_be_read_may_have_bought(answer, status, buy):
    with pytest.raises(OutcomeUnknown):
        buy(answer, status=status)


@pytest.mark.parametrize(
    ("status", "sms", "state"),
    [
        ("PENDING", None, ActivationState.WAITING),
        ("RECEIVED", None, ActivationState.WAITING),
        ("RECEIVED", [], ActivationState.WAITING),
        ("RECEIVED", [SMS], ActivationState.RECEIVED),
        ("FINISHED", [SMS], ActivationState.FINISHED),
        ("CANCELED", None, ActivationState.CANCELLED),
        ("TIMEOUT", None, ActivationState.CANCELLED),
        ("BANNED", None, ActivationState.CANCELLED),
        ("NEW STATUS", None, ActivationState.WAITING),
    ],
)
def test_a_code_is_seen_in_the_messages_not_in_the_status(status, sms, state, says, now):
    order = says({**ORDER, "status": status, "sms": sms}).status("11631253", now=now)

    assert order.state is state
    assert len(order.messages) == len(sms or [])


@pytest.mark.parametrize("other", [{"created_at": "2026-11-22T13:05:00Z"}, {"text": "4711"}])
def test_a_message_is_known_by_when_it_came_and_what_it_says(other, says, now):
    first, second = (
        says({**ORDER, "sms": [SMS, SMS, {**SMS, **other}]}).status("1", now=now).messages
    )

    assert (first.code, first.text, first.sender) == ("123456", SMS["text"], "WhatsApp")
    assert first.received_at == datetime(2026, 11, 22, 13, 1, tzinfo=UTC)
    assert first.message_id != second.message_id


@pytest.mark.parametrize(
    ("sentence", "outcome"),
    [
        ("order has sms", CancelOutcome.CODE_ARRIVED),
        ("order expired", CancelOutcome.CLOSED),
        ("order not found", CancelOutcome.MISSING),
        ("record not found", CancelOutcome.MISSING),
        ("you need to wait", CancelOutcome.TOO_EARLY),
    ],
)
def test_a_cancel_is_read_from_its_sentence(sentence, outcome, says, now):
    assert says(sentence, status=400).cancel("1", now=now).outcome is outcome


@pytest.mark.parametrize(
    ("sentence", "seconds"),
    [
        ("you need to wait time before cancel", 120),
        ("you need to wait 90 seconds", 90),
        ("you need to wait 2m", 120),
        ("you need to wait 0s", 1),
    ],
)
def test_a_lock_is_as_long_as_it_says(sentence, seconds, says, now):
    cancellation = says(sentence, status=400).cancel("123456", now=now)

    assert cancellation.retry_after_seconds == seconds


def test_a_cancel_that_brings_the_code_back_lost_the_race(says, now):
    cancellation = says({**ORDER, "sms": [SMS]}).cancel("1", now=now)

    assert cancellation.outcome is CancelOutcome.CODE_ARRIVED


@pytest.mark.parametrize("answer", ["order no sms", "server offline", "order ate my sms", "{", ""])
def test_a_finish_that_was_not_done_is_no_success(answer, says, now):
    with pytest.raises((Refused, OutcomeUnknown)):
        says(answer, status=400).finish("1", now=now)


def test_the_list_is_read_down_to_a_page_where_nothing_is_open(says, scripted):
    ended = [{**ORDER, "id": number, "status": "FINISHED"} for number in range(100, 200)]
    pages = [[{**ORDER, "id": 500}, *ended[1:]], ended, [{**ORDER, "id": 1}]]
    account = says(*({"Data": page, "Total": 300} for page in pages))

    [order] = account.active()

    assert (order.reference, order.goods, order.cost) == ("500", GOODS, 215_000)
    assert len(scripted.requests) == 2
    assert "category=activation&limit=100&offset=100&order=id&reverse=true" in scripted.requests[1]


@pytest.mark.parametrize("answer", [{"Data": None, "Total": 0}, {"Data": [], "Total": 0}])
def test_no_orders_is_an_empty_list(answer, says):
    assert says(answer).active() == []


@pytest.mark.parametrize("answer", ["null", "{}", {"Data": None, "Total": 3}, {"Data": {}}])
def test_a_list_that_cannot_be_read_is_not_an_empty_one(answer, says):
    with pytest.raises(OutcomeUnknown):
        says(answer).active()


def test_the_history_ends_where_the_span_begins(says):
    days = [{**ORDER, "id": day, "created_at": f"2026-11-{day}T13:00:00Z"} for day in (22, 21, 20)]
    account = says({"Data": days, "Total": 3})
    since = datetime(2026, 11, 21, tzinfo=UTC)

    past = list(account.history(since=since, until=since + timedelta(days=1)))

    assert [one.reference for one in past] == ["21"]


PRICES = {
    "indonesia": {
        "whatsapp": {
            "virtual21": {"cost": 9, "count": 0, "rate": 50},
            "virtual34": {"cost": "21.5", "count": 12},
            "virtual7": {"cost": 30, "count": 90, "rate": 99.9},
            "broken": {"cost": -1, "count": 1},
        },
        "telegram": None,
    }
}
INDONESIA = {
    "indonesia": {"iso": {"id": 1}, "prefix": {"+62": 1}, "text_en": "Indonesia", "virtual21": {}},
}


def test_the_cheapest_operator_that_has_numbers_is_listed(says, scripted):
    assert list(says(INDONESIA, PRICES).listings()) == [Listing(GOODS, 215_000, 12)]
    assert "GET /v1/guest/prices?country=indonesia " in scripted.requests[1]


def test_every_operator_is_listed_where_that_is_wanted(says):
    listed = list(says(INDONESIA, PRICES, by_operator="1").listings())

    assert [(one.goods.operator, one.cost, one.stock) for one in listed] == [
        ("virtual21", 90_000, 0),
        ("virtual34", 215_000, 12),
        ("virtual7", 300_000, 90),
    ]


def test_null_is_an_empty_price_list(says):
    assert list(says(INDONESIA, "null").listings()) == []


def test_countries_come_with_iso_and_prefix(says):
    assert says(INDONESIA).countries() == [NamedCode("indonesia", "Indonesia", "ID", "+62")]


def test_only_products_for_activation_are_services(says):
    products = {
        "whatsapp": {"Category": "activation", "Qty": 1, "Price": 1},
        "3hours": {"Category": "hosting", "Qty": 1, "Price": 1},
    }

    assert says(products).services() == [NamedCode("whatsapp", "whatsapp")]


@pytest.mark.parametrize(
    ("balance", "minor"), [(12.3456, 123_456), ("7", 70_000), (-3, 0), (-0.5, 0)]
)
def test_the_balance_is_in_minor_units(balance, minor, says):
    assert says({"balance": balance}).balance() == minor


@pytest.mark.parametrize("answer", ["{}", '{"balance": "much"}', '{"balance": NaN}'])
def test_a_balance_that_cannot_be_read_is_none(answer, says):
    with pytest.raises(OutcomeUnknown):
        says(answer).balance()
