"""The client `smsactivate` of PyPI, as it is, buys from the shop in the classic dialect."""

from __future__ import annotations

import pytest
from smsactivate.api import SMSActivateAPI

from tests import cast
from tests.orders.handler.conftest import COUNTRY, SERVICE


@pytest.fixture
def open_client(shop):
    def open_client(key):
        client = SMSActivateAPI(key)
        client._SMSActivateAPI__api_url = shop.url
        return client

    return open_client


@pytest.fixture
def client(open_client, key):
    return open_client(key)


def buy(client):
    return client.getNumber(service=SERVICE, country=COUNTRY)


def test_it_reads_balance_and_catalogue(client):
    assert client.getBalance() == {"balance": "1000000.00"}
    assert client.getBalanceAndCashBack() == {"balance": "1000000.00"}
    assert client.getCountries()[COUNTRY]["eng"] == "Indonesia"
    row = client.getPrices(service=SERVICE, country=COUNTRY)[COUNTRY][SERVICE]
    assert row["cost"] > 0
    assert row["count"] > 0
    assert client.getNumbersStatus(country=COUNTRY)[SERVICE] == row["count"]
    assert COUNTRY in client.getTopCountriesByService(service=SERVICE)
    assert client.getOperators(country=COUNTRY)["countryOperators"][COUNTRY]


def test_it_buys_and_gets_two_codes(client, shop, alice):
    bought = buy(client)
    number = bought["activation_id"]
    assert str(bought["phone"]).startswith("62")
    assert client.setStatus(id=number, status=1) == "ACCESS_READY"
    assert client.getStatus(id=number) == "STATUS_WAIT_CODE"

    shop.deliver(number, "4711")

    assert client.getStatus(id=number) == "STATUS_OK:4711"
    assert "4711" in client.getFullSms(id=number)
    [active] = client.getActiveActivations()["activeActivations"]
    assert (active["activationId"], active["smsCode"]) == (number, ["4711"])
    assert client.setStatus(id=number, status=3) == "ACCESS_RETRY_GET"
    assert client.getStatus(id=number) == "STATUS_WAIT_RETRY:4711"
    shop.deliver(number, "0815")
    assert client.getStatus(id=number) == "STATUS_OK:0815"
    assert client.setStatus(id=number, status=6) == "ACCESS_ACTIVATION"
    assert client.getStatus(id=number)["error"] == "STATUS_CANCEL"
    price = client.getPrices(service=SERVICE, country=COUNTRY)[COUNTRY][SERVICE]["cost"]
    assert cast.balance(alice) == 1_000_000 - price


def test_it_buys_with_version_two(client):
    bought = client.getNumberV2(service=SERVICE, country=COUNTRY, maxPrice=100_000)

    assert isinstance(bought["activationId"], int)
    assert bought["phoneNumber"].isdigit()
    assert bought["countryCode"] == COUNTRY
    assert client.getStatus(id=bought["activationId"]) == "STATUS_WAIT_CODE"


def test_it_cancels_when_it_may(client, shop, alice):
    number = buy(client)["activation_id"]
    assert client.setStatus(id=number, status=8) == "EARLY_CANCEL_DENIED"
    assert client.getStatus(id=number) == "STATUS_WAIT_CODE"
    assert cast.balance(alice) < 1_000_000

    shop.unlock(number)
    assert client.setStatus(id=number, status=8) == "ACCESS_CANCEL"

    assert client.getStatus(id=number)["error"] == "STATUS_CANCEL"
    assert client.setStatus(id=number, status=8)["error"] == "BAD_STATUS"
    assert cast.balance(alice) == 1_000_000


def test_it_may_not_cancel_what_got_a_code(client, shop):
    number = buy(client)["activation_id"]
    shop.deliver(number)

    assert client.setStatus(id=number, status=8)["error"] == "BAD_STATUS"


def test_it_survives_an_empty_list(client):
    assert client.getActiveActivations()["activeActivations"] == []


def test_it_is_told_why_not(client, open_client, shop, poor_key, wrong_key):
    assert open_client(poor_key).getNumber(SERVICE, country=COUNTRY)["error"] == "NO_BALANCE"
    assert client.getNumber(SERVICE, country=COUNTRY, maxPrice=1)["error"] == "NO_NUMBERS"
    assert client.getNumber("zz9", country=COUNTRY)["error"] == "BAD_SERVICE"
    assert client.getNumber(SERVICE, country=9999)["error"] == "ERROR_SQL"
    assert client.getStatus(id=999_999_999)["error"] == "NO_ACTIVATION"
    assert client.getPrices(service="zz9")["error"] == "BAD_SERVICE"
    assert client.getOperators(country=9999)["error"] == "OPERATORS_NOT_FOUND"
    assert client.getRentList()["error"] == "BAD_ACTION"
    shop.sells_nothing()
    assert buy(client)["error"] == "NO_NUMBERS"
    assert client.getNumberV2(service=SERVICE, country=COUNTRY)["error"] == "NO_NUMBERS"
    for wrong in (wrong_key, "nonsense"):
        assert open_client(wrong).getBalance()["error"] == "BAD_KEY"
    assert open_client("").getBalance()["error"] == "NO_KEY"
