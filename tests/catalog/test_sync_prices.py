"""Prices and sums after a sync are those of this moment, whatever was priced before."""

from decimal import Decimal

import pytest
from django.utils import timezone

from catalog.actions import note_moved_cost, refresh_stale_availability, reprice_offers
from catalog.models import Offer, PricingRule, Supplier
from tests.catalog.lists import line, sync
from tests.catalog.sums import kept, summed_up


@pytest.fixture
def dear_rule(committed: None):
    """Prices are in the hundreds of thousands while it is there."""
    rule = PricingRule.objects.create(markup_percent=Decimal(0), markup_fixed=800_000)
    yield rule
    PricingRule.objects.filter(pk=rule.pk).delete()
    reprice_offers(now=timezone.now())


def test_a_sync_keeps_the_sums(beta: Supplier, prices) -> None:
    sync(beta)
    prices.lines = [line("tg", stock=9, cost=2_000), line("go"), line("wa", stock=0)]

    sync(beta)

    assert kept() == summed_up()


def test_a_learned_cost_is_in_the_sums_soon(beta: Supplier, prices) -> None:
    sync(beta)
    offer = Offer.objects.select_related("supplier").get(supplier=beta, service__code="telegram")

    note_moved_cost(offer, cost=2_500, now=timezone.now())
    refresh_stale_availability(now=timezone.now())

    assert kept() == summed_up()
    assert refresh_stale_availability(now=timezone.now()) == 0


def test_new_offers_are_priced_as_they_are_stored(
    beta: Supplier, prices, dear_rule: PricingRule
) -> None:
    sync(beta)

    assert Offer.objects.filter(supplier=beta, price__gte=800_000).count() == 3


def test_a_supplier_priced_by_two_sets_of_rules_is_repriced(
    beta: Supplier, prices, dear_rule: PricingRule
) -> None:
    """Some of its offers were stored while another rule held, which is gone again."""
    reprice_offers(now=timezone.now())
    sync(beta)
    dear_rule.delete()
    prices.lines = [*prices.lines, line("go")]
    sync(beta)

    reprice_offers(now=timezone.now())

    assert not Offer.objects.filter(price__gte=800_000).exists()
    assert kept() == summed_up()
