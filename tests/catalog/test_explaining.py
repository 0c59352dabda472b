"""The explanation of a price ends at what is charged, and names each rule that gave way."""

from datetime import timedelta
from decimal import ROUND_CEILING, Decimal
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Tier, User
from catalog.actions import reprice_offers
from catalog.explaining import Explanation, Loss, Step, explain_price
from catalog.models import Block, Country, ExchangeRate, Offer, PricingRule, Service, Supplier
from catalog.quotes import find_quote

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture
def whatsapp() -> Service:
    return Service.objects.get(code="whatsapp")


@pytest.fixture
def indonesia() -> Country:
    return Country.objects.get(code="id")


@pytest.fixture
def gold(alice: User) -> Tier:
    tier = Tier.objects.create(code="gold", name="Gold")
    alice.tier = tier
    alice.save(update_fields=["tier"])
    return tier


def explain(service: Service, country: Country, user: User | None = None) -> Explanation:
    return explain_price(service, country, user=user, mode="live", now=timezone.now())


def rule(percent: int = 10, **fields: Any) -> PricingRule:
    return PricingRule.objects.create(markup_percent=Decimal(percent), **fields)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"markup_fixed": 321, "rounding": 7},
        {"floor": 90_000},
        {"ceiling": 7_000, "percent": 40},
        {"percent": -60},
        {"percent": 0},
    ],
)
def test_the_steps_end_at_the_price_in_every_offer(fields: dict[str, Any]) -> None:
    made = rule(**fields)
    reprice_offers(now=timezone.now())
    goods = Offer.objects.filter(supplier__mode="live").values_list("service", "country").distinct()

    for service, country in goods[:25]:
        found = explain(Service.objects.get(pk=service), Country.objects.get(pk=country))
        for each in found.offers:
            assert each.of_offer.rule == made
            assert each.of_offer.result == each.of_offer.steps[-1][1].to_integral_value(
                ROUND_CEILING
            )
            assert (each.of_offer.result if each.leaves_margin else None) == each.base
            assert not each.is_stale


def test_the_tiers_steps_end_at_the_quote(
    alice: User, gold: Tier, whatsapp: Service, indonesia: Country
) -> None:
    for percent, last in ((-10, Step.ROUNDED), (-90, Step.LEAST), (10, Step.ROUNDED)):
        made = rule(percent, tier=gold, rounding=70)

        found = explain(whatsapp, indonesia, alice)

        quote = find_quote(whatsapp, indonesia, user=alice, mode="live", now=timezone.now())
        [first, *_others] = found.offers
        assert first.of_tier is not None
        assert first.of_tier.rule == made
        assert found.price == first.price == first.of_tier.result == quote.price
        assert first.of_tier.steps[-1] == (last, Decimal(first.price or 0))
        assert first.base != first.price


def test_each_rule_that_gave_way_says_why(whatsapp: Service, indonesia: Country) -> None:
    now = timezone.now()
    general = PricingRule.objects.get()
    older = rule(service=whatsapp)
    newer = rule(service=whatsapp)
    off = rule(service=whatsapp, country=indonesia, is_active=False)
    later = rule(service=whatsapp, country=indonesia, starts_at=now + timedelta(days=1))
    over = rule(service=whatsapp, country=indonesia, ends_at=now - timedelta(days=1))
    rule(service=Service.objects.get(code="telegram"))
    rule(supplier=Supplier.objects.get(code="sandbox"))

    found = explain(whatsapp, indonesia)

    [first, *_others] = found.offers
    assert first.of_offer.rule == newer
    assert {lost.rule: lost.reason for lost in first.of_offer.lost} == {
        general: Loss.LESS_SPECIFIC,
        older: Loss.OLDER,
        off: Loss.SWITCHED_OFF,
        later: Loss.NOT_YET,
        over: Loss.OVER,
    }
    assert found.others == 1


def test_what_is_not_baked_yet_shows(whatsapp: Service, indonesia: Country) -> None:
    rule(300, service=whatsapp)

    [first, *_others] = explain(whatsapp, indonesia).offers

    assert first.is_stale
    assert (first.of_offer.result or 0) > (first.base or 0)


def test_without_a_fresh_rate_nothing_is_worked_out(whatsapp: Service, indonesia: Country) -> None:
    ExchangeRate.objects.update(as_of=timezone.now() - timedelta(days=30))
    reprice_offers(now=timezone.now())

    found = explain(whatsapp, indonesia)

    assert found.price is None
    assert found.offers[0].rate is not None
    assert found.offers[0].of_offer.result is None


def test_blocked_goods_say_so(whatsapp: Service, indonesia: Country) -> None:
    Block.objects.create(service=whatsapp, reason="x")

    found = explain(whatsapp, indonesia)

    assert found.is_blocked
    assert found.offers == ()
