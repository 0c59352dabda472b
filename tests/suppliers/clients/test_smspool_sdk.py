"""The client `smspool-sdk` of PyPI, as it is, buys from the simulator of SMSPool."""

from __future__ import annotations

import pytest
from smspool_sdk import (
    ApiClient,
    ApiException,
    Configuration,
    InformationApi,
    PricingApi,
    SMSApi,
)

WHERE = {"service": "WhatsApp", "country": "ID"}


@pytest.fixture
def simulator(simulators):
    return simulators.get("smspool")


@pytest.fixture
def open_api(simulator):
    def open_api(api, key=simulator.api_key):
        return api(ApiClient(Configuration(host=simulator.root, access_token=key)))

    return open_api


@pytest.fixture
def sms(open_api):
    return open_api(SMSApi)


def why(ask):
    with pytest.raises(ApiException) as error:
        ask()
    return error.value.status, error.value.body


def test_it_reads_balance_and_catalogue(open_api, sms):
    information = open_api(InformationApi)
    assert float(information.request_balance()["balance"]) == 1_000_000
    assert "ID" in {country["short_name"] for country in information.country_retrieve_all()}
    assert "WhatsApp" in {service["name"] for service in information.service_retrieve_all()}
    assert information.pool_retrieve_all()
    pricing = open_api(PricingApi)
    rows = pricing.request_pricing(country="ID")
    assert {row["country_name"] for row in rows} == {"Indonesia"}
    assert float(pricing.request_price(**WHERE)["price"]) > 0
    assert sms.sms_stock(**WHERE)["amount"]


def test_it_buys_and_gets_the_code(sms, simulator):
    order = sms.purchase_sms(**WHERE, max_price=100, pricing_option=0)["order_id"]
    assert sms.sms_check(order)["status"] == 1

    simulator.deliver(order, code="4711")

    checked = sms.sms_check(order)
    assert (checked["status"], checked["sms"]) == (3, "4711")
    [listed] = sms.request_active()
    assert (listed["order_code"], listed["status"], listed["code"]) == (order, "completed", "4711")


def test_a_resend_is_a_new_order(sms, simulator):
    order = sms.purchase_sms(**WHERE)["order_id"]
    simulator.deliver(order, code="4711")
    assert float(sms.sms_check_resend(order)["resendCost"]) == 0

    again = sms.sms_resend(order)["order_id"]

    assert again != order
    assert (sms.sms_check(again)["status"], sms.sms_check(order)["status"]) == (1, 3)
    simulator.deliver(again, code="0815")
    assert sms.sms_check(again)["sms"] == "0815"


def test_it_cancels(sms):
    first, second = (sms.purchase_sms(**WHERE)["order_id"] for _ in range(2))

    assert sms.sms_cancel(first)["success"] == 1
    assert sms.sms_check(first)["status"] == 6
    assert sms.sms_cancel_all()["refunded_orders"] == [second]
    statuses = {row["order_code"]: row["status"] for row in sms.request_history(0, 10)}
    assert statuses == {first: "refunded", second: "refunded"}


def test_it_is_told_why_not(sms, simulator, open_api):
    order = sms.purchase_sms(**WHERE)["order_id"]
    status, body = why(lambda: sms.sms_resend(order))
    assert status == 400
    simulator.control(cancel_lock_s=120)
    status, body = why(lambda: sms.sms_cancel(order))
    assert (status, "yet" in body) == (400, True)
    simulator.control(stock=0)
    status, body = why(lambda: sms.purchase_sms(**WHERE))
    assert (status, "OUT_OF_STOCK" in body) == (422, True)
    status, body = why(open_api(InformationApi, "wrong").request_balance)
    assert status == 401
