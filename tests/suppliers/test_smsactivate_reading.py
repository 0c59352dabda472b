"""Reading over the handler protocol: lists, states and messages, in every shape met."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from suppliers import reading, transport
from suppliers.base import (
    ActivationState,
    Credentials,
    Goods,
    Listing,
    NamedCode,
    OutcomeUnknown,
    RefusalReason,
    Refused,
    SupplierError,
)
from suppliers.registry import open_supplier

ROW = {
    "activationId": "635468024",
    "serviceCode": "wa",
    "phoneNumber": "6281234567890",
    "activationCost": "0.2500",
    "activationStatus": "4",
    "smsCode": None,
    "smsText": None,
    "activationTime": "2026-11-22 13:00:00",
    "countryCode": "6",
    "currency": 840,
}
GOT_CODE = {**ROW, "smsCode": ["123456"], "smsText": "Your code is 123456"}


@pytest.fixture
def says(scripted, scripted_account, raw):
    """Return the account, after making its supplier say something."""

    def says(*answers):
        steps = [one if isinstance(one, str | bytes) else json.dumps(one) for one in answers]
        scripted.answers(*(raw(step) for step in steps))
        return scripted_account

    return says


@pytest.fixture
def listed(says):
    """Return the one activation of an active list of one row."""

    def listed(row):
        [activation] = says({"status": "success", "activeActivations": [row]}).active()
        return activation

    return listed


@pytest.mark.parametrize(
    "shape",
    [
        {"status": "success", "activeActivations": [ROW]},
        {"status": "success", "data": [ROW]},
        {"status": "success", "activeActivations": {"rows": [ROW]}},
        [ROW],
    ],
    ids=["classic", "data", "rows", "bare"],
)
def test_every_shape_of_the_active_list_is_read(shape, says):
    [activation] = says(shape).active()

    assert activation.reference == "635468024"
    assert activation.state is ActivationState.WAITING
    assert activation.goods == Goods("wa", "6")
    assert activation.phone_number == "+6281234567890"
    assert activation.cost == 2500
    assert activation.started_at == datetime(2026, 11, 22, 13, tzinfo=UTC)


@pytest.mark.parametrize(
    "answer", ["NO_ACTIVATIONS", [], {"activeActivations": []}, {"error": "NO_ACTIVATIONS"}]
)
def test_no_activations_is_an_empty_list(answer, says):
    assert says(answer).active() == []


@pytest.mark.parametrize("answer", ["<html>", "{}", '{"status":"success"}', "NO_ACTIVATION", ""])
def test_an_active_list_that_cannot_be_read_is_not_an_empty_one(answer, says):
    with pytest.raises(OutcomeUnknown):
        says(answer).active()


def test_one_broken_row_does_not_hide_the_others(says):
    rows: list[object] = [
        None,
        {},
        {"activationId": None},
        {"activationId": {}},
        {"activationId": "a b"},
        ROW,
    ]

    assert [one.reference for one in says(rows).active()] == ["635468024"]


def test_rows_with_broken_values_are_still_known_by_their_id(listed):
    activation = listed({"activationId": 5, "activationTime": "yesterday", "phoneNumber": "-"})

    assert activation.reference == "5"
    assert (activation.goods, activation.cost, activation.started_at) == (None, None, None)
    assert activation.phone_number == ""


def test_local_times_become_utc(scripted, raw):
    scripted.answers(raw(json.dumps([ROW])))
    options = {"utc_offset_minutes": "180"}

    [activation] = open_supplier(
        "smsactivate", Credentials(scripted.url, "k", options=options)
    ).active()

    assert activation.started_at == datetime(2026, 11, 22, 10, tzinfo=UTC)


def test_a_code_in_the_list_is_a_message(listed):
    activation = listed(GOT_CODE)

    assert activation.state is ActivationState.RECEIVED
    [message] = activation.messages
    assert (message.code, message.text) == ("123456", "Your code is 123456")
    assert message.message_id == ""


@pytest.mark.parametrize("code", ["123456", 123456])
def test_a_code_outside_a_list_is_read(code, listed):
    assert listed({**GOT_CODE, "smsCode": code}).messages[0].code == "123456"


def test_text_without_a_code_is_delivered_with_what_looks_like_one(listed):
    [message] = listed({**ROW, "smsText": "G-123456 is your code"}).messages
    assert (message.code, message.text) == (None, "G-123456 is your code")

    [message] = listed({**ROW, "smsText": "Use 4711 to sign in"}).messages
    assert (message.code, message.text) == ("4711", "Use 4711 to sign in")


def test_the_list_does_not_report_an_old_code_while_waiting_for_another(listed):
    activation = listed({**GOT_CODE, "activationStatus": "3"})

    assert activation.state is ActivationState.WAITING
    assert activation.messages == ()


def test_a_second_code_is_the_newest_message(listed):
    row = {**ROW, "smsCode": ["111111", "222222"], "smsText": "Your code is 222222"}

    assert [one.code for one in listed(row).messages] == ["222222"]


def test_each_code_with_its_own_text_is_a_message(listed):
    row = {**ROW, "smsCode": ["111111", "222222"], "smsText": ["It is 111111", "It is 222222"]}

    assert [one.code for one in listed(row).messages] == ["111111", "222222"]


def test_the_same_message_twice_is_one(listed):
    row = {**ROW, "smsCode": ["111111"] * 2, "smsText": ["It is 111111"] * 2}

    assert len(listed(row).messages) == 1


@pytest.mark.parametrize(
    ("numeral", "state"),
    [
        ("2", ActivationState.RECEIVED),
        (3, ActivationState.WAITING),
        (4, ActivationState.WAITING),
        ("6", ActivationState.FINISHED),
        ("8", ActivationState.CANCELLED),
        (10, ActivationState.CANCELLED),
        ("99", ActivationState.WAITING),
    ],
)
def test_the_lists_numerals_are_states(numeral, state, listed):
    assert listed({**ROW, "activationStatus": numeral}).state is state


def test_text_a_database_would_refuse_is_cleaned(listed):
    [message] = listed({**ROW, "smsCode": ["1234"], "smsText": "a\x00b \ud800 1234"}).messages

    assert message.text == "ab ? 1234"


def test_a_code_comes_with_the_whole_text(says, scripted):
    account = says("STATUS_OK:123456", "FULL_SMS:Dear you: the code\nis 123456")

    activation = account.status("1", now=datetime.now(UTC))

    [message] = activation.messages
    assert (message.code, message.text) == ("123456", "Dear you: the code\nis 123456")
    assert scripted.actions() == ["getStatus", "getFullSms"]


def test_an_unknown_activation_does_not_prove_that_nothing_came(says):
    with pytest.raises(OutcomeUnknown):
        says("NO_ACTIVATION").closed_messages("1")


def test_a_clone_that_tells_nothing_of_the_past_is_no_failure(says):
    assert list(says("BAD_ACTION").closed_messages("1")) == []


@pytest.mark.parametrize("answer", ["BAD_ACTION", "STATUS_OK:123456"])
def test_without_a_text_the_code_alone_is_delivered(answer, says, now):
    [message] = says("STATUS_OK:123456", answer).status("1", now=now).messages

    assert (message.code, message.text) == ("123456", "")


@pytest.mark.parametrize("answer", ["", "<html>", "ERROR_SQL", "RATE_LIMIT", "NO_ACTIVATION"])
def test_a_broken_text_is_asked_for_again(answer, says, now):
    """Delivering the code alone now would make the text look like a second message later."""
    with pytest.raises(SupplierError):
        says("STATUS_OK:123456", answer).status("1", now=now)


def test_a_sentence_in_the_codes_place_is_the_text(says, now):
    account = says("STATUS_OK:Use 4711 to sign in", "BAD_ACTION")

    [message] = account.status("1", now=now).messages

    assert (message.code, message.text) == ("4711", "Use 4711 to sign in")


def test_a_parted_code_is_put_together(says, now):
    [message] = (
        says("STATUS_OK:123 456", "FULL_SMS:Codes: 123 456, 99999").status("1", now=now).messages
    )

    assert (message.code, message.text) == ("123456", "Codes: 123 456, 99999")


def test_the_old_code_after_a_resend_is_not_news(says, now):
    activation = says("STATUS_WAIT_RETRY:123456").status("1", now=now)

    assert activation.state is ActivationState.WAITING
    assert activation.messages == ()


@pytest.mark.parametrize("answer", ["", "<html>", "{}", "[]", "STATUS_OK", "STATUS_NEW", "error"])
def test_a_state_that_cannot_be_read_is_none(answer, says, now):
    with pytest.raises(OutcomeUnknown):
        says(answer).status("1", now=now)


def test_a_cancel_too_early_says_how_long_the_lock_may_last(says, now):
    assert says("EARLY_CANCEL_DENIED").cancel("1", now=now).retry_after_seconds == 120


def test_finishing_what_is_finished_is_fine(says, scripted, now):
    says("BAD_STATUS", "STATUS_CANCEL").finish("1", now=now)

    assert scripted.actions() == ["setStatus", "getStatus"]


def test_finishing_what_has_no_code_is_refused(says, now):
    with pytest.raises(Refused) as refusal:
        says("BAD_STATUS", "STATUS_WAIT_CODE").finish("1", now=now)

    assert refusal.value.reason is RefusalReason.BAD_REQUEST


@pytest.mark.parametrize("word", ["BAD_STATUS", "NO_ACTIVATION", "STATUS_CANCEL", "ALREADY_FINISH"])
def test_a_resend_in_the_wrong_state_is_refused(word, says, now):
    with pytest.raises(Refused) as refusal:
        says(word).resend("1", now=now)

    assert refusal.value.reason is RefusalReason.BAD_REQUEST


@pytest.mark.parametrize(
    ("answer", "minor"),
    [("123.45", 1_234_500), ("0", 0), ("0.12345", 1235), ("-0.35", 0), ("100000", 10**9)],
)
def test_the_balance_is_in_minor_units(answer, minor, says):
    assert says(f"ACCESS_BALANCE:{answer}").balance() == minor


@pytest.mark.parametrize("answer", ["ACCESS_BALANCE:NaN", "ACCESS_BALANCE:", "12.5", "<html>"])
def test_a_balance_that_cannot_be_read_is_none(answer, says):
    with pytest.raises(OutcomeUnknown):
        says(answer).balance()


def test_costs_may_be_strings_and_lines_that_make_no_sense_are_left_out(says):
    prices = {
        "6": {
            "wa": {"cost": "0.2512", "count": "17"},
            "tg": {"cost": 0.1, "count": 3, "physicalCount": 1},
            "a": {"cost": -1, "count": 1},
            "b": {"cost": "NaN", "count": 1},
            "c": {"cost": 0, "count": 1},
            "d": {"cost": 10**9, "count": 1},
            "e": {"cost": 1},
            "f": {"cost": 1, "count": "many"},
            "g": [],
            "h": None,
        },
        "7": [],
    }

    assert list(says(prices).listings()) == [
        Listing(Goods("wa", "6"), 2512, 17),
        Listing(Goods("tg", "6"), 1000, 3),
    ]


@pytest.mark.parametrize("answer", ["{}", "[]"])
def test_no_prices_is_an_empty_list(answer, says):
    assert list(says(answer).listings()) == []


def test_a_broken_price_list_fails_before_its_first_line(says):
    with pytest.raises(OutcomeUnknown):
        next(says('{"6": {"wa": {"cost": 0.1, "cou').listings())


def large(countries: int = 60, services: int = 60) -> str:
    """A price list that is no small answer."""
    line = {"cost": 0.25, "count": 17}
    prices = {
        str(country): {f"s{number}": line for number in range(services)}
        for country in range(countries)
    }
    text = json.dumps(prices)
    assert len(text) > transport.SMALL_ANSWER * 3 // 2
    return text


def test_a_large_price_list_is_read_to_its_end(says):
    lines = list(says(b"\xef\xbb\xbf \n" + large().encode()).listings())

    assert len(lines) == len(set(lines)) == 60 * 60
    assert lines[0] == Listing(Goods("s0", "0"), 2500, 17)
    assert lines[-1] == Listing(Goods("s59", "59"), 2500, 17)


def test_a_large_price_list_that_breaks_off_is_none(says):
    account = says(large()[:-1_000])

    with pytest.raises(OutcomeUnknown):
        list(account.listings())


@pytest.mark.parametrize("text", ["<html>", "[", '{"1": NaN, "2": {'])
def test_what_is_large_and_no_price_list_is_refused(says, text):
    account = says(text + large())

    with pytest.raises(OutcomeUnknown) as failure:
        list(account.listings())

    assert "secret" not in str(failure.value)


def test_large_numbers_and_odd_letters_in_a_large_list_spoil_their_line_only(says):
    odd = b'{"99": {"\xff": {"cost": 1e400, "count": 1}, "ok": {"cost": "0.1", "count": 1}}, '

    lines = list(says(odd + large().encode()[1:]).listings())

    assert lines[0] == Listing(Goods("ok", "99"), 1000, 1)
    assert len(lines) == 60 * 60 + 1


def test_an_item_without_end_is_not_kept(says, monkeypatch):
    monkeypatch.setattr(reading, "_LARGEST_ITEM", 100_000)
    endless = '{"1": {' + ", ".join(f'"s{n}": {{"cost": 1, "count": 1}}' for n in range(20_000))

    with pytest.raises(OutcomeUnknown, match="without end"):
        list(says(endless).listings())


def test_a_list_beyond_every_cap_is_left(says, monkeypatch):
    monkeypatch.setattr(transport, "ENDLESS_ANSWER", 2 * transport.SMALL_ANSWER)

    with pytest.raises(OutcomeUnknown, match="larger than"):
        list(says(large(600, 60)).listings())


def test_countries_come_as_object_or_list(says):
    row = {"id": 6, "rus": "Индонезия", "eng": "Indonesia"}

    assert says({"6": row}).countries() == [NamedCode("6", "Indonesia")]
    assert says([row]).countries() == [NamedCode("6", "Indonesia")]


def test_services_come_as_object_or_list(says):
    row = {"code": "wa", "name": "WhatsApp"}

    assert says({"status": "success", "services": [row]}).services() == [
        NamedCode("wa", "WhatsApp")
    ]
    assert says([row]).services() == [NamedCode("wa", "WhatsApp")]
    with pytest.raises(OutcomeUnknown):
        says({"status": "success"}).services()
