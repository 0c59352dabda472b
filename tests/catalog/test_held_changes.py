"""What a supplier suddenly says is held back until it has said so often, or staff agrees."""

import pytest
from django.utils import timezone
from pytest_django import Settings

from catalog.actions import SyncFailed, believe_changes, note_moved_cost, refuse_codes
from catalog.models import HeldChange, Offer, Service, ServiceMapping, Supplier
from tests.catalog.lists import cost, line, stock, sync


@pytest.fixture(autouse=True)
def three_syncs_and_a_factor_of_three(settings: Settings) -> None:
    settings.CATALOGUE_PRICE_FACTOR, settings.CATALOGUE_CONFIRMATIONS = 3, 3


def relist(prices, *, cost: int, stock: int = 5) -> None:
    prices.lines = [line("wa", cost=cost, stock=stock), *prices.lines[1:]]


@pytest.mark.parametrize("wild", [3_001, 333, 1_000_000])
def test_a_cost_that_jumped_is_held_back(beta: Supplier, prices, wild: int) -> None:
    sync(beta)
    before = Offer.objects.get(supplier=beta, service__code="whatsapp", country__code="id")
    relist(prices, cost=wild, stock=7)

    run = sync(beta)

    before.refresh_from_db()
    assert (before.cost, before.stock, run.held_count) == (1_000, 7, 1)
    assert HeldChange.objects.get(offer=before).cost == wild


@pytest.mark.parametrize("tame", [3_000, 334])
def test_a_cost_that_moved_is_taken_over(beta: Supplier, prices, tame: int) -> None:
    sync(beta)
    relist(prices, cost=tame)

    assert sync(beta).held_count == 0

    assert cost(beta) == tame


def test_what_three_syncs_in_a_row_say_is_believed(beta: Supplier, prices) -> None:
    sync(beta)
    relist(prices, cost=9_000)

    seen = []
    for _each in range(3):
        sync(beta)
        seen.append(cost(beta))

    assert seen == [1_000, 1_000, 9_000]
    assert not HeldChange.objects.filter(offer__supplier=beta).exists()
    assert Offer.objects.filter(supplier=beta, price__gt=10_000).count() == 1


def test_a_cost_that_changes_its_mind_begins_anew(beta: Supplier, prices) -> None:
    sync(beta)
    for wild in (9_000, 9_000, 90_000, 90_000):
        relist(prices, cost=wild)
        sync(beta)

    assert cost(beta) == 1_000
    assert HeldChange.objects.get(offer__supplier=beta).seen_count == 2


def test_a_cost_that_comes_back_is_forgotten(beta: Supplier, prices) -> None:
    sync(beta)
    relist(prices, cost=9_000)
    sync(beta)
    relist(prices, cost=1_100)

    sync(beta)

    assert cost(beta) == 1_100
    assert not HeldChange.objects.exists()


def test_staff_may_believe_sooner(beta: Supplier, prices) -> None:
    sync(beta)
    before = Offer.objects.get(supplier=beta, service__code="whatsapp", country__code="id")
    relist(prices, cost=9_000)
    sync(beta)

    assert believe_changes(HeldChange.objects.all(), now=timezone.now()) == 1

    after = Offer.objects.get(pk=before.pk)
    assert after.cost == 9_000
    assert (after.price or 0) > (before.price or 0)
    assert sync(beta).written_count == 0


def test_a_refusal_names_a_cost_within_the_band_only(beta: Supplier, prices) -> None:
    sync(beta)
    offer = Offer.objects.select_related("supplier").get(supplier=beta, service__code="telegram")

    note_moved_cost(offer, cost=90_000, now=timezone.now())
    unbelieved = cost(beta, "telegram")
    note_moved_cost(offer, cost=2_000, now=timezone.now())

    assert (unbelieved, cost(beta, "telegram")) == (1_000, 2_000)


# ---- losses -----------------------------------------------------------------------------------


@pytest.fixture
def many(prices) -> list[str]:
    """Thirty services in Indonesia, and as many in the United States."""
    codes = list(
        Service.objects.filter(is_test=False).order_by("pk").values_list("trade_code", flat=True)
    )[:30]
    prices.names = dict(
        Service.objects.filter(trade_code__in=codes).values_list("trade_code", "name")
    )
    prices.lines = [line(code, country) for code in codes for country in ("6", "187")]
    return codes


def in_stock(beta: Supplier, country: str) -> int:
    return sum(count > 0 for (_service, code), count in stock(beta).items() if code == country)


def test_most_of_a_country_does_not_vanish_at_once(beta: Supplier, prices, many) -> None:
    sync(beta)
    prices.lines = [line(code, "6") for code in many] + [line(code, "187") for code in many[:10]]

    left = []
    for _each in range(3):
        sync(beta)
        left.append(in_stock(beta, "us"))

    assert left == [30, 30, 10]
    assert in_stock(beta, "id") == 30


def test_a_few_losses_are_believed(beta: Supplier, prices, many) -> None:
    sync(beta)
    prices.lines = [line(code, "6") for code in many] + [line(code, "187") for code in many[:20]]

    assert sync(beta).vanished_count == 10

    assert in_stock(beta, "us") == 20


def test_a_country_that_comes_back_was_never_gone(beta: Supplier, prices, many) -> None:
    sync(beta)
    everything = prices.lines
    prices.lines = [line(code, "6") for code in many]
    held = sync(beta).held_count
    prices.lines = everything

    assert sync(beta).written_count == 0
    assert held == 30
    assert not HeldChange.objects.exists()


def test_what_people_refuse_to_sell_is_no_loss(beta: Supplier, prices, many) -> None:
    sync(beta)
    mappings = ServiceMapping.objects.filter(supplier=beta, code__in=many[:25])

    refuse_codes(mappings, now=timezone.now())
    at_once = in_stock(beta, "us")
    run = sync(beta)

    assert (at_once, run.held_count, in_stock(beta, "us")) == (5, 0, 5)


def test_a_list_that_stays_short_is_believed_in_the_end(beta: Supplier, prices, many) -> None:
    sync(beta)
    prices.lines = prices.lines[:10]

    for _each in range(2):
        with pytest.raises(SyncFailed, match="listings where"):
            sync(beta)
    sync(beta)

    assert sum(count > 0 for count in stock(beta).values()) == 10
