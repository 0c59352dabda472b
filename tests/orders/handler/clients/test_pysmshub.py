"""The client `pysmshub` of PyPI, as it is, in both its ways, in the classic dialect."""

from __future__ import annotations

import asyncio
import inspect

import pytest
from pysmshub import AsyncSmsHubApi, Status, SyncSmsHubApi
from pysmshub.exceptions import SmsHubApiException

from tests.orders.handler.conftest import COUNTRY, SERVICE


class Both:
    """The same calls of either client, the asynchronous one's run to their end."""

    def __init__(self, client):
        self._client = client

    def __getattr__(self, name):
        def call(*args, **options):
            answer = getattr(self._client, name)(*args, **options)
            return asyncio.run(answer) if inspect.iscoroutine(answer) else answer

        return call


@pytest.fixture(params=[SyncSmsHubApi, AsyncSmsHubApi], ids=["sync", "async"])
def open_client(request, shop):
    def open_client(key):
        client = request.param(key)
        client.base_url = shop.url
        return Both(client)

    return open_client


@pytest.fixture
def client(open_client, key):
    return open_client(key)


def buy(client):
    return client.get_number(SERVICE, country=COUNTRY)


def test_it_reads_balance_and_catalogue(client):
    assert client.get_balance() == 1_000_000
    row = client.get_prices(service=SERVICE, country=COUNTRY)[COUNTRY][SERVICE]
    assert client.get_numbers_status(country=COUNTRY)[SERVICE] == row["count"]


def test_it_buys_and_gets_two_codes(client, shop):
    number, phone = buy(client)
    assert phone.isdigit()
    assert client.set_status(number, Status.SENT) == "ACCESS_READY"
    assert client.get_status(number) == (Status.WAIT, None)
    shop.deliver(number, "4711")
    assert client.get_status(number) == (Status.SENT, "4711")
    assert client.set_status(number, Status.REPEAT) == "ACCESS_RETRY_GET"
    assert client.get_status(number) == (Status.REPEAT, "4711")
    shop.deliver(number, "0815")
    assert client.get_status(number) == (Status.SENT, "0815")
    assert client.set_status(number, Status.SUCCESS) == "ACCESS_ACTIVATION"
    assert client.get_status(number) == (Status.CANCEL, None)


def test_it_cancels_when_it_may(client, shop):
    number, _phone = buy(client)
    assert client.set_status(number, Status.CANCEL) == "EARLY_CANCEL_DENIED"
    shop.unlock(number)
    assert client.set_status(number, Status.CANCEL) == "ACCESS_CANCEL"
    assert client.get_status(number) == (Status.CANCEL, None)


def test_it_is_told_why_not(client, open_client, shop, poor_key, wrong_key):
    def why(call):
        with pytest.raises(SmsHubApiException) as error:
            call()
        return error.value.response

    assert why(lambda: buy(open_client(poor_key))) == "NO_BALANCE"
    assert why(open_client(wrong_key).get_balance) == "BAD_KEY"
    assert why(lambda: client.get_number("zz9", country=COUNTRY)) == "BAD_SERVICE"
    assert why(lambda: client.get_status(10**9)) == "NO_ACTIVATION"
    shop.sells_nothing()
    assert why(lambda: buy(client)) == "NO_NUMBERS"
