"""The client `fivesim` of PyPI, as it is, buys from the simulator of 5sim."""

from __future__ import annotations

import pytest
from fivesim.api import GuestAPI, UserAPI
from fivesim.enums import ActivationProduct, Category, Country, Operator, OrderAction, Status
from fivesim.errors import ErrorType, FiveSimError


@pytest.fixture
def simulator(simulators):
    return simulators.get("fivesim")


@pytest.fixture
def user(simulator):
    return pointed_at(UserAPI(simulator.api_key), f"{simulator.url}/user/")


@pytest.fixture
def guest(simulator):
    return pointed_at(GuestAPI(simulator.api_key), f"{simulator.url}/guest/")


@pytest.fixture
def buy(user):
    def buy(product=ActivationProduct.WHATSAPP):
        return user.buy_number(Country.INDONESIA, Operator.ANY_OPERATOR, product)

    return buy


def pointed_at(client, url):
    client._APIRequest__endpoint = url
    return client


def why(ask) -> ErrorType:
    with pytest.raises(FiveSimError) as error:
        ask()
    return error.value.get_error()


def test_it_reads_balance_and_catalogue(user, guest):
    assert user.get_profile_data().balance == 1_000_000
    countries = guest.get_countries()
    assert (countries[Country.INDONESIA].iso, countries[Country.INDONESIA].prefix) == ("id", "+62")
    products = guest.get_products(Country.INDONESIA, Operator.ANY_OPERATOR)
    assert ActivationProduct.WHATSAPP in products
    prices = guest.get_prices(country=Country.INDONESIA)
    assert prices[Country.INDONESIA][ActivationProduct.WHATSAPP][Operator.VIRTUAL21].price > 0


def test_it_buys_and_gets_codes(user, buy, simulator):
    order = buy()
    assert (order.status, order.sms) == (Status.RECEIVED, None)
    assert order.expires_at > order.created_at

    simulator.deliver(str(order.id), code="4711")
    simulator.deliver(str(order.id), code="0815")

    checked = user.order(OrderAction.CHECK, order)
    assert [sms.activation_code for sms in checked.sms] == ["4711", "0815"]
    assert [sms.activation_code for sms in user.get_sms_inbox_list(order)] == ["4711", "0815"]
    assert user.order(OrderAction.FINISH, order).status is Status.FINISHED


def test_it_lists_what_was_bought(user, buy):
    orders = [buy(), buy()]

    history = user.get_orders_history(Category.ACTIVATION, 10, 0, "id", True)

    assert [order.id for order in history.data] == [orders[1].id, orders[0].id]


def test_it_cancels_and_bans(user, buy):
    assert user.order(OrderAction.CANCEL, buy()).status is Status.CANCELED
    assert user.order(OrderAction.BAN, buy()).status is Status.BANNED


def test_it_is_told_why_not(user, buy, simulator):
    order = buy()
    simulator.control(cancel_lock_s=120)
    assert why(lambda: user.order(OrderAction.CANCEL, order)) is ErrorType.OTHER
    simulator.deliver(str(order.id))
    assert why(lambda: user.order(OrderAction.CANCEL, order)) is ErrorType.ORDER_HAS_SMS
    simulator.control(balance="0")
    assert why(buy) is ErrorType.BALANCE_TOO_LOW
    simulator.control(stock=0)
    assert why(buy) is ErrorType.NO_FREE_PHONES
    simulator.reset()
    order = order._replace(id=1)
    assert why(lambda: user.order(OrderAction.CHECK, order)) is ErrorType.ORDER_NOT_FOUND
    stranger = pointed_at(UserAPI("wrong"), f"{simulator.url}/user/")
    assert why(stranger.get_profile_data) is ErrorType.INVALID_API_KEY
