"""Accounts that buy in vain are kept off for a while, are told so, and begin afresh."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from accounts.actions import lift_cool_down
from accounts.models import Mode, User
from orders.actions import AccountCoolingDown, cool_down_abusers, finish_order
from orders.models import Order
from suppliers.simulator.remote import RemoteSimulator
from tests import cast
from tests.orders.sweeps import later

pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture(autouse=True)
def limits(settings: Settings) -> None:
    settings.COOL_DOWN_AFTER_ORDERS = 10
    settings.COOL_DOWN_BELOW_CODES_PERCENT = 15
    settings.COOL_DOWN_ABOVE_CANCELLED_PERCENT = 80
    settings.COOL_DOWN_MINUTES = 60


def had(user: User, counts: dict[str, int], **fields: Any) -> None:
    for status, count in counts.items():
        for _ in range(count):
            cast.order_row(user, status, **fields)


def cooled(user: User, *, seconds: float = 0) -> bool:
    cool_down_abusers(now=later(seconds))
    user.refresh_from_db()
    return user.is_cooling(later(seconds))


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ({"expired": 10}, True),
        ({"expired": 9, "success": 1}, True),
        ({"expired": 8, "success": 2}, False),
        ({"cancelled": 9, "success": 2}, True),
        ({"cancelled": 8, "success": 2}, False),
        ({"expired": 9}, False),
        ({"expired": 9, "failed": 5}, False),
        ({"expired": 9, "waiting": 5}, False),
    ],
)
def test_what_is_too_much(alice: User, counts: dict[str, int], expected: bool) -> None:
    had(alice, counts)

    assert cooled(alice) is expected


def test_the_sandbox_and_the_past_do_not_count(alice: User) -> None:
    had(alice, {"expired": 20}, mode=Mode.SANDBOX)
    had(alice, {"expired": 20}, created_at=later(-25 * 3600))

    assert not cooled(alice)


def test_it_buys_nothing_until_then(alice: User, bob: User, simulator: RemoteSimulator) -> None:
    had(alice, {"expired": 10})
    assert cooled(alice)

    with pytest.raises(AccountCoolingDown) as refused:
        cast.buy(alice)

    assert refused.value.retry_after is not None
    assert 3500 < refused.value.retry_after <= 3601
    assert cast.buy(bob).phone_number
    assert cast.buy(alice, mode=Mode.SANDBOX).phone_number
    assert cast.balance(alice) == 1_000_000


def test_a_repeated_key_still_finds_its_order(alice: User, simulator: RemoteSimulator) -> None:
    order = cast.buy(alice, key="mine")
    had(alice, {"expired": 10})
    assert cooled(alice)

    assert cast.buy(alice, key="mine") == order


def test_it_begins_afresh(alice: User, simulator: RemoteSimulator) -> None:
    had(alice, {"expired": 10})
    assert cooled(alice)

    assert not cooled(alice, seconds=3601)
    had(alice, {"expired": 10}, created_at=later(3700))
    assert cooled(alice, seconds=3800)


def test_staff_can_lift_it(alice: User, staff: User, simulator: RemoteSimulator) -> None:
    had(alice, {"expired": 10}, created_at=later(-60))
    assert cooled(alice)

    lift_cool_down(alice, by=staff, now=timezone.now())

    assert not cooled(alice)
    assert cast.buy(alice).phone_number


def test_it_is_switched_off_with_zero(alice: User, settings: Settings) -> None:
    settings.COOL_DOWN_AFTER_ORDERS = 0
    had(alice, {"expired": 30})

    assert not cooled(alice)


def test_the_api_says_until_when(alice: User) -> None:
    key = cast.key_for(alice)
    User.objects.filter(pk=alice.pk).update(cooling_until=timezone.now() + timedelta(hours=1))

    answer = Client().post(
        "/api/v1/order",
        {"service": "whatsapp", "country": "id"},
        content_type="application/json",
        headers=cast.bearer(key),
    )

    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (429, "account_cooling_down")
    assert 3500 < int(answer["Retry-After"]) <= 3601
    assert error["details"]["until"].endswith("Z")


def test_the_page_says_so_before_the_click(alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(cooling_until=timezone.now() + timedelta(hours=1))
    browser = Client()
    browser.force_login(alice)
    browser.cookies["django_language"] = "en"

    page = browser.get("/buy/whatsapp/id/", follow=True)

    assert page.status_code == 200
    assert "You can buy again later." in page.content.decode()
    assert "disabled" in page.content.decode()


def test_open_orders_go_on(alice: User, simulator: RemoteSimulator) -> None:
    order = cast.order_row(alice, "received")
    had(alice, {"expired": 10})
    assert cooled(alice)

    finish_order(order, by=alice, now=timezone.now())

    assert Order.objects.get(pk=order.pk).status == "success"
