"""Reading HeroSMS's REST API: lists for single things, and errors under names nobody knows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from suppliers.base import (
    ActivationState,
    CancelOutcome,
    Credentials,
    Goods,
    Listing,
    OutcomeUnknown,
    RefusalReason,
    Refused,
)
from suppliers.registry import open_supplier

GOODS = Goods("wa", "6", "telkomsel")
ROW = {
    "id": 635468024,
    "status": 4,
    "phone": 6281234567890,
    "service": "wa",
    "country": 6,
    "operator": "telkomsel",
    "price": 0.25,
    "otpList": [],
    "createdAt": "2026-11-22T13:00:00.000000Z",
    "expiredAt": "2026-11-22T13:45:00.000000Z",
}
OTP = {
    "phoneFrom": "WhatsApp",
    "smsCode": "123456",
    "smsText": "Your code is 123456",
    "receivedAt": "2026-11-22T13:01:00.000000Z",
}


@pytest.fixture
def says(scripted, account_told):
    """Return the account, after making HeroSMS say something."""

    def says(*answers, status=200):
        return account_told("herosms", Credentials(scripted.root, "k"), *answers, status=status)

    return says


@pytest.fixture
def buy(says, now):
    def buy(answer, *, status=200, **options):
        account = says(answer, status=status)
        return account.buy(GOODS, max_cost=2600, reference="a", now=now, **options)

    return buy


def test_a_purchase_is_read(buy, scripted):
    bought = buy({"data": [ROW]})

    assert (bought.reference, bought.phone_number) == ("635468024", "+6281234567890")
    assert (bought.cost, bought.operator) == (2500, "telkomsel")
    assert bought.lifetime_seconds == 45 * 60
    assert scripted.requests[0].startswith("POST /api/v1/activations ")


@pytest.mark.parametrize(
    ("answer", "status", "reason"),
    [
        ({"title": "NO_NUMBERS"}, 404, RefusalReason.NO_NUMBERS),
        ({"title": "OFFER_NOT_FOUND"}, 404, RefusalReason.NO_NUMBERS),
        ({"title": "SOMETHING_NEW"}, 404, RefusalReason.NO_NUMBERS),
        ({"title": "SOMETHING_NEW"}, 402, RefusalReason.NO_BALANCE),
        ({"title": "SOMETHING_NEW"}, 422, RefusalReason.BAD_REQUEST),
        ({"title": "CHANNELS_LIMIT"}, 403, RefusalReason.BUSY),
        ({"title": "Unauthenticated."}, 401, RefusalReason.BAD_CREDENTIALS),
        ("NO_NUMBERS", 200, RefusalReason.NO_NUMBERS),
        ("error code: 1020", 400, RefusalReason.BUSY),
        ("", 429, RefusalReason.BUSY),
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
        ("<html>", 404),
        ("{}", 200),
        ({"data": []}, 200),
        ({"data": ROW}, 200),
        ({"data": [ROW, {**ROW, "id": 2}]}, 200),
        ({"data": [{**ROW, "phone": "79********1"}]}, 200),
        ({"data": [{**ROW, "id": None}]}, 200),
        ({"title": "SOMETHING_NEW"}, 500),
        ({"title": "SOMETHING_NEW"}, 200),
    ],
)
def test_what_cannot_be_read_may_have_bought(answer, status, buy):
    with pytest.raises(OutcomeUnknown):
        buy(answer, status=status)


def test_a_country_that_is_no_number_is_not_asked_for(says, now, scripted):
    with pytest.raises(Refused):
        says("").buy(Goods("wa", "id"), max_cost=1, reference="a", now=now)

    assert not scripted.requests


@pytest.mark.parametrize("until", ["2026-11-22T13:05:09Z", "2026-11-22T16:05:09+03:00"])
def test_a_ban_for_some_goods_ends_at_its_time(until, buy):
    info = {"scope": "specific", "banned_until": until}

    with pytest.raises(Refused) as ban:
        buy({"title": "BANNED", "info": info}, status=403)

    assert ban.value.only_these_goods
    assert ban.value.until == datetime(2026, 11, 22, 13, 5, 9, tzinfo=UTC)


def test_the_end_users_name_is_made_to_fit(simulators, now):
    simulator = simulators.get("herosms")
    account = open_supplier("herosms", Credentials(simulator.url, simulator.api_key))
    listing = next(account.listings())

    account.buy(
        listing.goods,
        max_cost=listing.cost,
        reference="a",
        end_user="usr 1/Ä" + "x" * 40,
        now=now,
    )

    [bought] = simulator.activations()
    assert bought["end_user"] == "usr1" + "x" * 32


def test_every_page_of_the_list_is_read(says, scripted):
    rows = [{**ROW, "id": number} for number in range(30)]

    listed = says({"data": rows[:25]}, {"data": rows[25:]}).active()

    assert len(listed) == 30
    assert "page=2&size=25" in scripted.requests[1]
    assert listed[0].goods == GOODS
    assert listed[0].started_at == datetime(2026, 11, 22, 13, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (4, ActivationState.RECEIVED),
        (2, ActivationState.RECEIVED),
        (99, ActivationState.RECEIVED),
        (6, ActivationState.FINISHED),
        (8, ActivationState.CANCELLED),
        (10, ActivationState.CANCELLED),
    ],
)
def test_only_the_ends_are_read_from_the_status(status, state, says):
    [one] = says({"data": [{**ROW, "status": status, "otpList": [OTP]}]}).active()

    assert one.state is state


@pytest.mark.parametrize(
    "otp",
    [
        OTP,
        {"code": "123456", "text": "Your code is 123456", "date": "2026-11-22T13:01:00.000000Z"},
        {**OTP, "smsCode": None},
    ],
)
def test_a_message_is_read_under_each_of_its_names(otp, says):
    [one] = says({"data": [{**ROW, "otpList": [otp]}]}).active()

    [message] = one.messages
    assert (message.code, message.text) == ("123456", "Your code is 123456")
    assert message.received_at == datetime(2026, 11, 22, 13, 1, tzinfo=UTC)
    assert message.message_id.startswith("2026-11-22T13:01:00.000000Z/")


@pytest.mark.parametrize("answer", ["{}", {"data": None}, {"data": {}}, "[]", "", {"title": "X"}])
def test_a_list_that_cannot_be_read_is_not_an_empty_one(answer, says):
    with pytest.raises(OutcomeUnknown):
        says(answer).active()


def test_one_activation_is_read_from_both_surfaces(says, scripted, now):
    account = says("STATUS_OK:123456", {"data": [OTP]})

    one = account.status("635468024", now=now)

    assert (one.state, one.messages[0].text) == (ActivationState.RECEIVED, OTP["smsText"])
    assert "action=getStatus&id=635468024" in scripted.requests[0]
    assert scripted.requests[1].startswith("GET /api/v1/activations/635468024/otp ")


def test_a_code_without_its_message_is_asked_for_again(says, now):
    with pytest.raises(OutcomeUnknown):
        says("STATUS_OK:123456", {"data": []}).status("1", now=now)


@pytest.mark.parametrize(
    ("title", "outcome"),
    [
        ("EARLY_CANCEL_DENIED", CancelOutcome.TOO_EARLY),
        ("OTP_RECEIVED", CancelOutcome.CODE_ARRIVED),
        ("NEW_OTP_RECEIVED", CancelOutcome.CODE_ARRIVED),
        ("FREE_CANCELLATION_EXPIRED", CancelOutcome.CLOSED),
        ("ACTIVATION_NOT_ACTIVE", CancelOutcome.CLOSED),
        ("NOT_FOUND", CancelOutcome.MISSING),
    ],
)
@pytest.mark.parametrize("status", [409, 422])
def test_a_cancel_denied_is_understood(status, title, outcome, says, now):
    info = {"minActivationTime": 90}

    cancellation = says({"title": title, "info": info}, status=status).cancel("1", now=now)

    assert cancellation.outcome is outcome
    assert cancellation.retry_after_seconds == (90 if title.startswith("EARLY") else None)


def test_a_cancel_and_a_finish_are_answered_with_nothing(says, scripted, now):
    account = says("", status=204)

    assert account.cancel("1", now=now).outcome is CancelOutcome.CANCELLED
    account.finish("1", now=now)

    asked = [request.split(" HTTP")[0] for request in scripted.requests]
    assert asked == ["DELETE /api/v1/activations/1", "POST /api/v1/activations/1/finish"]


def test_what_is_listed_is_the_usual_price_with_what_is_there(says):
    def offer(default, at_default, physical):
        counts = {"total": 2000, "physical": physical, "defaultPrice": at_default}
        return {"prices": {"default": default}, "counts": counts, "map": {}}

    data = {
        "wa": {"6": offer(0.25, 100, 70), "7": offer("0.3", 5, 90), "8": offer(1, 56_964, 0)},
        "tg": {"6": offer(0, 1, 1), "7": {}, "8": None, "9": offer("much", 1, 1)},
        "go": [],
    }

    assert list(says({"data": data}).listings()) == [
        Listing(Goods("wa", "6"), 2500, 70),
        Listing(Goods("wa", "7"), 3000, 5),
        Listing(Goods("wa", "8"), 10_000, 0),
    ]


def test_no_offers_at_all_are_printed_as_a_list(says):
    assert list(says({"data": []}).listings()) == []


def test_the_history_is_asked_for_by_its_span(says, scripted):
    ended = {**ROW, "id": 7, "status": 10}
    account = says({"data": [ROW]}, {"data": [ended]})
    since = datetime(2026, 11, 22, tzinfo=UTC)

    past = list(account.history(since=since, until=since + timedelta(days=1)))

    assert [(one.reference, one.state) for one in past] == [
        ("635468024", ActivationState.WAITING),
        ("7", ActivationState.CANCELLED),
    ]
    assert "from=2026-11-22T00%3A00%3A00Z&to=2026-11-23T00%3A00%3A00Z" in scripted.requests[1]
