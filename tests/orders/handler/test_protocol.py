"""The bare protocol: every action, by query and by form, with and without `.php`."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client

from accounts.models import Mode, User
from catalog.models import Offer
from orders.handler.table import ACTIONS, SET_STATUS
from orders.models import Order, OrderMessage
from suppliers.simulator.remote import RemoteSimulator
from tests import cast
from tests.orders.handler.calling import PATHS, Door, checked
from tests.orders.sweeps import poll_all

pytestmark = pytest.mark.usefixtures("committed", "simulator")

GOODS = {"service": "wa", "country": "6"}
# What each action answers about alice's order {id}, which has got the code 4711.
ANSWERS: dict[str, tuple[dict[str, Any], Any]] = {
    "getBalance": ({}, "ACCESS_BALANCE:991200.00"),
    "getBalanceAndCashBack": ({}, "ACCESS_BALANCE:991200.00"),
    "getCountries": ({}, lambda said: said["6"]["eng"] == "Indonesia" and said["6"]["id"] == 6),
    "getServicesList": ({}, lambda said: {"code": "wa", "name": "WhatsApp"} in said["services"]),
    "getOperators": ({"country": "6"}, lambda said: "any" in said["countryOperators"]["6"]),
    "getNumbersStatus": ({"country": "6"}, lambda said: said["wa"] > 0),
    "getPrices": (GOODS, lambda said: said["6"]["wa"]["cost"] == 8800),
    "getPricesV2": (GOODS, lambda said: said["6"]["wa"]["8800"] > 0),
    "getPricesV3": (GOODS, lambda said: said["6"]["wa"]["alpha"]["price"] == 8800),
    "getPricesExtended": (GOODS, lambda said: said["6"]["wa"]["freePriceMap"]["8800"] > 0),
    "getPricesVerification": (GOODS, lambda said: said["wa"]["6"]["price"] == 8800),
    "getTopCountriesByService": (GOODS, lambda said: said["6"]["price"] == 8800),
    "getTopCountriesByServiceRank": (GOODS, lambda said: said["6"]["retail_price"] == 8800),
    "getListOfTopCountriesByService": (GOODS, lambda said: said[0].keys() >= {"country", "rate"}),
    "getNumber": (GOODS, lambda said: said.startswith("ACCESS_NUMBER:")),
    "getNumberV2": (GOODS, lambda said: said["countryCode"] == "6" and said["currency"] == 360),
    "getStatus": ({"id": "{id}"}, "STATUS_OK:4711"),
    "getStatusV2": ({"id": "{id}"}, lambda said: said["sms"]["code"] == "4711"),
    "getFullSms": ({"id": "{id}"}, lambda said: said.startswith("FULL_SMS:") and "4711" in said),
    "getAllSms": ({"id": "{id}"}, lambda said: [each["code"] for each in said["data"]] == ["4711"]),
    "getActiveActivations": ({}, lambda said: said["data"] == said["activeActivations"] != []),
    "getHistory": ({}, lambda said: said[0]["status"] == "2" and said[0]["cost"] == 8800),
    "finishActivation": ({"id": "{id}"}, "ACCESS_ACTIVATION"),
    "cancelActivation": ({"id": "{id}"}, "BAD_STATUS"),
    "setStatus": ({"id": "{id}", "status": "3"}, "ACCESS_RETRY_GET"),
}
WAYS = ["GET", "POST in the query", "POST a form", "POST parts", "half and half"]


@pytest.fixture
def door(alice: User) -> Door:
    return Door(cast.key_for(alice))


@pytest.fixture
def received(alice: User, simulator: RemoteSimulator) -> Order:
    """Alice's order with the code 4711."""
    order = cast.buy(alice)
    simulator.deliver(cast.attempt_of(order).reference, code="4711")
    poll_all()
    order.refresh_from_db()
    return order


def call(way: str, path: str, params: dict[str, Any]) -> Any:
    client, query = Client(enforce_csrf_checks=True), urlencode(params)
    form = "application/x-www-form-urlencoded"
    match way:
        case "GET":
            response = client.get(f"{path}?{query}")
        case "POST in the query":
            response = client.generic("POST", f"{path}?{query}", content_type="text/plain")
        case "POST a form":
            response = client.post(path, query, content_type=form)
        case "POST parts":
            response = client.post(path, params)
        case _:
            key = params.pop("api_key")
            response = client.post(f"{path}?api_key={key}", urlencode(params), content_type=form)
    return checked(response.status_code, dict(response.items()), response.content)


