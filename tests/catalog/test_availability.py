"""What is on sale in sums is what the offers say, and a supplier that rests is left out at once."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from catalog.actions import reprice_offers
from catalog.models import Country, Offer, PricingRule, Service, Supplier
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


def on_sale(now: datetime) -> list[int]:
    """How many services, and how many countries, have something on sale."""
    lists: list[Any] = [Service.objects, Country.objects]
    return [rows.with_availability("live", now=now).filter(stock__gt=0).count() for rows in lists]


def test_one_country_and_one_service_are_read_from_the_offers() -> None:
    """So what was just sold out is seen at once."""
    now = timezone.now()
    indonesia, whatsapp = Country.objects.get(code="id"), Service.objects.get(code="whatsapp")

    Offer.objects.filter(service=whatsapp, country=indonesia).update(stock=0)

    service = Service.objects.with_availability("live", indonesia, now=now).get(pk=whatsapp.pk)
    country = Country.objects.with_availability("live", whatsapp, now=now).get(pk=indonesia.pk)
    assert (service.stock, service.price) == (country.stock, country.price) == (0, None)  # type: ignore[attr-defined]
