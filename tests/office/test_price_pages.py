"""The preview beside a rule's form, and the page that explains a price."""

import math
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Tier, User
from catalog.models import PricingRule, Service, Supplier
from catalog.previewing import change_by
from office.reports.price_effect import SalesEffect, effect_on_sales
from orders.actions import refund_order
from orders.models import Order
from suppliers.simulator.remote import RemoteSimulator
from tests import cast
from tests.office.conftest import Colleague, desk_of, receive

pytestmark = pytest.mark.usefixtures("committed", "in_english")

PRICE = 8_800


@pytest.fixture
def desk(colleague: Colleague) -> Client:
    return desk_of(colleague("pricing"))


def typed(**fields: Any) -> dict[str, Any]:
    return {"markup_percent": "60", "rounding": "100", "is_active": "on"} | fields


def preview(desk: Client, rule: Any = None, **fields: Any) -> Any:
    address = reverse("admin:office_price_preview")
    answer = desk.post(f"{address}?rule={rule.pk}" if rule else address, typed(**fields))
    assert answer.status_code == 200
    return answer.json()


def rule(**fields: Any) -> PricingRule:
    return PricingRule(**{"markup_percent": Decimal(100), "rounding": 1} | fields)


def on_sales(wished: PricingRule) -> SalesEffect:
    now = timezone.now()
    return effect_on_sales(change_by(wished, now=now), now=now)


# ---- the preview ------------------------------------------------------------------------------


def test_it_tells_what_changes_and_changes_nothing(desk: Client) -> None:
    told = preview(desk, service=Service.objects.get(code="whatsapp").pk)

    assert told["errors"] == {}
    assert "Prices that change" in told["html"]
    assert "WhatsApp" in told["html"]
    assert PricingRule.objects.count() == 1


def test_what_cannot_be_is_told_by_field(desk: Client) -> None:
    told = preview(desk, floor="0", ceiling="abc", rounding="-5", markup_percent="")

    assert set(told["errors"]) == {"floor", "ceiling", "rounding", "markup_percent"}
    assert told["html"] == ""
    assert told["errors"]["ceiling"] == ["A number without separators, such as 6500."]


@pytest.mark.parametrize("value", ["1" * 40, "NaN", "1e400", "9" * 20, "١", "\x00"])
@pytest.mark.parametrize("field", ["floor", "ceiling", "rounding", "markup_fixed"])
def test_no_number_breaks_it(desk: Client, field: str, value: str) -> None:
    told = preview(desk, **{field: value})

    assert set(told["errors"]) <= {field} or "ceiling" in told["errors"]


@pytest.mark.parametrize("percent", ["NaN", "1e9", "-101", "٣", "Infinity", "x"])
def test_no_percent_breaks_it(desk: Client, percent: str) -> None:
    told = preview(desk, markup_percent=percent)

    assert set(told["errors"]) <= {"markup_percent"}


def test_a_rule_for_later_says_when(desk: Client) -> None:
    at = timezone.localtime(timezone.now() + timedelta(days=3))

    told = preview(desk, starts_at_0=f"{at:%Y-%m-%d}", starts_at_1="08:00")

    assert f"It begins on {at.day} " in told["html"]


def test_a_rule_that_holds_and_is_put_off_says_that_it_stops(desk: Client) -> None:
    at = timezone.localtime(timezone.now() + timedelta(days=3))
    later = {"starts_at_0": f"{at:%Y-%m-%d}", "starts_at_1": "08:00"}

    told = preview(desk, PricingRule.objects.get(), **later)

    assert "It holds now, and would stop at once" in told["html"]
    assert "nothing changes before" not in told["html"]


def test_one_switched_off_and_one_that_is_over_say_so(desk: Client) -> None:
    stored = PricingRule.objects.get()

    off = preview(desk, stored, is_active="")
    over = preview(desk, ends_at_0="2026-01-01", ends_at_1="08:00")

    assert "This rule is switched off." in off["html"]
    assert "This rule is over" in over["html"]


def test_only_who_may_change_rules_sees_it(colleague: Colleague) -> None:
    address = reverse("admin:office_price_preview")

    answers = {
        role: desk_of(colleague(role)).post(address, typed()).status_code
        for role in ("support", "finance", "pricing", "owner")
    }

    assert answers == {"support": 403, "finance": 403, "pricing": 200, "owner": 200}


# ---- last week's sales ------------------------------------------------------------------------


