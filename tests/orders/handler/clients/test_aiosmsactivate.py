"""The client `aiosmsactivate` of PyPI, as it is: it posts, with the parameters in the query."""

from __future__ import annotations

import asyncio

import pytest
from aiosmsactivate import SmsActivate
from aiosmsactivate.exceptions import SmsActivateException
from aiosmsactivate.models import SetActivationStatusResponse
from aiosmsactivate.types import ActivationStatus, SetActivationStatus

from tests.orders.handler.conftest import COUNTRY, SERVICE


@pytest.fixture
def play(shop, key):
    """Run a scene with a client of alice's key, or of another."""

    def run(scene, *, with_key=key):
        return asyncio.run(scene(SmsActivate(with_key, base_url=shop.url)))

    return run


@pytest.fixture
def why_not(play):
    def why(scene, **options):
        with pytest.raises(SmsActivateException) as error:
            play(scene, **options)
        return error.value.code

    return why


async def buy(client, **options):
    return await client.purchase(SERVICE, country=COUNTRY, **options)


def test_it_reads_balance_and_catalogue(play):
    async def scene(client):
        assert await client.get_balance() == 1_000_000
        assert await client.get_balance_and_cashback() == 1_000_000
        assert (await client.get_countries())[COUNTRY]["eng"] == "Indonesia"
        names = {row["code"]: row["name"] for row in (await client.get_service_list())["services"]}
        assert names[SERVICE] == "WhatsApp"
        service = await client.get_service(SERVICE, COUNTRY)
        assert service.price == service.retail_price > 0
        assert int(service.count) == sum(service.free_price_map.values()) > 0
        prices = await client.get_prices(SERVICE, COUNTRY)
        assert prices[COUNTRY][SERVICE]["cost"] == service.price
        by_service = await client.get_prices_verification(SERVICE)
        assert by_service[SERVICE][COUNTRY]["price"] == service.price
        assert (await client.get_count_numbers(COUNTRY, "any"))[SERVICE] == service.count
        assert (await client.get_operators(COUNTRY))["countryOperators"][COUNTRY]
        assert COUNTRY in await client.get_available_countries_by_rank(SERVICE)

    play(scene)


def test_it_waits_for_two_codes(play, shop):
    async def scene(client):
        number = await buy(client, maxPrice=100_000)
        assert number.phone_number.startswith("62")
        assert number.country_code == COUNTRY
        assert number.can_get_another_sms
        assert (await client.get_activation_status(number)).sms is None
        # Having got a code, this client asks for another by itself.
        waiting = client.wait_sms_code(number, timeout=20, per_attempt=0.1)
        code, _ = await asyncio.gather(waiting, shop.deliver_soon(number.activation_id, "4711"))
        assert code == "4711"
        status = await client.get_activation_status_v1(str(number.activation_id))
        assert status == (ActivationStatus.RETRY, "4711")
        assert (await client.get_activation_status(number)).sms is None
        waiting = client.wait_sms_code(number, timeout=20, per_attempt=0.1)
        code, _ = await asyncio.gather(waiting, shop.deliver_soon(number.activation_id, "0815"))
        assert code == "0815"
        [active] = (await client.get_active_activations())["activeActivations"]
        assert active["smsCode"] == ["4711", "0815"]
        await shop.deliver_soon(number.activation_id, "1234")
        assert (await client.get_activation_status(number)).sms.code == "1234"
        done = await client.set_activation_status(
            number.activation_id, SetActivationStatus.COMPLETE
        )
        assert done is SetActivationStatusResponse.ACTIVATED
        status = await client.get_activation_status_v1(str(number.activation_id))
        assert status == (ActivationStatus.CANCEL, None)

    play(scene)


def test_it_buys_with_version_one(play):
    async def scene(client):
        answer = await client.get_number(SERVICE, country=COUNTRY)
        word, number, phone = answer.split(":")
        assert (word, number.isdigit(), phone[:2]) == ("ACCESS_NUMBER", True, "62")

    play(scene)


def test_a_repeated_order_id_buys_once(play, why_not):
    first = play(lambda client: buy(client, orderId="mine-1"))

    assert why_not(lambda client: buy(client, orderId="mine-1")) == "ORDER_ALREADY_EXISTS"
    assert why_not(lambda client: buy(client, orderId="mine-1", maxPrice=90_000)) == (
        "ORDER_ALREADY_EXISTS"
    )
    assert play(lambda client: buy(client, orderId="mine-2")).activation_id != first.activation_id


def test_it_cancels_when_it_may(play, why_not, shop):
    def cancel(number):
        return lambda client: client.set_activation_status(
            number.activation_id, SetActivationStatus.CANCEL
        )

    number = play(buy)
    assert why_not(cancel(number)) == "EARLY_CANCEL_DENIED"
    shop.unlock(number.activation_id)
    assert play(cancel(number)) is SetActivationStatusResponse.CANCEL
    assert why_not(cancel(number)) == "BAD_STATUS"
    status = play(lambda client: client.get_activation_status_v1(str(number.activation_id)))
    assert status == (ActivationStatus.CANCEL, None)


def test_it_is_told_why_not(play, why_not, shop, poor_key, wrong_key):
    assert why_not(buy, with_key=poor_key) == "NO_BALANCE"
    assert why_not(lambda client: client.get_balance(), with_key=wrong_key) == "BAD_KEY"
    assert why_not(lambda client: buy(client, maxPrice=1)) == "NO_NUMBERS"
    assert why_not(lambda client: client.get_history(start=1, end=2**40)) == "WRONG_DATE"
    shop.sells_nothing()
    assert why_not(buy) == "NO_NUMBERS"
    assert play(lambda client: client.get_active_activations())["data"] == []


def test_it_reads_no_list(play):
    """Its check for errors stumbles over every list, such as the history that is documented."""
    with pytest.raises(AttributeError, match="'list' object has no attribute 'get'"):
        play(lambda client: client.get_history())
