"""The client `herosms` of PyPI, as it is, at the address of the hero dialect."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from herosms import HeroSMSClient
from herosms.exceptions import (
    ActivationNotFoundError,
    APIError,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    InsufficientFundsError,
    NoNumbersAvailableError,
)
from herosms.sync import SyncHeroSMSClient

from tests.orders.handler.conftest import COUNTRY, SERVICE

WHERE = {"service": SERVICE, "country": int(COUNTRY)}
OPTIONS = {"retry_attempts": 1, "poll_interval": 0.1}


@pytest.fixture
def play(shop, key):
    def run(scene, *, with_key=key):
        async def play():
            async with HeroSMSClient(with_key, base_url=shop.hero_url, **OPTIONS) as client:
                return await scene(client)

        return asyncio.run(play())

    return run


def test_it_reads_balance_and_catalogue(play):
    async def scene(client):
        assert (await client.get_balance()).amount == 1_000_000
        names = {country.id: country.name for country in await client.get_countries()}
        assert names[int(COUNTRY)] == "Indonesia"
        # This client reads services only from a list, which the protocol's others do not.
        listed = await client.get_services(response_format="json")
        assert {"code": SERVICE, "name": "WhatsApp"} in listed["services"]
        prices = await client.get_prices(service=SERVICE, country=int(COUNTRY))
        assert prices[COUNTRY][SERVICE].count
        assert COUNTRY in await client.get_operators(country=int(COUNTRY))
        for by_rank in (False, True):
            top = await client.get_top_countries(service=SERVICE, by_rank=by_rank)
            assert top[COUNTRY]["price"] == prices[COUNTRY][SERVICE].cost

    play(scene)


def test_it_waits_for_two_codes_and_finishes(play, shop):
    async def scene(client):
        number = await client.activations.create(**WHERE, max_price=100_000)
        assert number.can_resend
        assert number.info.currency == 360
        assert number.info.activation_end_time > number.info.activation_time
        first, _ = await asyncio.gather(
            number.wait_for_sms(timeout=20), shop.deliver_soon(number.id, "4711")
        )
        assert first.code == "4711"
        await number.request_sms()
        second, _ = await asyncio.gather(
            number.wait_for_sms(timeout=20), shop.deliver_soon(number.id, "0815")
        )
        assert second.code == "0815"
        assert [sms.code for sms in await number.get_all_sms()] == ["4711", "0815"]
        [active] = await client.activations.list_active()
        assert (active.activation_id, active.sms_code) == (number.id, "0815")
        assert active.activation_status == "2"
        await number.complete()
        assert await client.activations.list_active() == []
        [past] = await client.activations.get_history()
        assert (past.id, past.status) == (str(number.id), "6")
        assert past.cost == number.cost

    play(scene)


def test_it_finishes_and_cancels_by_number(play, shop):
    async def scene(client):
        used = await client.activations.create(**WHERE)
        await shop.deliver_soon(used.id, "4711")
        with pytest.raises(ConflictError) as error:
            await client.activations.cancel(used.id)
        assert error.value.title == "OTP_RECEIVED"
        await client.activations.finish(used.id)
        unused = await client.activations.create(**WHERE)
        await shop.unlock_soon(unused.id)
        await client.activations.cancel(unused.id)
        assert await client.activations.list_active() == []
        with pytest.raises(ConflictError) as error:
            await client.activations.cancel(unused.id)
        assert error.value.title == "ACTIVATION_NOT_ACTIVE"
        assert await client.get_status_v1(unused.id) == "STATUS_CANCEL"

    play(scene)


def test_a_cancel_that_comes_too_early_is_no_success(play):
    async def scene(client):
        number = await client.activations.create(**WHERE)
        with pytest.raises(ConflictError) as error:
            await number.cancel()
        assert error.value.title == "EARLY_CANCEL_DENIED"
        assert not number.is_finished

    play(scene)


def test_it_is_told_why_not(play, shop, poor_key, wrong_key):
    def why(scene, error, **options):
        with pytest.raises(error) as raised:
            play(scene, **options)
        assert isinstance(raised.value, APIError)
        return raised.value.title

    def buy(client):
        return client.activations.create(**WHERE)

    assert why(buy, InsufficientFundsError, with_key=poor_key) == "NO_BALANCE"
    assert why(lambda c: c.get_balance(), AuthenticationError, with_key=wrong_key) == "BAD_KEY"
    assert why(lambda c: c.activations.create(**WHERE, max_price=1), NoNumbersAvailableError) == (
        "NO_NUMBERS"
    )
    assert why(lambda c: c.get_prices(service="zz9"), BadRequestError) == "BAD_SERVICE"
    assert why(lambda c: c.get_status_v1(10**9), ActivationNotFoundError) == "NO_ACTIVATION"
    assert why(lambda c: c.get_rent_availability("wa"), ActivationNotFoundError) == "BAD_ACTION"
    shop.sells_nothing()
    assert why(buy, NoNumbersAvailableError) == "NO_NUMBERS"


def test_the_dialect_may_be_the_keys_instead(shop, alice):
    from accounts.models import Dialect
    from tests import cast

    key = cast.key_for(alice, dialect=Dialect.HERO)

    async def scene():
        async with HeroSMSClient(key, base_url=shop.url, **OPTIONS) as client:
            await client.activations.create(**WHERE, max_price=1)

    with pytest.raises(NoNumbersAvailableError):
        asyncio.run(scene())


def test_its_synchronous_face(shop, key, wrong_key):
    """Each of its calls has an event loop of its own, which no connection may outlive."""
    unkept = httpx.Limits(max_keepalive_connections=0)

    def client(with_key=key):
        return SyncHeroSMSClient(
            with_key,
            base_url=shop.hero_url,
            http_client=httpx.AsyncClient(limits=unkept),
            **OPTIONS,
        )

    assert client().get_balance().amount == 1_000_000
    number = client().activations.create(**WHERE)
    shop.deliver(number.id, "4711")
    waiting = client().activations.attach(number.id)
    assert waiting.wait_for_sms(timeout=5).code == "4711"
    client().activations.attach(number.id).request_sms()
    shop.deliver(number.id, "0815")
    assert [sms.code for sms in client().activations.get_sms(number.id)] == ["4711", "0815"]
    client().activations.finish(number.id)
    [past] = client().activations.get_history()
    assert past.id == str(number.id)
    with pytest.raises(AuthenticationError):
        client(wrong_key).get_balance()