def test_every_action_is_asked_for() -> None:
    assert set(ANSWERS) == {*ACTIONS, "setStatus"}
    assert set(SET_STATUS) == {"1", "3", "6", "8", "-1"}


@pytest.mark.parametrize("action", ANSWERS)
def test_an_action(action: str, door: Door, received: Order) -> None:
    params, expected = ANSWERS[action]
    filled = {name: value.format(id=received.pk) for name, value in params.items()}

    said = door(action, **filled, nonsense="1")

    assert said.status == 200
    if isinstance(expected, str):
        assert said.word == expected
    else:
        is_json = said.headers["content-type"] == "application/json"
        assert expected(said.json if is_json else said.word), said.text


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("ending", ["handler_api.php", "handler_api", "handler_api.php/"])
@pytest.mark.parametrize("mount", ["/stubs/", "/hero/stubs/", "/grizzly/stubs/"])
def test_every_way_to_ask(way: str, ending: str, mount: str, door: Door) -> None:
    said = call(way, mount + ending, {"api_key": door.key, "action": "getBalance"})

    assert (said.status, said.word) == (200, "ACCESS_BALANCE:1000000.00")


def test_what_is_bought_in_detail(door: Door) -> None:
    said = door("getNumberV2", **GOODS, maxPrice="8800", operator="any").json

    order = Order.objects.get()
    assert said == {
        "activationId": order.pk,
        "phoneNumber": order.phone_number.lstrip("+"),
        "activationCost": 8800,
        "currency": 360,
        "countryCode": "6",
        "countryPhoneCode": 62,
        "serviceCode": "wa",
        "canGetAnotherSms": "1",
        "activationTime": f"{order.created_at:%Y-%m-%d %H:%M:%S}",
        "activationCancel": f"{order.cancel_available_at:%Y-%m-%d %H:%M:%S}",
        "activationEnd": f"{order.expires_at:%Y-%m-%d %H:%M:%S}",
        "activationEndTime": f"{order.expires_at:%Y-%m-%d %H:%M:%S}",
        "activationOperator": "any",
    }


def test_one_and_three_are_tolerated_while_it_waits(door: Door, alice: User) -> None:
    order = cast.buy(alice)

    assert door("setStatus", id=order.pk, status=1).word == "ACCESS_READY"
    assert door("setStatus", id=order.pk, status=3).word == "ACCESS_RETRY_GET"
    assert door("getStatus", id=order.pk).word == "STATUS_WAIT_CODE"
    assert door("getStatusV2", id=order.pk).json == {
        "verificationType": 0,
        "sms": None,
        "call": None,
    }
    assert door("setStatus", id=order.pk, status=6).word == "BAD_STATUS"


def test_a_number_that_gets_no_other_code_does_not_pretend(door: Door, received: Order) -> None:
    Order.objects.filter(pk=received.pk).update(can_resend=False)

    assert door("setStatus", id=received.pk, status=3).word == "BAD_STATUS"
    assert door("getStatus", id=received.pk).word == "STATUS_OK:4711"


def test_the_end(door: Door, received: Order) -> None:
    assert door("setStatus", id=received.pk, status=6).word == "ACCESS_ACTIVATION"

    assert door("getStatus", id=received.pk).word == "STATUS_CANCEL"
    for status in (1, 3, 6, 8, -1):
        assert door("setStatus", id=received.pk, status=status).word == "BAD_STATUS"
    # What was paid for can still be read.
    assert door("getStatusV2", id=received.pk).json["sms"]["code"] == "4711"
    assert "4711" in door("getFullSms", id=received.pk).word
    assert door("getActiveActivations").json["data"] == []


@pytest.mark.parametrize(
    ("code", "text", "expected"),
    [
        ("12:34", "", "12 34"),
        ("12\n34", "", "12 34"),
        (None, "Kode: 4711,\nref 22", "4711"),
        (None, "call 12 or 34", "1234"),
        (None, "Ikuti tautan: a:b\nini", "Ikuti tautan a b ini"),
        ("ABC-123", "", "ABC-123"),
    ],
)
def test_a_code_is_one_word(
    code: str | None, text: str, expected: str, door: Door, received: Order
) -> None:
    OrderMessage.objects.filter(order=received).update(code=code, text=text)

    assert door("getStatus", id=received.pk).text == f"STATUS_OK:{expected}"


