"""What is on sale in sums is what the offers say, and a supplier that rests is left out at once."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import Sum
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.actions import mark_availability_stale, refresh_stale_availability, reprice_offers
from catalog.models import (
    Availability,
    Block,
    Country,
    Offer,
    Pause,
    PricingRule,
    Service,
    Supplier,
)
from catalog.quotes import find_quote
from tests.catalog.sums import kept, summed_up

pytestmark = pytest.mark.usefixtures("db")


def test_the_sums_are_those_of_the_offers() -> None:
    assert kept() == summed_up()
    assert len(kept()) > 50


def test_what_loses_its_price_leaves_the_sums() -> None:
    PricingRule.objects.update(is_active=False)

    reprice_offers(now=timezone.now())

    assert kept() == {}


@pytest.mark.parametrize("rest", ["is_enabled", "paused_until"])
def test_a_supplier_that_rests_is_left_out_at_once(rest: str, alpha: Supplier) -> None:
    now = timezone.now()
    resting = {"is_enabled": False, "paused_until": now + timedelta(seconds=30)}
    before = on_sale(now)

    Supplier.objects.filter(pk=alpha.pk).update(**{rest: resting[rest]})

    assert min(before) > 0
    assert on_sale(now) == [0, 0]
    assert (on_sale(now + timedelta(minutes=1)) == before) is (rest == "paused_until")


def on_sale(
    now: datetime, country: Country | None = None, service: Service | None = None
) -> list[int]:
    """How many services, and how many countries, have something on sale."""
    services: Any = Service.objects.with_availability("live", country, now=now)
    countries: Any = Country.objects.with_availability("live", service, now=now)
    return [rows.filter(stock__gt=0).count() for rows in (services, countries)]


def test_one_country_and_one_service_are_read_from_the_offers() -> None:
    """So what was just sold out is seen at once."""
    now = timezone.now()
    indonesia, whatsapp = Country.objects.get(code="id"), Service.objects.get(code="whatsapp")

    Offer.objects.filter(service=whatsapp, country=indonesia).update(stock=0)

    service = Service.objects.with_availability("live", indonesia, now=now).get(pk=whatsapp.pk)
    country = Country.objects.with_availability("live", whatsapp, now=now).get(pk=indonesia.pk)
    assert (service.stock, service.price) == (country.stock, country.price) == (0, None)  # type: ignore[attr-defined]


def test_goods_that_rest_are_not_shown_where_one_country_is_asked(alpha: Supplier) -> None:
    now = timezone.now()
    indonesia, whatsapp = Country.objects.get(code="id"), Service.objects.get(code="whatsapp")
    goods = {"supplier": alpha, "service": whatsapp, "country": indonesia}
    others = on_sale(now, indonesia, whatsapp)
    Pause.objects.create(**goods, until=now + timedelta(minutes=1))

    resting = on_sale(now, indonesia, whatsapp)

    assert resting == [count - 1 for count in others]
    assert on_sale(now + timedelta(minutes=2), indonesia, whatsapp) == others


@pytest.mark.parametrize("named", [("service",), ("country",), ("service", "country")])
def test_blocked_goods_leave_the_sums(named: tuple[str, ...]) -> None:
    goods = {
        "service": Service.objects.get(code="whatsapp"),
        "country": Country.objects.get(code="id"),
    }
    Block.objects.create(reason="misuse", **{name: goods[name] for name in named})

    mark_availability_stale(now=timezone.now())
    refresh_stale_availability(now=timezone.now())

    sold = Offer.objects.on_sale("live", timezone.now())
    for name in ("service", "country"):
        sums = Availability.objects.filter(supplier__mode="live", **{f"{name}__isnull": False})
        shown = dict(sums.values_list(name).annotate(total=Sum("stock")))
        assert shown == dict(sold.values_list(name).annotate(total=Sum("stock")))


@pytest.fixture
def short(alpha: Supplier) -> Supplier:
    """Alpha, where our balance reaches for the cheaper half of what it sells."""
    costs = sorted(Offer.objects.filter(supplier=alpha, stock__gt=0).values_list("cost", flat=True))
    alpha.balance, alpha.balance_at = costs[len(costs) // 2], timezone.now()
    alpha.save()
    refresh_stale_availability(now=timezone.now())
    return alpha


def test_what_we_cannot_afford_leaves_the_sums(short: Supplier) -> None:
    everything = summed_up()

    assert short.balance is not None
    assert kept() == summed_up(up_to={short.pk: short.balance})
    assert 0 < len(kept()) <= len(everything)
    assert kept() != everything


def test_sums_are_made_again_only_where_a_balance_decides(short: Supplier) -> None:
    suppliers = Supplier.objects.filter(pk=short.pk)
    now = timezone.now()
    assert refresh_stale_availability(now=now) == 0

    suppliers.update(balance=10**9)
    assert refresh_stale_availability(now=now) > 0
    assert kept() == summed_up()

    suppliers.update(balance=10**8)
    with CaptureQueriesContext(connection) as captured:
        assert refresh_stale_availability(now=now) == 0
    assert len(captured) == 1


def test_a_balance_read_long_ago_says_nothing(short: Supplier) -> None:
    later = timezone.now() + timedelta(minutes=16)

    refresh_stale_availability(now=later)

    assert kept() == summed_up()
    assert on_sale(later) >= on_sale(timezone.now())


def test_what_is_shown_is_what_would_be_bought(short: Supplier) -> None:
    now = timezone.now()
    indonesia, whatsapp = Country.objects.get(code="id"), Service.objects.get(code="whatsapp")
    services: Any = Service.objects.with_availability("live", indonesia, now=now)
    countries: Any = Country.objects.with_availability("live", whatsapp, now=now)

    shown = [(service, indonesia, service.price) for service in services]
    shown += [(whatsapp, country, country.price) for country in countries]

    quoted = {
        (service, country): find_quote(service, country, user=None, mode="live", now=now).price
        for service, country, _price in shown
    }
    assert {(service, country): price for service, country, price in shown} == quoted
    sold = Offer.objects.on_sale("live", now)
    assert {price is not None for price in quoted.values()} == {True, False}
    for service, country, price in shown:
        assert sold.for_goods(service, country).exists() is (price is not None)


def test_a_supplier_without_money_is_not_shown(alpha: Supplier) -> None:
    Supplier.objects.filter(pk=alpha.pk).update(balance=0, balance_at=timezone.now())

    refresh_stale_availability(now=timezone.now())

    assert on_sale(timezone.now()) == [0, 0]
