"""The client `grizzly-sms-client` of PyPI, as it is, at the root of the grizzly dialect."""

from __future__ import annotations

import threading

import pytest
from django.db import connection
from grizzly_sms import GrizzlySms, GrizzlySmsError

from tests import cast
from tests.orders.handler.conftest import COUNTRY, SERVICE


@pytest.fixture
def open_client(shop):
    opened = []

    def open_client(key):
        opened.append(GrizzlySms(key, base_url=shop.grizzly_root))
        return opened[-1]

    yield open_client
    for client in opened:
        client.close()


@pytest.fixture
def client(open_client, key):
    return open_client(key)


def buy(client, **options):
    return client.get_number(SERVICE, country=COUNTRY, **options)


def soon(shop, number, code):
    """Deliver beside a client that waits."""

    def work():
        try:
            shop.deliver(number, code)
        finally:
            connection.close()

    threading.Timer(0.3, work).start()


def wait(client, number):
    return client.wait_for_code(number, interval_ms=100, timeout_ms=20_000).code


def test_it_reads_balance_and_catalogue(client):
    assert client.get_balance() == 1_000_000
    names = {country.id: country.eng for country in client.get_countries()}
    assert names[int(COUNTRY)] == "Indonesia"
    assert (SERVICE, "WhatsApp") in {(one.code, one.name) for one in client.get_services()}
    where = {"service": SERVICE, "country": COUNTRY}
    [quote] = client.find_prices(**where, min_count=1)
    ladder = client.get_prices_v2(**where)[COUNTRY][SERVICE]
    assert sum(ladder.values()) == quote.count
    assert min(map(float, ladder)) == quote.cost
    providers = client.get_prices_v3(**where)[COUNTRY][SERVICE]
    assert providers["alpha"]["price"] == quote.cost
    assert client.get_prices()[COUNTRY][SERVICE]["cost"] == quote.cost


def test_it_waits_for_two_codes(client, shop):
    ordered = buy(client)
    number = ordered.activation_id
    assert ordered.phone_number.startswith("62")
    assert client.get_status(number).status == "STATUS_WAIT_CODE"
    assert client.ready(number) == "ACCESS_READY"
    assert client.request_another_code(number) == "ACCESS_RETRY_GET"
    assert client.get_status_v2(number)["sms"] is None

    soon(shop, number, "4711")

    assert wait(client, number) == "4711"
    assert "4711" in client.get_status_v2(number)["sms"]["text"]
    assert client.request_another_code(number) == "ACCESS_RETRY_GET"
    soon(shop, number, "0815")
    assert wait(client, number) == "0815"
    [active] = client.get_active_activations()
    assert (active.activation_id, active.sms_code) == (number, "0815")
    assert client.complete(number) == "ACCESS_ACTIVATION"
    assert client.call("getHistory")[0]["status"] == "6"


@pytest.mark.parametrize("status", [8, -1])
def test_it_lists_and_cancels(status, client, shop, alice):
    before = cast.balance(alice)
    ordered = client.get_number_v2(SERVICE, country=COUNTRY, max_price=100_000)
    assert ordered.activation_end
    assert ordered.activation_cancel
    [active] = client.get_active_activations()
    assert (active.activation_id, active.service_code) == (ordered.activation_id, SERVICE)

    shop.unlock(ordered.activation_id)
    assert client.cancel(ordered.activation_id, status) == "ACCESS_CANCEL"

    assert client.get_active_activations() == []
    assert cast.balance(alice) == before
    with pytest.raises(GrizzlySmsError) as error:
        client.wait_for_code(ordered.activation_id)
    assert error.value.code == "STATUS_CANCEL"


def test_it_takes_any_country(client):
    cheapest = client.find_prices(service=SERVICE, min_count=1)[0]

    ordered = client.get_number_v2(SERVICE, country="any")

    assert ordered.activation_cost == cheapest.cost


def test_it_chooses_providers(client):
    assert buy(client, provider_ids=["alpha"]).activation_id
    with pytest.raises(GrizzlySmsError) as error:
        buy(client, except_provider_ids=["alpha"])
    assert error.value.code == "NO_NUMBERS"


def test_it_is_told_why_not(client, open_client, shop, poor_key, wrong_key):
    def why(call):
        with pytest.raises(GrizzlySmsError) as error:
            call()
        return error.value.code

    assert why(lambda: buy(client, max_price=0.01)) == "NO_NUMBERS"
    assert why(lambda: client.get_number("zz9", country=COUNTRY)) == "BAD_SERVICE"
    assert why(lambda: client.get_number(SERVICE, country="9999")) == "BAD_COUNTRY"
    assert why(lambda: client.get_status(10**9)) == "NO_ACTIVATION"
    assert why(lambda: buy(open_client(poor_key))) == "NO_BALANCE"
    assert why(open_client(wrong_key).get_balance) == "BAD_KEY"
    number = buy(client).activation_id
    # No word of this client's; it raises all the same, and says what the shop said.
    with pytest.raises(GrizzlySmsError, match="EARLY_CANCEL_DENIED"):
        client.cancel(number)
    shop.sells_nothing()
    assert why(lambda: buy(client)) == "NO_NUMBERS"
