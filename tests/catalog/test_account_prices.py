"""An account's tier is applied on top of everybody's price, in Python and SQL alike."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Min
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pytest_django import Settings

from accounts.models import Tier, User
from catalog.account_prices import EVERYBODYS, prices_by, prices_for
from catalog.actions import exchange_rates, reprice_offers
from catalog.models import Country, Offer, PricingRule, Service, Supplier
from catalog.pricing import Markup, leaves_margin, tier_price
from catalog.quotes import find_quote

pytestmark = pytest.mark.usefixtures("db")

RATE = Decimal("1.625")


@pytest.fixture
def gold(alice: User) -> Tier:
    """Alice's tier."""
    tier = Tier.objects.create(code="gold", name="Gold")
    alice.tier = tier
    alice.save(update_fields=["tier"])
    return tier


@pytest.fixture
def whatsapp() -> Service:
    return Service.objects.get(code="whatsapp")


@pytest.fixture
def indonesia() -> Country:
    return Country.objects.get(code="id")


def rule(tier: Tier, percent: str = "-10", **fields: Any) -> PricingRule:
    made = PricingRule(tier=tier, markup_percent=Decimal(percent), **fields)
    made.full_clean()
    made.save()
    return made


def of_tier(base: int, *, cost: int = 100, floor_percent: int = 0, **markup: Any) -> int:
    markup["percent"] = Decimal(markup.get("percent", -10))
    return tier_price(
        base, cost=cost, rate=RATE, markup=Markup(**markup), floor_percent=floor_percent
    )


def test_the_percent_is_of_the_price() -> None:
    assert of_tier(8_900) == 8_010
    assert of_tier(8_900, percent=5) == 9_345


def test_a_discount_is_never_made_a_rise_by_rounding_or_floor() -> None:
    assert of_tier(6_412, percent="-0.1", rounding=1_000) == 6_412
    assert of_tier(6_412, floor=9_000) == 6_412
    assert of_tier(6_412, percent=1, rounding=1_000) == 7_000


@pytest.mark.parametrize(("floor_percent", "expected"), [(0, 6_500), (10, 7_223)])
def test_nobody_gets_it_below_cost_and_floor_margin(floor_percent: int, expected: int) -> None:
    # It costs 6,500; with a tenth of the price left over, 7,222.2.
    assert of_tier(8_900, cost=4_000, percent=-50, floor_percent=floor_percent) == expected
    assert of_tier(8_900, cost=4_000, percent=-50, rounding=100) == 6_500


def test_who_pays_too_little_already_pays_no_more_by_a_discount() -> None:
    assert of_tier(5_000, cost=4_000, percent=-50) == 5_000


def test_without_a_rate_there_is_no_discount() -> None:
    markup = Markup(percent=Decimal(-10))

    assert tier_price(5_000, cost=1, rate=None, markup=markup, floor_percent=0) == 5_000


@hypothesis_settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    base=st.integers(1, 10**7),
    cost=st.integers(1, 10**7),
    percent=st.decimals("-100", "300", places=2),
    fixed=st.integers(-(10**5), 10**5),
    floor=st.integers(1, 10**5),
    ceiling=st.none() | st.integers(10**5, 10**7),
    rounding=st.sampled_from([1, 7, 50, 100, 999]),
    floor_percent=st.integers(0, 99),
)
def test_sql_and_python_agree_and_leave_the_margin(
    settings: Settings, gold: Tier, floor_percent: int, base: int, cost: int, **markup: Any
) -> None:
    settings.FLOOR_MARGIN_PERCENT = floor_percent
    now = timezone.now()
    markup["markup_percent"], markup["markup_fixed"] = markup.pop("percent"), markup.pop("fixed")
    prices = prices_by((PricingRule(tier=gold, **markup),), now=now)
    offer = Offer.objects.filter(supplier__code="alpha")[0]
    Offer.objects.filter(pk=offer.pk).update(cost=cost, price=base)
    [offer] = Offer.objects.filter(pk=offer.pk).annotate(asked=prices.column())

    price = prices.of(offer)

    assert offer.asked == price  # type: ignore[attr-defined]
    assert price is not None
    rate = exchange_rates(now)["USD"]
    assert price >= base or leaves_margin(
        price=price, cost=cost, rate=rate, floor_percent=floor_percent
    )


@pytest.mark.parametrize("percent", [-35, 35])
def test_a_tier_never_turns_round_which_is_the_dearer(percent: int) -> None:
    bases = range(1_000, 9_000, 37)

    prices = [of_tier(base, cost=1, percent=percent, rounding=50, ceiling=7_000) for base in bases]

    assert prices == sorted(prices)


