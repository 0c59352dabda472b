"""The client `smsactivate` of PyPI, as it is, buys from the simulator in the classic dialect."""

from __future__ import annotations

import pytest
from smsactivate.api import SMSActivateAPI


@pytest.fixture
def simulator(simulators):
    return simulators.get("smsactivate")


@pytest.fixture
def client(simulator):
    client = SMSActivateAPI(simulator.api_key)
    client._SMSActivateAPI__api_url = simulator.url
    return client


@pytest.fixture
def bought(client, goods):
    return client.getNumberV2(service=goods.service, country=goods.country)


@pytest.fixture
def goods(simulators):
    price_list = simulators.price_list("smsactivate")
    simulators.get("smsactivate")
    return next(listing.goods for listing in price_list if listing.stock)


def test_it_reads_balance_and_catalogue(client, goods):
    assert float(client.getBalance()["balance"]) == 1_000_000
    assert client.getCountries()[goods.country]["eng"]
    prices = client.getPrices(service=goods.service, country=goods.country)
    assert prices[goods.country][goods.service]["count"]
    operators = client.getOperators(country=goods.country)
    assert operators["countryOperators"][goods.country]


def test_it_buys_and_gets_the_code(client, goods, simulator):
    bought = client.getNumber(service=goods.service, country=goods.country)
    number = bought["activation_id"]
    assert bought["phone"]
    assert client.getStatus(id=number) == "STATUS_WAIT_CODE"

    simulator.deliver(str(number), code="4711")

    assert client.getStatus(id=number) == "STATUS_OK:4711"
    assert "4711" in client.getFullSms(id=number)
    assert client.setStatus(id=number, status=3) == "ACCESS_RETRY_GET"
    assert client.getStatus(id=number) == "STATUS_WAIT_RETRY:4711"
    simulator.deliver(str(number), code="0815")
    assert client.setStatus(id=number, status=6) == "ACCESS_ACTIVATION"


def test_it_lists_and_cancels(client, bought):
    [row] = client.getActiveActivations()["activeActivations"]
    assert row["activationId"] == str(bought["activationId"])

    assert client.setStatus(id=bought["activationId"], status=8) == "ACCESS_CANCEL"

    assert client.getStatus(id=bought["activationId"])["error"] == "STATUS_CANCEL"


def test_it_is_told_why_not(client, goods, simulator):
    simulator.control(stock=0)
    assert client.getNumber(service=goods.service, country=goods.country)["error"] == "NO_NUMBERS"
    client.api_key = "wrong"
    assert client.getBalance()["error"] == "BAD_KEY"