def test_others_orders_are_not_found(door: Door, bob: User, received: Order) -> None:
    stranger, sandbox = Door(cast.key_for(bob)), Door(cast.key_for(bob, mode=Mode.SANDBOX))
    same_owner = Door(cast.key_for(received.user, mode=Mode.SANDBOX))

    for other in (stranger, sandbox, same_owner):
        for action in ("getStatus", "getStatusV2", "getFullSms", "getAllSms", "cancelActivation"):
            assert other(action, id=received.pk).word == "NO_ACTIVATION"
        assert other("setStatus", id=received.pk, status=6).word == "NO_ACTIVATION"
        assert other("getHistory").json == []
    assert door("getStatus", id=received.public_id).word == "NO_ACTIVATION"


def test_pages_and_spans_of_the_history(door: Door, alice: User) -> None:
    for _ in range(3):
        cast.order_row(alice)
    cast.order_row(alice, "cancelled", refund_amount=1_000)
    cast.order_row(alice, "failed", phone_number="")

    rows = door("getHistory").json
    assert [(row["status"], row["cost"]) for row in rows] == [("8", 0), *[("6", 1000)] * 3]
    assert door("getHistory", offset=1, limit=2).json == rows[1:3]
    assert door("getHistory", size=1).json == rows[:1]
    assert door("getHistory", start=0, end=1000).json == []
    assert len(door("getHistory", start="2026-01-01", end="2026-01-02").json) == 0
    for wrong in ({"start": "x"}, {"start": 1, "end": 10**10}, {"start": 10**30}, {"end": 0}):
        said = door("getHistory", **wrong)
        assert said.text in {"WRONG_DATE", "[]"}, wrong


def test_what_is_on_sale_everywhere(door: Door) -> None:
    table = door("getPrices").json

    offers = Offer.objects.filter(supplier__code="alpha", stock__gt=0, price__isnull=False)
    goods = {(offer.country_id, offer.service_id) for offer in offers}
    assert sum(len(services) for services in table.values()) == len(goods)
    assert json.loads(door("getPricesV3").text).keys() == table.keys()
    assert door("getPricesV2", service="wa").json.keys() <= table.keys()
    assert door("getPrices", service="wa", country="0").json in ({}, {"0": table["0"]["wa"]}) or (
        "wa" in table["0"]
    )


def test_only_goods_that_are_asked_for(door: Door) -> None:
    assert door("getNumber", **GOODS, operator="nobody").word == "NO_NUMBERS"
    assert door("getNumber", **GOODS, forward="1").word == "NO_NUMBERS"
    assert door("getNumber", **GOODS, activationType="2").word == "NO_NUMBERS"
    assert door("getNumber", **GOODS, exceptProviderIds="alpha,beta").word == "NO_NUMBERS"
    assert not Order.objects.exists()
    plain = {"forward": "0", "activationType": "0", "verification": "false", "operator": ""}
    assert door("getNumber", **GOODS, **plain, ref="x").word.startswith("ACCESS_NUMBER:")


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        ("8799.99", "NO_NUMBERS"),
        ("0", "NO_NUMBERS"),
        ("-5", "NO_NUMBERS"),
        ("", "ERROR_SQL"),
        ("abc", "ERROR_SQL"),
        ("NaN", "ERROR_SQL"),
        ("Infinity", "ERROR_SQL"),
        ("1e999999", "ERROR_SQL"),
        ("None", "ERROR_SQL"),
    ],
)
def test_a_limit_that_excludes_everything_buys_nothing(
    limit: str, expected: str, door: Door
) -> None:
    assert door("getNumber", **GOODS, maxPrice=limit).word == expected
    assert not Order.objects.exists()


def test_the_sandbox_too(alice: User) -> None:
    door = Door(cast.key_for(alice, mode=Mode.SANDBOX))

    assert door("getBalance").word.startswith("ACCESS_BALANCE:1000000.")
    assert door("getNumber", service="test-no-numbers", country="6").word == "NO_NUMBERS"
    word, number, _phone = door("getNumber", service="test-resend", country="id").word.split(":")
    assert (word, door("getStatus", id=number).word) == ("ACCESS_NUMBER", "STATUS_WAIT_CODE")
    assert cast.balance(alice) == 1_000_000


def test_other_addresses_are_no_pages(door: Door) -> None:
    for path in ("/stubs/", "/stubs", "/hero/stubs/else", "/grizzly/stubs/handler_api.php/x"):
        response = Client().get(path)
        assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert response.content == b"BAD_ACTION"


def test_all_three_addresses_are_tried() -> None:
    assert len(PATHS) == 3