def test_an_order_of_the_week_is_priced_anew(received: Order) -> None:
    whatsapp = Service.objects.get(code="whatsapp")
    cost = cast.attempt_of(received).cost * Decimal("1.625")

    found = on_sales(rule(service=whatsapp))

    assert (found.orders, found.touched, found.lost) == (1, 1, 0)
    assert (found.revenue, found.new_revenue) == (PRICE, math.ceil(cost * 2))
    assert found.margin == PRICE - round(cost)
    assert (found.new_margin or 0) > found.margin


def test_an_order_that_the_rule_does_not_reach_is_counted_only(received: Order) -> None:
    found = on_sales(rule(service=Service.objects.get(code="telegram")))

    assert (found.orders, found.touched, found.revenue) == (1, 0, 0)


def test_what_would_not_be_sold_is_lost(received: Order) -> None:
    found = on_sales(rule(markup_percent=Decimal(-40)))

    assert (found.lost, found.touched, found.revenue, found.new_revenue) == (1, 0, PRICE, 0)


def test_open_orders_and_older_ones_are_not_sales(alice: User, received: Order) -> None:
    cast.buy(alice)

    assert on_sales(rule()).orders == 1
    now = timezone.now() + timedelta(days=8)
    assert effect_on_sales(change_by(rule(), now=now), now=now).orders == 0


def test_a_tiers_rule_is_about_the_orders_of_its_accounts(
    alice: User, bob: User, alpha: Supplier, simulator: RemoteSimulator
) -> None:
    gold = Tier.objects.create(code="gold", name="Gold")
    User.objects.filter(pk=alice.pk).update(tier=gold)
    receive(alice, alpha, simulator)
    receive(bob, alpha, simulator)
    refunded = receive(alice, alpha, simulator)
    refund_order(refunded, by=bob, reason="x", now=timezone.now())

    found = on_sales(PricingRule(tier=gold, markup_percent=Decimal(-10)))

    assert (found.orders, found.touched) == (1, 1)
    assert (found.revenue, found.new_revenue) == (PRICE, PRICE * 9 // 10)


# ---- why this price ---------------------------------------------------------------------------


def why(desk: Client, **asked: str) -> Any:
    return desk.get(reverse("admin:office_why"), {"service": "whatsapp", "country": "id"} | asked)


def test_a_stranger_and_an_account_of_a_tier(desk: Client, alice: User) -> None:
    gold = Tier.objects.create(code="gold", name="Gold")
    User.objects.filter(pk=alice.pk).update(tier=gold)
    made = PricingRule.objects.create(tier=gold, markup_percent=Decimal(-10))

    stranger, account = why(desk), why(desk, account=alice.email.upper())

    assert stranger.context["found"].price == PRICE
    assert account.context["found"].price == PRICE * 9 // 10
    page = account.content.decode()
    assert reverse("admin:catalog_pricingrule_change", args=[made.pk]) in page
    assert "Rule of the tier" in page
    assert "Rule of the tier" not in stranger.content.decode()
    assert account.context["user"] != alice


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"account": "nobody@example.test"}, "account"),
        ({"account": "x"}, "account"),
        ({"service": "nothing"}, "service"),
        ({"country": "\x00"}, "country"),
        ({"mode": "x"}, "mode"),
    ],
)
def test_what_there_is_not_is_said(desk: Client, asked: dict[str, str], field: str) -> None:
    page = why(desk, **asked)

    assert page.status_code == 200
    assert set(page.context["form"].errors) == {field}
    assert "found" not in page.context


def test_it_is_linked_from_offers_orders_and_rules(
    colleague: Colleague, received: Order, alice: User
) -> None:
    desk, address = desk_of(colleague("owner")), reverse("admin:office_why")
    pages = [
        reverse("admin:catalog_offer_changelist"),
        reverse("admin:catalog_pricingrule_changelist"),
        reverse("admin:orders_order_change", args=[received.pk]),
    ]

    assert all(f'href="{address}?' in desk.get(page).content.decode() for page in pages)
    finance = desk_of(colleague("finance")).get(pages[2]).content.decode()
    assert address not in finance


def test_amounts_are_typed_as_they_are_read(desk: Client) -> None:
    answer = desk.post(
        reverse("admin:catalog_pricingrule_add"),
        typed(floor="2500", ceiling="", markup_fixed="", is_active=""),
    )

    assert answer.status_code == 302
    made = PricingRule.objects.order_by("pk").last()
    assert made is not None
    try:
        assert (made.floor, made.ceiling, made.markup_fixed, made.rounding) == (2_500, None, 0, 100)
    finally:
        made.delete()
