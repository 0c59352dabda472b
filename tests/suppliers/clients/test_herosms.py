"""The client `herosms` of PyPI, as it is, buys from the simulator over HeroSMS's older surface."""

from __future__ import annotations

import asyncio

import pytest
from herosms import HeroSMSClient
from herosms.exceptions import AuthenticationError, ConflictError, InsufficientFundsError
from pydantic import ValidationError

from suppliers.base import CancelOutcome, Credentials
from suppliers.registry import open_supplier


@pytest.fixture
def simulator(simulators):
    """One with both surfaces, over the same books."""
    return simulators.get("herosms")


@pytest.fixture
def account(simulator):
    return open_supplier("herosms", Credentials(simulator.url, simulator.api_key))


@pytest.fixture
def goods(account):
    return next(listing.goods for listing in account.listings() if listing.stock)


@pytest.fixture
def play(simulator):
    """Play a scene with a client, in an event loop of its own."""

    def play(scene, *, key=None):
        async def with_client():
            url = f"{simulator.root}/stubs/handler_api.php"
            async with HeroSMSClient(key or simulator.api_key, base_url=url) as client:
                return await scene(client)

        return asyncio.run(with_client())

    return play


def test_it_reads_balance_and_catalogue(play, goods):
    async def scene(client):
        assert (await client.get_balance()).amount == 1_000_000
        assert goods.country in {str(country.id) for country in await client.get_countries()}
        listed = await client.get_services(response_format="json")
        assert goods.service in {service["code"] for service in listed["services"]}
        prices = await client.get_prices(service=goods.service, country=int(goods.country))
        assert prices[goods.country][goods.service].count

    play(scene)


def test_it_buys_and_gets_codes(play, goods, simulator):
    async def scene(client):
        number = await client.activations.create(
            service=goods.service, country=int(goods.country), max_price=100
        )
        assert number.can_resend
        simulator.deliver(str(number.id), code="4711")
        assert (await number.wait_for_sms(timeout=5)).code == "4711"
        await number.request_sms()
        simulator.deliver(str(number.id), code="0815")
        assert [sms.code for sms in await number.get_all_sms()] == ["4711", "0815"]
        [active] = await client.activations.list_active()
        assert (active.activation_id, active.sms_code) == (number.id, "0815")
        await number.complete()
        [past] = await client.activations.get_history()
        assert (past.id, past.status) == (str(number.id), "6")

    play(scene)


def test_it_sees_what_was_bought_over_the_rest_api(play, goods, account, now):
    bought = account.buy(goods, max_cost=10_000_0000, reference="a", now=now)

    async def scene(client):
        [active] = await client.activations.list_active()
        assert str(active.activation_id) == bought.reference
        await client.activations.cancel(active.activation_id)

    play(scene)
    assert account.cancel(bought.reference, now=now).outcome is CancelOutcome.CLOSED


def test_it_finishes_and_cancels_by_number(play, goods, simulator):
    async def scene(client):
        where = {"service": goods.service, "country": int(goods.country)}
        used = await client.activations.create(**where)
        simulator.deliver(str(used.id))
        with pytest.raises(ConflictError):
            await client.activations.cancel(used.id)
        await client.activations.finish(used.id)
        unused = await client.activations.create(**where)
        await client.activations.cancel(unused.id)
        assert await client.activations.list_active() == []

    play(scene)


def test_it_is_told_why_not(play, goods, simulator):
    where = {"service": goods.service, "country": int(goods.country)}
    simulator.control(balance="0")
    with pytest.raises(InsufficientFundsError):
        play(lambda client: client.activations.create(**where))
    simulator.control(stock=0)
    # Out of stock is a bare word with status 200, which this client takes for an activation.
    with pytest.raises(ValidationError, match="NO_NUMBERS"):
        play(lambda client: client.activations.create(**where))
    with pytest.raises(AuthenticationError):
        play(lambda client: client.get_balance(), key="wrong")
