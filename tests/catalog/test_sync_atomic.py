"""Storing a list is all or nothing, and nobody who reads or buys waits for it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection, transaction
from django.db.utils import Error
from django.utils import timezone

from catalog.actions import note_moved_cost
from catalog.models import Availability, Offer, Service, Supplier, SyncRun, SyncState
from tests.catalog.lists import cost, line, stock, sync
from tests.catalog.waiting import until_somebody_waits

BROKEN = 4_321


@pytest.fixture
def broken_table(committed: None) -> Iterator[None]:
    """The database refuses one of the lines, after others were written."""
    name = "catalog_test_refuses"
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE catalog_offer ADD CONSTRAINT {name} CHECK (stock <> {BROKEN})")
    yield
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE catalog_offer DROP CONSTRAINT {name}")


@pytest.mark.usefixtures("broken_table")
def test_a_failure_in_the_middle_changes_nothing(beta: Supplier, prices) -> None:
    sync(beta)
    sums = list(Availability.objects.filter(supplier=beta).values_list())
    prices.lines = [line("go"), line("wa", stock=BROKEN), line("wa", "187")]

    with pytest.raises(Error):
        sync(beta)

    assert stock(beta) == {("whatsapp", "id"): 5, ("telegram", "id"): 5, ("whatsapp", "us"): 5}
    assert list(Availability.objects.filter(supplier=beta).values_list()) == sums
    run = SyncRun.objects.filter(supplier=beta).latest("pk")
    assert run.state == SyncState.FAILED
    assert "catalog_test_refuses" in run.error


@contextmanager
def storing(beta: Supplier, offer: Offer) -> Iterator[None]:
    """A sync that is in the middle of its transaction, waiting for one locked offer."""
    with transaction.atomic():
        Offer.objects.select_for_update().get(pk=offer.pk)
        thread = threading.Thread(target=_sync_and_close, args=[beta])
        thread.start()
        until_somebody_waits()
        yield
    thread.join(timeout=20)
    assert not thread.is_alive()


def _sync_and_close(beta: Supplier) -> None:
    try:
        sync(beta)
    finally:
        connection.close()


def test_reads_are_not_hindered_by_a_sync(beta: Supplier, prices) -> None:
    sync(beta)
    offer = Offer.objects.get(supplier=beta, service__code="telegram")
    prices.lines = [line("wa", stock=7), line("tg", stock=7), line("go")]

    with storing(beta, offer):
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = '500ms'")
        seen = stock(beta)
        services = Service.objects.with_availability("live", now=timezone.now()).count()

    assert seen == {("whatsapp", "id"): 5, ("telegram", "id"): 5, ("whatsapp", "us"): 5}
    assert services > 300
    assert stock(beta)["telegram", "id"] == 7


def test_a_purchase_that_learns_a_price_does_not_wait_for_a_sync(beta: Supplier, prices) -> None:
    sync(beta)
    locked = Offer.objects.select_related("supplier").get(supplier=beta, service__code="telegram")

    with transaction.atomic():
        Offer.objects.select_for_update().get(pk=locked.pk)
        learner = threading.Thread(target=_learn, args=[locked])
        learner.start()
        learner.join(timeout=3)
        assert not learner.is_alive()

    assert cost(beta, "telegram") == 1_000


def _learn(offer: Offer) -> None:
    note_moved_cost(offer, cost=1_500, now=timezone.now())
    connection.close()
