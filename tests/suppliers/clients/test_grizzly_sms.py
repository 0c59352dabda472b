"""The client `grizzly-sms-client` of PyPI, as it is, buys from the simulator of GrizzlySMS."""

from __future__ import annotations

import pytest
from grizzly_sms import GrizzlySms, GrizzlySmsError


@pytest.fixture
def simulator(simulators):
    return simulators.get("grizzlysms")


@pytest.fixture
def client(simulator):
    with GrizzlySms(simulator.api_key, base_url=simulator.root) as client:
        yield client


@pytest.fixture
def goods(simulators):
    listing = next(one for one in simulators.price_list("grizzlysms") if one.stock)
    simulators.get("grizzlysms")
    return listing.goods


def test_it_reads_balance_and_catalogue(client, goods):
    assert client.get_balance() == 1_000_000
    assert goods.country in {str(country.id) for country in client.get_countries()}
    assert goods.service in {service.code for service in client.get_services()}
    assert client.find_prices(service=goods.service, country=goods.country, min_count=1)
    where = {"service": goods.service, "country": goods.country}
    assert client.get_prices_v2(**where)[goods.country][goods.service]
    providers = client.get_prices_v3(**where)[goods.country][goods.service]
    assert all(one["count"] >= 0 and one["price"] > 0 for one in providers.values())


def test_it_buys_and_gets_the_code(client, goods, simulator):
    ordered = client.get_number(goods.service, country=goods.country)
    assert client.get_status(ordered.activation_id).status == "STATUS_WAIT_CODE"
    client.ready(ordered.activation_id)

    simulator.deliver(ordered.activation_id, code="4711")

    assert client.wait_for_code(ordered.activation_id).code == "4711"
    assert "4711" in client.get_status_v2(ordered.activation_id)["sms"]["text"]
    assert client.request_another_code(ordered.activation_id) == "ACCESS_RETRY_GET"
    simulator.deliver(ordered.activation_id, code="0815")
    assert client.wait_for_code(ordered.activation_id).code == "0815"
    assert client.complete(ordered.activation_id) == "ACCESS_ACTIVATION"


@pytest.mark.parametrize("status", [8, -1])
def test_it_lists_and_cancels(status, client, goods):
    ordered = client.get_number_v2(goods.service, country=goods.country, max_price=100)
    assert ordered.activation_end
    assert ordered.activation_cancel
    [active] = client.get_active_activations()
    assert (active.activation_id, active.service_code) == (ordered.activation_id, goods.service)

    assert client.cancel(ordered.activation_id, status) == "ACCESS_CANCEL"

    assert client.get_active_activations() == []


def test_it_is_told_why_not(client, goods, simulator):
    def why(**limits):
        with pytest.raises(GrizzlySmsError) as error:
            client.get_number(goods.service, country=goods.country, **limits)
        return error.value.code

    assert why(max_price=0.0001) == "WRONG_MAX_PRICE"
    simulator.control(stock=0)
    assert why() == "NO_NUMBERS"
    with (
        GrizzlySms("wrong", base_url=simulator.root) as stranger,
        pytest.raises(GrizzlySmsError) as error,
    ):
        stranger.get_balance()
    assert error.value.code == "BAD_KEY"


def test_it_knows_what_is_prohibited(client, simulators):
    priced = {listing.goods for listing in simulators.price_list("grizzlysms")}
    countries = {goods.country for goods in priced}
    services = {goods.service for goods in priced}
    sold = {(goods.service, goods.country) for goods in priced}
    service, country = next(
        pair for pair in ((s, c) for s in services for c in countries) if pair not in sold
    )

    with pytest.raises(GrizzlySmsError) as error:
        client.get_number(service, country=country)

    assert error.value.code == "SERVICE_PROHIBITED"
