"""GET /account: who calls, what the plan allows, and what was used."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Mode, User
from orders.reports import order_usage
from tests import cast
from tests.api.calls import Api


def test_the_account_is_the_keys(api: Api, alice: User) -> None:
    data = api.get("/account").data

    assert data == {
        "accountId": alice.public_id,
        "email": "alice@example.test",
        "mode": "live",
        "balance": 1_000_000,
        "currency": "IDR",
        "plan": {
            "code": "pro",
            "name": "Pro",
            "limits": {
                "general": {"perMinute": 600, "burst": 120},
                "order": {"perMinute": 120, "burst": 40},
                "poll": {"perMinute": 1_500, "burst": 300},
            },
            "maxOpenOrders": 200,
        },
        "usage": {
            "requestsToday": 1,
            "requestsThisMonth": 1,
            "ordersToday": 0,
            "ordersThisMonth": 0,
            "spentThisMonth": 0,
            "successRate30d": None,
        },
    }


def test_the_sandbox_is_an_account_of_its_own(api: Api, sandbox_api: Api, alice: User) -> None:
    api.get("/balance")
    cast.order_row(alice)

    data = sandbox_api.get("/account").data

    assert (data["mode"], data["accountId"]) == ("sandbox", alice.public_id)
    assert data["usage"]["requestsToday"] == 1
    assert data["usage"]["ordersToday"] == 0


def test_every_call_counts_whatever_became_of_it(api: Api, bobs_api: Api) -> None:
    for path in ("/balance", "/nothing", "/order/ord_01HX", "/services?limit=x"):
        api.get(path)
    api.post("/order", {})
    bobs_api.get("/balance")

    usage = api.get("/account").data["usage"]

    # An address that leads nowhere asks for no key, so it is nobody's.
    assert usage["requestsToday"] == usage["requestsThisMonth"] == 5


def test_orders_are_counted_at_once(api: Api, alice: User) -> None:
    cast.order_row(alice, "success", price=2_000)
    cast.order_row(alice, "cancelled", refund_amount=1_000)
    cast.order_row(alice, "waiting")
    cast.order_row(alice, "failed")

    usage = api.get("/account").data["usage"]

    assert (usage["ordersToday"], usage["ordersThisMonth"]) == (3, 3)
    assert usage["spentThisMonth"] == 2_000
    assert usage["successRate30d"] == 0.5


@pytest.mark.usefixtures("redis_is_dead")
def test_without_redis_the_account_answers(api: Api) -> None:
    assert api.get("/account").data["usage"]["requestsToday"] == 0


def test_the_scope_is_asked_for(api: Api, alice: User) -> None:
    api.key = cast.key_for(alice, scopes=["catalog:read"])

    assert api.get("/account").refusal == (403, "scope_missing")


# ---- by the calendar of the shop --------------------------------------------------------------

# 00:30 on the first of July in Jakarta, still June in UTC.
NOW = datetime.fromisoformat("2026-06-30T17:30:00Z")


def ago(**span: float) -> datetime:
    return NOW - timedelta(**span)


def test_days_and_months_begin_in_the_shops_time_zone(alice: User) -> None:
    cast.order_row(alice, created_at=ago(minutes=29))
    cast.order_row(alice, created_at=ago(minutes=31))

    usage = order_usage(alice, Mode.LIVE, now=NOW)

    assert (usage.today, usage.this_month, usage.spent_this_month) == (1, 1, 1_000)


def test_the_month_is_more_than_the_day(alice: User) -> None:
    for days in (31, 29.4, 1, 0):
        cast.order_row(alice, created_at=ago(days=-15) - timedelta(days=days))

    usage = order_usage(alice, Mode.LIVE, now=ago(days=-15))

    assert (usage.today, usage.this_month) == (1, 2)


@pytest.mark.parametrize(
    ("statuses", "rate"),
    [
        ([], None),
        (["waiting", "purchasing", "closing", "failed"], None),
        (["success", "received", "expired", "cancelled", "waiting"], 0.5),
        (["success", "expired", "expired"], 0.333),
        (["received"], 1.0),
        (["expired"], 0.0),
    ],
)
def test_success_is_the_share_of_what_ended(
    alice: User, statuses: list[str], rate: float | None
) -> None:
    cast.order_row(alice, "success", created_at=ago(days=31))
    for status in statuses:
        cast.order_row(alice, status, created_at=ago(days=29))

    assert order_usage(alice, Mode.LIVE, now=NOW).success_rate == rate


def test_what_was_given_back_was_not_spent(alice: User) -> None:
    moment: Any = {"created_at": ago(minutes=1)}
    cast.order_row(alice, "success", price=700, **moment)
    cast.order_row(alice, "success", price=900, refund_amount=900, **moment)
    cast.order_row(alice, "received", price=50, **moment)
    cast.order_row(alice, "waiting", price=4, **moment)

    assert order_usage(alice, Mode.LIVE, now=NOW).spent_this_month == 750


def test_numbers_given_out_of_order_are_counted_all_the_same(alice: User) -> None:
    """The one that was begun first may get its number last."""
    today = NOW.replace(minute=0)
    cast.order_row(alice, created_at=today + timedelta(seconds=1))
    cast.order_row(alice, created_at=today - timedelta(seconds=1))

    assert order_usage(alice, Mode.LIVE, now=NOW).today == 1


def test_nobody_elses_orders_count(alice: User, bob: User) -> None:
    cast.order_row(bob)
    cast.order_row(alice, mode=Mode.SANDBOX)

    usage = order_usage(alice, Mode.LIVE, now=timezone.now())

    assert (usage.today, usage.success_rate) == (0, None)
