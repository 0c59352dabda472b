"""Cost becomes price by one rule, in Python for one offer and in SQL for all of them."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.actions import Repricing, exchange_rates, reprice_offers, reprice_some
from catalog.models import Country, ExchangeRate, Offer, PricingRule, Service, Supplier
from catalog.pricing import Markup, leaves_margin, price

pytestmark = pytest.mark.usefixtures("db")

RATE = Decimal("1.625")  # rupiah for a ten-thousandth of a dollar, at 16,250


@pytest.fixture
def offer() -> Offer:
    return Offer.objects.select_related("supplier").get(
        supplier__code="alpha", service__code="whatsapp", country__code="id"
    )


def reprice(offer: Offer) -> int | None:
    reprice_some([offer.pk], supplier=offer.supplier, now=timezone.now())
    offer.refresh_from_db()
    return offer.price


def test_markup_then_fixed_then_rounded_up() -> None:
    markup = Markup(percent=Decimal(40), fixed=250, rounding=100)

    assert price(3_800, rate=RATE, markup=markup) == 8_900  # 6,175 × 1.4 + 250 = 8,895


def test_what_is_round_already_stays() -> None:
    assert price(1_000, rate=Decimal(1), markup=Markup(percent=Decimal(0), rounding=100)) == 1_000


@pytest.mark.parametrize(("floor", "ceiling", "expected"), [(9_000, None, 9_000), (1, 500, 500)])
def test_floor_and_ceiling_hold(floor: int, ceiling: int | None, expected: int) -> None:
    markup = Markup(percent=Decimal(0), floor=floor, ceiling=ceiling)

    assert price(1_000, rate=Decimal(1), markup=markup) == expected


@pytest.mark.parametrize(("cost", "is_enough"), [(900, True), (901, False)])
def test_the_floor_margin_is_of_the_price(cost: int, is_enough: bool) -> None:
    assert leaves_margin(price=1_000, cost=cost, rate=Decimal(1), floor_percent=10) is is_enough


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    cost=st.integers(1, 10**8),
    percent=st.decimals("0", "900", places=2),
    fixed=st.integers(0, 10**6),
    floor=st.integers(1, 10**6),
    rounding=st.sampled_from([1, 5, 50, 100, 500, 999]),
)
def test_sql_and_python_agree(
    offer: Offer, cost: int, percent: Decimal, fixed: int, floor: int, rounding: int
) -> None:
    PricingRule.objects.all().delete()
    PricingRule.objects.create(
        markup_percent=percent, markup_fixed=fixed, floor=floor, rounding=rounding
    )
    Offer.objects.filter(pk=offer.pk).update(cost=cost)

    expected = price(
        cost,
        rate=exchange_rates(timezone.now())["USD"],
        markup=Markup(percent=percent, fixed=fixed, floor=floor, rounding=rounding),
    )

    assert reprice(offer) == expected


def test_the_most_specific_rule_wins(offer: Offer) -> None:
    fixed = {"markup_percent": Decimal(0), "rounding": 1}
    whatsapp = Service.objects.get(code="whatsapp")
    indonesia = Country.objects.get(code="id")
    alpha = Supplier.objects.get(code="alpha")
    PricingRule.objects.create(service=whatsapp, markup_fixed=40_000, **fixed)
    PricingRule.objects.create(country=indonesia, supplier=alpha, markup_fixed=30_000, **fixed)
    PricingRule.objects.create(supplier=alpha, markup_fixed=10_000, **fixed)

    by_service = reprice(offer)
    PricingRule.objects.create(service=whatsapp, country=indonesia, markup_fixed=90_000, **fixed)
    by_both = reprice(offer)

    assert by_service is not None
    assert by_both is not None
    assert 40_000 < by_service < 60_000
    assert by_both > 90_000


def test_of_two_alike_the_newest_wins(offer: Offer) -> None:
    for fixed in (20_000, 70_000):
        PricingRule.objects.create(
            service_id=offer.service_id, markup_percent=0, markup_fixed=fixed, rounding=1
        )

    assert (reprice(offer) or 0) > 70_000


def test_a_rule_holds_in_its_window_only(offer: Offer) -> None:
    now = timezone.now()
    before = reprice(offer)
    window = {"starts_at": now + timedelta(hours=1), "ends_at": now + timedelta(hours=2)}
    PricingRule.objects.create(
        service_id=offer.service_id, markup_percent=0, markup_fixed=99_000, **window
    )

    prices = []
    for hours in (0, 1.5, 3):
        reprice_some([offer.pk], supplier=offer.supplier, now=now + timedelta(hours=hours))
        prices.append(Offer.objects.get(pk=offer.pk).price)

    assert prices[0] == prices[2] == before
    assert (prices[1] or 0) > 99_000


def test_an_inactive_rule_prices_nothing(offer: Offer) -> None:
    PricingRule.objects.update(is_active=False)

    assert reprice(offer) is None


def test_a_rate_that_is_too_old_prices_nothing(offer: Offer) -> None:
    ExchangeRate.objects.update(as_of=timezone.now() - timedelta(days=30))

    assert reprice(offer) is None


def test_nothing_is_sold_below_the_floor_margin(offer: Offer) -> None:
    PricingRule.objects.update(ceiling=1_000)

    assert reprice(offer) is None


def test_repricing_twice_writes_nothing() -> None:
    reprice_offers(now=timezone.now(), even_if_current=True)

    assert reprice_offers(now=timezone.now(), even_if_current=True) == Repricing(0, True)