def test_the_most_specific_rule_of_the_tier_holds(
    alice: User, gold: Tier, whatsapp: Service, indonesia: Country
) -> None:
    other = Tier.objects.create(code="silver", name="Silver")
    rules = [
        rule(gold),
        rule(gold, country=indonesia),
        rule(gold, service=whatsapp),
        rule(gold, service=whatsapp),
        rule(gold, service=whatsapp, country=indonesia),
    ]
    rule(other, service=whatsapp, country=indonesia)
    telegram = Service.objects.get(code="telegram")
    malaysia = Country.objects.exclude(code="id")[0]

    prices = prices_for(alice, now=timezone.now())

    asked = [
        (telegram, malaysia),
        (telegram, indonesia),
        (whatsapp, malaysia),
        (whatsapp, indonesia),
    ]
    found = [prices.rule_for(service.pk, country.pk) for service, country in asked]
    assert found == [rules[0], rules[1], rules[3], rules[4]]


def test_a_rule_of_a_tier_holds_in_its_window(alice: User, gold: Tier) -> None:
    now = timezone.now()
    rule(gold, starts_at=now + timedelta(hours=1), ends_at=now + timedelta(hours=2))
    rule(gold, is_active=False)

    held = [prices_for(alice, now=now + timedelta(hours=h)).tier for h in (0, 1, 1.9, 2)]

    assert held == [None, gold.pk, gold.pk, None]


def test_rules_of_tiers_are_in_no_offers_price(gold: Tier) -> None:
    before = dict(Offer.objects.values_list("pk", "price"))
    rule(gold, "-50")

    reprice_offers(now=timezone.now(), even_if_current=True)

    assert dict(Offer.objects.values_list("pk", "price")) == before


def test_everybody_else_pays_what_is_baked(
    alice: User, bob: User, gold: Tier, whatsapp: Service, indonesia: Country
) -> None:
    rule(gold, "-50")
    now = timezone.now()
    base = find_quote(whatsapp, indonesia, user=None, mode="live", now=now).price

    assert base
    assert find_quote(whatsapp, indonesia, user=bob, mode="live", now=now).price == base
    own = find_quote(whatsapp, indonesia, user=alice, mode="live", now=now).price
    assert own is not None
    assert own < base
    assert prices_for(bob, now=now) is EVERYBODYS


def test_a_quote_ranks_by_what_the_account_pays(
    alice: User, gold: Tier, whatsapp: Service, indonesia: Country
) -> None:
    """The cheapest has no room for the discount, and so is not the cheapest any more."""
    alpha = Supplier.objects.get(code="alpha")
    [first] = Offer.objects.filter(supplier=alpha, service=whatsapp, country=indonesia)[:1]
    Offer.objects.filter(pk=first.pk).update(cost=4_000, price=7_000)
    dearer = Supplier.objects.create(code="dearer", name="D", protocol="smsactivate")
    second = Offer.objects.get(pk=first.pk)
    second.pk, second.supplier, second.cost, second.price = None, dearer, 100, 7_100
    second.save()
    rule(gold, "-50")
    asking: dict[str, Any] = {"mode": "live", "now": timezone.now()}

    base = find_quote(whatsapp, indonesia, user=None, **asking)
    own = find_quote(whatsapp, indonesia, user=alice, **asking)

    assert [offer.price for offer in base.on_sale][:2] == [7_000, 7_100]
    assert [offer.price for offer in own.on_sale][:2] == [3_550, 6_500]
    prices = prices_for(alice, now=asking["now"])
    sold = Offer.objects.for_goods(whatsapp, indonesia).on_sale("live", asking["now"])
    assert sold.aggregate(lowest=Min(prices.column()))["lowest"] == own.price


def test_a_rule_of_a_tier_names_no_supplier(gold: Tier) -> None:
    alpha = Supplier.objects.get(code="alpha")
    with pytest.raises(ValidationError) as refused:
        rule(gold, supplier=alpha)
    assert set(refused.value.message_dict) == {"supplier"}

    with pytest.raises(IntegrityError, match="tier_of_any_supplier"), transaction.atomic():
        PricingRule.objects.create(tier=gold, supplier=alpha, markup_percent=1)


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"floor": 0}, "floor"),
        ({"rounding": 0}, "rounding"),
        ({"floor": 100, "ceiling": 99}, "ceiling"),
        ({"percent": "-100.01"}, "markup_percent"),
        ({"starts_at": timezone.now(), "ends_at": timezone.now() - timedelta(days=1)}, "ends_at"),
    ],
)
def test_a_rule_says_beside_the_field_what_cannot_be(
    gold: Tier, fields: dict[str, Any], wrong: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        rule(gold, **fields)

    assert set(refused.value.message_dict) == {wrong}
