"""Reading SMSPool: numbers as strings, zeros for nothing, and sentences in place of words."""

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

GOODS = Goods("WhatsApp", "ID", "7")
BOUGHT = {
    "success": 1,
    "number": 6281234567890,
    "cc": "62",
    "phonenumber": "81234567890",
    "order_id": "ABCDEFGH",
    "country": "Indonesia",
    "service": "WhatsApp",
    "pool": 7,
    "expires_in": 1200,
    "cost": "0.24",
}
ROW = {
    "cost": "0.24",
    "order_code": "ABCDEFGH",
    "phonenumber": "6281234567890",
    "code": "0",
    "full_code": "0",
    "short_name": "ID",
    "service": "WhatsApp",
    "status": "pending",
    "pool": "7",
    "timestamp": "2026-11-22 13:00:00",
    "expiry": str(int(datetime(2026, 11, 22, 13, 20, tzinfo=UTC).timestamp())),
}


@pytest.fixture
def says(scripted, account_told):
    """Return the account, after making SMSPool say something."""

    def says(*answers, status=200, **options):
        credentials = Credentials(scripted.root, "0123456789abcdef", options=options)
        return account_told("smspool", credentials, *answers, status=status)

    return says


@pytest.fixture
def buy(says, now):
    def buy(answer, *, status=200):
        account = says(answer, status=status)
        return account.buy(GOODS, max_cost=2600, reference="a", now=now)

    return buy


def test_an_order_is_read(buy, scripted):
    bought = buy(BOUGHT)

    assert (bought.reference, bought.phone_number) == ("ABCDEFGH", "+6281234567890")
    assert (bought.cost, bought.operator, bought.lifetime_seconds) == (2400, "7", 1200)
    assert scripted.requests[0].startswith("POST /purchase/sms ")


@pytest.mark.parametrize("number", [None, "", 0])
def test_a_number_in_two_parts_is_put_together(number, buy):
    assert buy({**BOUGHT, "number": number}).phone_number == "+6281234567890"


@pytest.mark.parametrize(
    ("answer", "status", "reason"),
    [
        ({"success": 0, "type": "OUT_OF_STOCK"}, 422, RefusalReason.NO_NUMBERS),
        ({"success": 0, "type": "PRICE_NOT_FOUND"}, 422, RefusalReason.PRICE_MOVED),
        ({"success": 0, "type": "BALANCE_ERROR"}, 422, RefusalReason.NO_BALANCE),
        ({"success": 0, "type": "OUT_OF_STOCK"}, 200, RefusalReason.NO_NUMBERS),
        ({"success": 0, "type": "NEW_TYPE"}, 422, RefusalReason.BAD_REQUEST),
        ({"success": 0, "errors": [{"param": "service"}]}, 400, RefusalReason.BAD_REQUEST),
        ({"success": "0", "message": "Invalid API key"}, 200, RefusalReason.BAD_CREDENTIALS),
        ("whatever", 401, RefusalReason.BAD_CREDENTIALS),
        ("whatever", 403, RefusalReason.BANNED),
        ("whatever", 429, RefusalReason.BUSY),
    ],
)
def test_a_refusal_is_understood(answer, status, reason, buy):
    with pytest.raises(Refused) as refusal:
        buy(answer, status=status)

    assert refusal.value.reason is reason


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ("", 200),
        ("<html>", 200),
        ("null", 200),
        ("[]", 200),
        ("{}", 200),
        ({"success": 1}, 200),
        ({"success": 1, "order_id": "A", "number": "-"}, 200),
        ({"success": 0, "type": "OUT_OF_STOCK"}, 500),
        (BOUGHT, 502),
    ],
)
def test_what_cannot_be_read_may_have_bought(answer, status, buy):
    with pytest.raises(OutcomeUnknown):
        buy(answer, status=status)


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (1, ActivationState.WAITING),
        ("1", ActivationState.WAITING),
        (2, ActivationState.CLOSED),
        (4, ActivationState.WAITING),
        (5, ActivationState.CANCELLED),
        (6, ActivationState.CANCELLED),
        (7, ActivationState.WAITING),
        (99, ActivationState.WAITING),
    ],
)
def test_a_state_is_read_from_its_number(status, state, says, now):
    order = says({"status": status, "message": "<b>…</b>"}).status("ABCDEFGH", now=now)

    assert (order.state, order.messages) == (state, ())


def test_a_code_comes_with_its_text_and_the_orders_name(says, now):
    answer = {"status": 3, "sms": "4711", "full_sms": "Use 4711 to sign in"}

    [message] = says(answer).status("ABCDEFGH", now=now).messages

    assert (message.code, message.text) == ("4711", "Use 4711 to sign in")
    assert message.message_id == "ABCDEFGH"


def test_a_zero_for_a_code_leaves_the_text(says, now):
    answer = {"status": 3, "sms": "0", "full_sms": "Use 4711 to sign in"}

    [message] = says(answer).status("ABCDEFGH", now=now).messages

    assert message.code == "4711"


@pytest.mark.parametrize("answer", [{"status": 3, "sms": "0"}, {"status": 3}, {"status": None}, {}])
def test_a_state_without_its_message_is_none(answer, says, now):
    with pytest.raises(OutcomeUnknown):
        says(answer).status("ABCDEFGH", now=now)


def test_an_order_in_the_list_is_read(says):
    [order] = says([ROW]).active()

    assert (order.reference, order.state, order.goods) == (
        "ABCDEFGH",
        ActivationState.WAITING,
        GOODS,
    )
    assert (order.cost, order.phone_number) == (2400, "+6281234567890")
    assert order.started_at == datetime(2026, 11, 22, 13, tzinfo=UTC)


