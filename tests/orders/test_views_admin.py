"""The admin: every page opens for staff and for nobody else, and money is only looked at."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import Mode, User
from catalog.models import (
    CountryMapping,
    ExchangeRate,
    Offer,
    PricingRule,
    ServiceMapping,
    Supplier,
)
from orders.actions import poll_supplier
from orders.models import Order, OrderMessage, PurchaseAttempt
from orders.states import Status
from suppliers.simulator.remote import RemoteSimulator
from tests import cast
from wallet.models import LedgerAccount, Transfer

pytestmark = pytest.mark.usefixtures("committed", "simulator")

MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)
READ_ONLY = [Order, PurchaseAttempt, OrderMessage, LedgerAccount, Transfer, Offer]


@pytest.fixture
def desk(client: Client, staff: User) -> Client:
    client.force_login(staff)
    return client


@pytest.fixture
def received(alice: User, alpha: Supplier, simulator: RemoteSimulator) -> Order:
    """An order whose code came."""
    cast.key_for(alice)
    order = cast.buy(alice)
    simulator.deliver(cast.attempt_of(order).reference, code="4711")
    poll_supplier(alpha, now=timezone.now())
    order.refresh_from_db()
    return order


def _address(model: Any, page: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def test_every_model_of_the_shop_is_there() -> None:
    labels = {model._meta.label for model in MODELS}

    assert {"orders.Order", "wallet.Transfer", "catalog.Supplier", "accounts.User"} <= labels
    assert len(labels) >= 17


def test_every_page_opens(desk: Client, received: Order) -> None:
    desk.get(reverse("admin:index"))

    for model in MODELS:
        answer = desk.get(_address(model, "changelist"), {"q": "a"})
        assert answer.status_code == 200, model
        answer = desk.get(_address(model, "add"))
        assert answer.status_code == (403 if model in READ_ONLY else answer.status_code), model
        assert answer.status_code in {200, 403}, model
        row = model._default_manager.first()
        if row is not None:
            assert desk.get(_address(model, "change", row.pk)).status_code == 200, model


def test_a_customer_is_refused(client: Client, alice: User) -> None:
    client.force_login(alice)

    for model in MODELS:
        answer = client.get(_address(model, "changelist"))
        assert answer.status_code == 302, model
        assert "/admin/login/" in answer["Location"]


@pytest.mark.parametrize("model", READ_ONLY)
def test_money_and_state_are_only_looked_at(model: Any, desk: Client, received: Order) -> None:
    row = model._default_manager.first()

    assert desk.get(_address(model, "delete", row.pk)).status_code == 403
    assert desk.post(_address(model, "change", row.pk), {"status": "failed"}).status_code == 403
    assert desk.post(_address(model, "add"), {}).status_code == 403


@pytest.mark.parametrize("model", [Order, Transfer, PurchaseAttempt])
def test_a_list_costs_the_same_with_more_rows(model: Any, desk: Client, alice: User) -> None:
    def count() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            desk.get(_address(model, "changelist"))
        return len(queries)

    cast.buy(alice)
    count()
    with_few = count()

    for _each in range(4):
        cast.buy(alice)

    assert count() == with_few


def test_staff_cancels_with_a_reason(desk: Client, alice: User) -> None:
    order = cast.buy(alice)
    Order.objects.filter(pk=order.pk).update(cancel_available_at=timezone.now())
    address = f"/admin/orders/order/{order.pk}/cancel/"

    assert desk.get(address).status_code == 200
    order.refresh_from_db()
    assert order.status == Status.WAITING, "a link alone changes nothing"
    desk.post(address, {"reason": "asked by phone"})

    order.refresh_from_db()
    assert (order.status, order.closing_reason) == (Status.CANCELLED, "asked by phone")
    assert cast.balance(alice) == 1_000_000


def test_staff_refunds_once(desk: Client, alice: User, received: Order) -> None:
    address = f"/admin/orders/order/{received.pk}/refund/"

    desk.post(address, {"reason": "number was used before"})
    answer = desk.post(address, {"reason": "again"})

    assert cast.balance(alice) == 1_000_000
    refund = Transfer.objects.get(kind="refund")
    assert refund.by is not None
    assert (refund.reason, refund.by.email) == ("number was used before", "staff@example.test")
    assert answer.status_code == 422
    assert answer.context["form"].non_field_errors()


def test_a_suppliers_key_goes_in_and_never_out(desk: Client, alpha: Supplier) -> None:
    address = _address(Supplier, "change", alpha.pk)
    fields = {
        "code": "alpha",
        "name": "Simulator",
        "protocol": "smsactivate",
        "mode": "live",
        "base_url": alpha.base_url,
        "options": "{}",
        "currency": "USD",
        "is_enabled": "on",
        "priority": "0",
    }
    before = alpha.client()

    desk.post(address, fields | {"api_key": ""})
    kept = bytes(Supplier.objects.get(code="alpha").api_key_encrypted)
    desk.post(address, fields | {"api_key": "brand-new-key"})
    alpha.refresh_from_db()

    assert before is not None
    assert kept != bytes(alpha.api_key_encrypted)
    assert b"brand-new-key" not in desk.get(address).content
    alpha.set_api_key("simulator-key")
    alpha.save()


def test_switching_off_stops_sales_and_switching_on_resumes(desk: Client, alpha: Supplier) -> None:
    address = _address(Supplier, "changelist")

    ticked = {"_selected_action": [alpha.pk], "asked": "1", "reason": "x"}
    desk.post(address, ticked | {"action": "switch_off"})
    assert not Supplier.objects.get(pk=alpha.pk).is_enabled
    desk.post(address, ticked | {"action": "switch_on"})

    assert Supplier.objects.get(pk=alpha.pk).is_enabled


def test_a_pricing_rule_is_in_the_prices_at_once(desk: Client, alpha: Supplier) -> None:
    offer = Offer.objects.filter(supplier=alpha, price__isnull=False).first()
    assert offer is not None
    rule = PricingRule.objects.get()

    desk.post(
        _address(PricingRule, "add"),
        {"markup_percent": "500", "markup_fixed": "0", "floor": "1", "rounding": "100"}
        | {"service": offer.service_id, "is_active": "on"},
    )
    raised = Offer.objects.get(pk=offer.pk).price
    newest = PricingRule.objects.exclude(pk=rule.pk).get()
    desk.post(_address(PricingRule, "delete", newest.pk), {"post": "yes"})

    assert raised is not None
    assert offer.price is not None
    assert raised > offer.price
    assert Offer.objects.get(pk=offer.pk).price == offer.price


def test_an_exchange_rate_is_added_and_stays(desk: Client) -> None:
    rate = ExchangeRate.objects.get(currency="USD")

    assert desk.post(_address(ExchangeRate, "change", rate.pk), {"rate": "1"}).status_code == 403
    assert rate.rate == Decimal(16_250)
    assert rate.as_of > timezone.now() - timedelta(days=1)


@pytest.mark.parametrize("model", [ServiceMapping, CountryMapping])
def test_reviewed_codes_are_accepted(model: Any, desk: Client) -> None:
    mapping = model.objects.filter(**{f"{model.__name__[:7].lower()}__isnull": False}).first()
    model.objects.filter(pk=mapping.pk).update(is_reviewed=False)

    desk.post(_address(model, "changelist"), {"action": "accept", "_selected_action": [mapping.pk]})

    assert model.objects.get(pk=mapping.pk).is_reviewed


def test_a_revoked_key_is_closed(desk: Client, alice: User) -> None:
    cast.key_for(alice, mode=Mode.LIVE)
    key = alice.api_keys.get()

    page = desk.get(reverse("admin:accounts_apikey_change", args=[key.pk])).content
    desk.post(
        reverse("admin:accounts_apikey_changelist"),
        {"action": "revoke", "_selected_action": [key.pk]},
    )

    key.refresh_from_db()
    assert key.revoked_at is not None
    assert key.digest.hex().encode() not in page


def test_staff_opens_an_account(desk: Client) -> None:
    plan = User.objects.get(email="staff@example.test").plan_id

    desk.post(
        reverse("admin:accounts_user_add"),
        {"email": "New@Example.test", "plan": plan, "usable_password": "true"}
        | {"password1": cast.PASSWORD, "password2": cast.PASSWORD},
    )

    assert User.objects.get(email="new@example.test").check_password(cast.PASSWORD)
