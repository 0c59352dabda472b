"""Reading a supplier's price list: all of it or nothing, and only what we understand is sold."""

from datetime import timedelta

import pytest
from django.utils import timezone

from catalog.actions import SyncFailed, refresh_balance
from catalog.models import CountryMapping, Offer, Service, ServiceMapping, Supplier
from tests.catalog.lists import NAMED, line, stock, sync


def test_offers_are_stored_and_priced(beta: Supplier, prices) -> None:
    assert sync(beta).added_count == 3

    assert stock(beta) == {("whatsapp", "id"): 5, ("telegram", "id"): 5, ("whatsapp", "us"): 5}
    assert not Offer.objects.filter(supplier=beta, price=None).exists()


def test_an_unchanged_list_writes_nothing(beta: Supplier, prices) -> None:
    sync(beta)

    assert sync(beta).written_count == 0


def test_what_vanished_goes_out_of_stock(beta: Supplier, prices) -> None:
    sync(beta)
    prices.lines = [line("wa"), line("tg", stock=9)]

    run = sync(beta)

    assert (run.changed_count, run.vanished_count) == (1, 1)
    assert stock(beta) == {("whatsapp", "id"): 5, ("telegram", "id"): 9, ("whatsapp", "us"): 0}


def test_a_sync_that_breaks_off_changes_nothing(beta: Supplier, prices) -> None:
    sync(beta)
    prices.lines, prices.breaks = [line("wa", stock=1), line("go")], True

    with pytest.raises(SyncFailed):
        sync(beta)

    assert stock(beta) == {("whatsapp", "id"): 5, ("telegram", "id"): 5, ("whatsapp", "us"): 5}
    beta.refresh_from_db()
    assert "cut off" in beta.sync_error


def test_a_list_that_suddenly_shrank_is_not_believed(beta: Supplier, prices) -> None:
    sync(beta)
    prices.lines = [line("wa")]

    with pytest.raises(SyncFailed):
        sync(beta)

    assert stock(beta)["telegram", "id"] == 5


def test_a_code_whose_name_disagrees_waits_for_review(beta: Supplier, prices) -> None:
    prices.names = NAMED | {"wa": "Wawa Markets"}

    sync(beta)

    assert ("whatsapp", "id") not in stock(beta)
    mapping = ServiceMapping.objects.get(supplier=beta, code="wa")
    assert mapping.service == Service.objects.get(code="whatsapp")
    assert not mapping.is_reviewed


def test_a_reviewed_mapping_is_sold_at_the_next_sync(beta: Supplier, prices) -> None:
    prices.names = NAMED | {"wa": "WA Messenger"}
    sync(beta)
    ServiceMapping.objects.filter(supplier=beta, code="wa").update(is_reviewed=True)

    sync(beta)

    assert stock(beta)["whatsapp", "id"] == 5


def test_an_unknown_country_waits_for_review(beta: Supplier, prices) -> None:
    prices.lines = [line("wa"), line("wa", "9999")]

    sync(beta)

    assert set(stock(beta)) == {("whatsapp", "id")}
    waiting = CountryMapping.objects.waiting().get(supplier=beta, code="9999")
    assert (waiting.country, waiting.listing_count, waiting.stock_count) == (None, 1, 5)


def test_of_two_codes_for_the_same_the_cheaper_is_the_offer(beta: Supplier, prices) -> None:
    prices.names = NAMED | {"wa2": "WhatsApp Business"}
    prices.lines = [line("wa", cost=2_000), line("wa2", cost=1_500)]
    sync(beta)
    ServiceMapping.objects.filter(supplier=beta, code="wa2").update(
        service=Service.objects.get(code="whatsapp"), is_reviewed=True
    )

    sync(beta)

    offer = Offer.objects.get(supplier=beta)
    assert (offer.supplier_service, offer.cost) == ("wa2", 1_500)


def test_the_balance_is_remembered(committed: None, alpha: Supplier, simulator) -> None:
    now = timezone.now() + timedelta(seconds=1)

    refresh_balance(alpha, now=now)

    alpha.refresh_from_db()
    assert alpha.balance == 1_000_000 * 10_000
    assert alpha.balance_at == now