@pytest.mark.parametrize("timestamp", ["2026-11-22 14:00:00", "2026-11-22 09:00:00", "today", None])
def test_a_start_that_does_not_fit_the_end_is_none(timestamp, says):
    assert says([{**ROW, "timestamp": timestamp}]).active()[0].started_at is None


def test_a_zone_that_is_known_is_used(says):
    row = {**ROW, "timestamp": "2026-11-22 14:00:00"}

    [order] = says([row], utc_offset_minutes="60").active()

    assert order.started_at == datetime(2026, 11, 22, 13, tzinfo=UTC)


def test_the_list_leaves_out_what_is_over_and_what_makes_no_sense(says):
    rows = [
        {**ROW, "order_code": "A", "status": "refunded"},
        {**ROW, "order_code": "B", "status": "expired"},
        {**ROW, "order_code": None},
        "nonsense",
        {**ROW, "order_code": "C", "status": "completed", "code": "4711", "full_code": "4711!"},
        {**ROW, "order_code": "D", "status": "new word"},
    ]

    assert [one.reference for one in says(rows).active()] == ["C", "D"]


@pytest.mark.parametrize("answer", ["{}", "null", "", {"success": 0, "message": "Try again"}])
def test_a_list_that_cannot_be_read_is_not_an_empty_one(answer, says):
    with pytest.raises(OutcomeUnknown):
        says(answer).active()


@pytest.mark.parametrize(
    ("message", "status", "outcome"),
    [
        ("Your order cannot be cancelled yet", 1, CancelOutcome.TOO_EARLY),
        ("We said no", 3, CancelOutcome.CODE_ARRIVED),
        ("We said no", 6, CancelOutcome.CLOSED),
        ("We said no", 2, CancelOutcome.CLOSED),
        ("We could not find this order!", 1, CancelOutcome.MISSING),
    ],
)
def test_why_a_cancel_was_refused_is_seen_in_the_state(message, status, outcome, says, now):
    checked = {"status": status, "sms": "4711", "full_sms": "It is 4711"}

    cancellation = says({"success": 0, "message": message}, checked).cancel("A", now=now)

    assert cancellation.outcome is outcome


@pytest.mark.parametrize("answer", [{"success": 0, "message": "We said no"}, {}, "<html>", ""])
def test_a_cancel_refused_for_no_known_reason_was_not_answered(answer, says, now):
    with pytest.raises(OutcomeUnknown):
        says(answer, {"status": 1}).cancel("A", now=now)


def test_a_resend_brings_a_new_reference(says, now, scripted):
    account = says({"resendCost": "0.00"}, {"success": 1, "order_id": "ZYXWVUTS"})

    assert account.resend("ABCDEFGH", now=now) == "ZYXWVUTS"
    assert [request.split()[1] for request in scripted.requests] == [
        "/sms/check_resend",
        "/sms/resend",
    ]


@pytest.mark.parametrize("cost", ["0.01", 1, None, "free"])
def test_a_resend_that_may_cost_something_is_refused(cost, says, now, scripted):
    with pytest.raises(Refused):
        says({"resendCost": cost}).resend("ABCDEFGH", now=now)

    assert len(scripted.requests) == 1


@pytest.mark.parametrize("answer", [{"success": 1}, "", "<html>"])
def test_a_resend_without_its_reference_may_have_been_made(answer, says, now):
    with pytest.raises(OutcomeUnknown):
        says({"resendCost": "0"}, answer).resend("ABCDEFGH", now=now)


def test_the_price_list_is_read_by_country_and_pool(says):
    services = [{"ID": 1, "name": "WhatsApp"}, {"ID": 2, "name": "x" * 41}, {"ID": 3, "name": ""}]
    countries = [{"ID": 1, "name": "Indonesia", "short_name": "ID"}, {"ID": 2, "name": "?"}]
    rows = [
        {"service": 1, "country": 1, "pool": 7, "price": "0.24"},
        {"service": "1", "country": 1, "pool": 8, "price": 0.3},
        {"service": 2, "pool": 7, "price": "0.24"},
        {"service": 1, "pool": 9, "price": "-1"},
        {"service": 1, "pool": 9, "price": None},
        "nonsense",
    ]

    assert list(says(services, countries, rows).listings()) == [
        Listing(GOODS, 2400, 100),
        Listing(Goods("WhatsApp", "ID", "8"), 3000, 100),
    ]


def test_countries_have_their_iso_code_for_a_name(says):
    rows = [
        {"ID": 1, "name": "United States", "short_name": "US"},
        {"ID": 2, "name": "United States (Virtual)", "short_name": "US_V"},
    ]

    assert says(rows).countries() == [
        NamedCode("US", "United States", "US"),
        NamedCode("US_V", "United States (Virtual)"),
    ]


def test_the_history_yields_what_may_be_meant(says):
    times = [f"2026-11-2{day} 13:00:00" for day in (4, 3, 2, 0)]
    rows = [{**ROW, "order_code": f"O{n}", "timestamp": time} for n, time in enumerate(times)]
    since = datetime(2026, 11, 22, 20, tzinfo=UTC)
    span = {"since": since, "until": since + timedelta(hours=6)}

    assert [one.reference for one in says(rows).history(**span)] == ["O1", "O2"]
    assert not list(says(rows, utc_offset_minutes="0").history(**span))
