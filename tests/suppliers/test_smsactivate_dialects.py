"""Where members of the family differ: each difference as the real one was seen to show it."""

from __future__ import annotations

import json
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

GOODS = Goods("wa", "6")


@pytest.fixture
def says(scripted, raw):
    """Return an account in a dialect, after making its supplier say something."""

    def says(dialect, *answers, status=200):
        steps = [one if isinstance(one, str) else json.dumps(one) for one in answers]
        scripted.answers(*(raw(step, status=status) for step in steps))
        return open_supplier(dialect, Credentials(scripted.url, "k"))

    return says


@pytest.fixture
def refused(says, now):
    """Return how a purchase is refused."""

    def refused(dialect, answer, *, status=200):
        with pytest.raises(Refused) as refusal:
            says(dialect, answer, status=status).buy(GOODS, max_cost=1, reference="a", now=now)
        return refusal.value

    return refused


@pytest.mark.parametrize(
    ("dialect", "answer", "status", "reason"),
    [
        ("herosms-legacy", {"title": "BAD_KEY"}, 401, RefusalReason.BAD_CREDENTIALS),
        ("herosms-legacy", {"title": "UNPROCESSABLE_ENTITY"}, 422, RefusalReason.BAD_REQUEST),
        ("herosms-legacy", {"title": "NO_BALANCE"}, 402, RefusalReason.NO_BALANCE),
        ("herosms-legacy", {"title": "CHANNELS_LIMIT"}, 403, RefusalReason.BUSY),
        ("herosms-legacy", "NO_NUMBERS", 200, RefusalReason.NO_NUMBERS),
        ("herosms-legacy", "error code: 1020", 400, RefusalReason.BUSY),
        ("grizzlysms", "SERVICE_UNAVAILABLE_REGION", 200, RefusalReason.NO_NUMBERS),
        ("grizzlysms", "Whatsapp is prohibited for sale here", 200, RefusalReason.NO_NUMBERS),
        ("smshub", "API_KEY_NOT_VALID", 200, RefusalReason.BAD_CREDENTIALS),
        ("smshub", "WRONG_SERVICE", 200, RefusalReason.BAD_REQUEST),
    ],
)
def test_a_refusal_is_understood(dialect, answer, status, reason, refused):
    assert refused(dialect, answer, status=status).reason is reason


def test_a_number_that_looks_like_an_error_is_a_number(says, now):
    account = says("herosms-legacy", "ACCESS_NUMBER:1020:6281020102010")

    assert account.buy(GOODS, max_cost=1, reference="a", now=now).reference == "1020"


def test_a_sentence_nobody_knows_may_have_bought(says, now):
    with pytest.raises(OutcomeUnknown):
        says("grizzlysms", "Something went wrong").buy(GOODS, max_cost=1, reference="a", now=now)


def test_a_moved_price_comes_in_json(refused):
    answer = {"title": "WRONG_MAX_PRICE", "info": {"min": 0.2801}}

    assert refused("herosms-legacy", answer, status=400).minimum == 2801


def test_a_ban_for_some_goods_only_says_so(refused):
    info = {"scope": "specific", "banned_until": "2026-11-22 13:05:09"}

    ban = refused("herosms-legacy", {"title": "BANNED", "info": info}, status=403)

    assert ban.only_these_goods
    assert ban.until == datetime(2026, 11, 22, 13, 5, 9, tzinfo=UTC)


def test_a_ban_may_say_only_how_long_it_lasts(refused, now):
    info = {"scope": "global", "retry_after_seconds": 1800}

    ban = refused("herosms-legacy", {"title": "BANNED", "info": info}, status=403)

    assert not ban.only_these_goods
    assert ban.until == now + timedelta(minutes=30)


def test_the_lock_is_as_long_as_the_supplier_says(says, now):
    answer = {"title": "EARLY_CANCEL_DENIED", "info": {"minActivationTime": 90}}

    cancellation = says("herosms-legacy", answer, status=409).cancel("1", now=now)

    assert cancellation.outcome is CancelOutcome.TOO_EARLY
    assert cancellation.retry_after_seconds == 90


@pytest.mark.parametrize(
    ("title", "outcome"),
    [
        ("OTP_RECEIVED", CancelOutcome.CODE_ARRIVED),
        ("NEW_OTP_RECEIVED", CancelOutcome.CODE_ARRIVED),
        ("FREE_CANCELLATION_EXPIRED", CancelOutcome.CLOSED),
        ("ACTIVATION_NOT_ACTIVE", CancelOutcome.CLOSED),
        ("NOT_FOUND", CancelOutcome.MISSING),
    ],
)
def test_a_cancel_denied_in_json_is_understood(title, outcome, says, now):
    account = says("herosms-legacy", {"title": title, "details": "…"}, status=409)

    assert account.cancel("1", now=now).outcome is outcome


def test_an_answer_without_content_is_done(scripted, says, now):
    account = says("herosms-legacy", "", status=204)

    assert account.cancel("1", now=now).outcome is CancelOutcome.CANCELLED
    account.finish("1", now=now)

    assert scripted.actions() == ["cancelActivation", "finishActivation"]


def test_an_empty_answer_that_should_have_content_is_none(says, now):
    with pytest.raises(OutcomeUnknown):
        says("herosms-legacy", "", status=200).cancel("1", now=now)


def test_every_page_of_the_active_list_is_read(scripted, says):
    rows = [{"activationId": str(number), "activationStatus": "4"} for number in range(150)]
    account = says("herosms-legacy", {"data": rows[:100]}, {"data": rows[100:]})

    assert len(account.active()) == 150
    assert "start=0&" in scripted.requests[0]
    assert "start=100&" in scripted.requests[1]


def test_a_list_that_knows_no_pages_is_read_once(scripted, says):
    rows = [{"activationId": str(number), "activationStatus": "4"} for number in range(100)]

    assert len(says("herosms-legacy", {"data": rows}).active()) == 100
    assert len(scripted.requests) == 2


def test_a_supplier_without_a_list_says_so(says):
    account = says("smshub", "")

    assert not account.has_active_list
    with pytest.raises(Refused):
        account.active()


def test_prices_by_price_list_the_cheapest_in_stock(says):
    ladder = {"6": {"wa": {"0.15": 20, "0.12": 0, "0.13": 340}, "tg": {"0.2": 0}, "go": {}}}

    assert list(says("smshub", ladder).listings()) == [
        Listing(Goods("wa", "6"), 1300, 340),
        Listing(Goods("tg", "6"), 2000, 0),
    ]


def test_prices_by_provider_are_listed_one_by_one(says, scripted):
    providers = {
        "7": {"count": 4, "price": 0.2, "provider_id": 7},
        "9": {"count": 1, "price": "0.1", "provider_id": 9},
        "x": {"count": 1},
    }
    account = says("smsbower", {"6": {"id": 6, "eng": "Indonesia"}}, {"6": {"wa": providers}})

    assert list(account.listings()) == [
        Listing(Goods("wa", "6", "7"), 2000, 4),
        Listing(Goods("wa", "6", "9"), 1000, 1),
    ]
    assert scripted.actions() == ["getCountries", "getPricesV3"]
    assert "country=6" in scripted.requests[1]


@pytest.mark.parametrize(
    ("dialect", "sent"),
    [
        ("smsactivate", {"operator=7", "userId=usr_1", "orderId=attempt-1", "maxPrice=0.2600"}),
        ("herosms-legacy", {"operator=7", "userId=usr_1", "maxPrice=0.2600"}),
        ("grizzlysms", {"operator=7", "userId=usr_1", "maxPrice=0.2600"}),
        ("smsbower", {"providerIds=7", "userID=usr_1", "maxPrice=0.2600"}),
        ("smshub", {"operator=7", "maxPrice=0.2600", "max_price=0.2600"}),
    ],
)
def test_a_purchase_says_all_that_the_member_takes(dialect, sent, says, scripted, now):
    account = says(dialect, "ACCESS_NUMBER:1:6281234567890")
    goods = Goods("wa", "6", "7")

    account.buy(goods, max_cost=2600, reference="attempt-1", end_user="usr_1", now=now)

    query = set(scripted.requests[0].split("?")[1].split(" ")[0].split("&"))
    about = {"api_key=k", "service=wa", "country=6"}
    assert {part for part in query if not part.startswith("action=")} == sent | about


@pytest.mark.parametrize(
    ("dialect", "goods", "minutes"),
    [
        ("herosms-legacy", Goods("tg", "6"), 45),
        ("herosms-legacy", Goods("tg", "7"), 20),
        ("herosms-legacy", Goods("ig", "7"), 60),
        ("smshub", Goods("ig", "7"), 20),
    ],
)
def test_a_lifetime_that_is_not_told_is_known(dialect, goods, minutes, says, now):
    account = says(dialect, "ACCESS_NUMBER:1:6281234567890")

    bought = account.buy(goods, max_cost=1, reference="a", now=now)

    assert bought.lifetime_seconds == minutes * 60


def test_a_long_history_is_read_month_by_month_and_page_by_page(says, scripted):
    row = {"id": 5, "date": "2026-09-03 10:00:00", "status": "6", "cost": "0.25", "phone": "x"}
    account = says("herosms-legacy", [row] * 100, [{**row, "status": 10, "sms": ["It is 4711"]}])
    since = datetime(2026, 9, 1, tzinfo=UTC)

    past = list(account.history(since=since, until=since + timedelta(days=45)))

    assert len(past) == 102
    assert (past[0].state, past[0].cost) == (ActivationState.FINISHED, 2500)
    assert past[0].started_at == datetime(2026, 9, 3, 10, tzinfo=UTC)
    assert past[-1].state is ActivationState.CANCELLED
    assert past[-1].messages[0].code == "4711"
    asked = [request.split("offset=")[1].split(" ")[0] for request in scripted.requests]
    assert asked == ["0", "100", "0"]
