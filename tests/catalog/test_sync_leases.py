"""One process at a time reads a supplier's catalogue, and a dead one is not waited for."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from catalog.actions import SyncFailed, SyncUnderWay, ask_sync, sync_catalogue
from catalog.models import Offer, Supplier, SyncRun, SyncState
from tests.catalog.lists import line, stock, sync
from tests.catalog.waiting import until_somebody_waits
from tests.together import all_at_once, kinds


def test_of_two_at_once_one_reads(beta: Supplier, prices) -> None:
    outcomes = all_at_once(lambda _number: sync(beta), count=4)

    assert kinds(outcomes)["SyncRun"] >= 1
    assert set(kinds(outcomes)) <= {"SyncRun", "SyncUnderWay"}
    assert SyncRun.objects.filter(supplier=beta).count() == kinds(outcomes)["SyncRun"]
    assert stock(beta) == {("whatsapp", "id"): 5, ("telegram", "id"): 5, ("whatsapp", "us"): 5}


def test_while_one_reads_another_gives_way(beta: Supplier, prices) -> None:
    refused = []

    def read_too() -> None:
        with pytest.raises(SyncUnderWay):
            sync(beta)
        refused.append(True)

    prices.meanwhile = staticmethod(read_too)

    assert sync(beta).added_count == 3
    assert refused == [True]


def test_a_dead_run_is_closed_by_the_next(beta: Supplier, prices) -> None:
    long_ago = timezone.now() - timedelta(hours=1)
    dead = SyncRun.objects.create(
        supplier=beta, began_at=long_ago, lease_until=long_ago + timedelta(minutes=6)
    )

    sync(beta)

    dead.refresh_from_db()
    assert (dead.state, dead.error) == (SyncState.CUT_OFF, "cut off")
    assert stock(beta)["whatsapp", "id"] == 5


def test_whoever_lost_the_lease_stores_nothing(beta: Supplier, prices) -> None:
    """It was so slow that another has read the newer list meanwhile."""
    slow = [line("wa", stock=1)]
    newer = [line("wa", stock=9)]

    def overtake() -> None:
        prices.meanwhile = staticmethod(lambda: None)
        prices.lines = newer
        sync_catalogue(beta, now=timezone.now() + timedelta(minutes=10))

    prices.lines, prices.meanwhile = slow, staticmethod(overtake)

    with pytest.raises(SyncFailed, match="lease"):
        sync(beta)

    assert stock(beta) == {("whatsapp", "id"): 9}
    states = SyncRun.objects.filter(supplier=beta).order_by("pk").values_list("state", flat=True)
    assert list(states) == [SyncState.CUT_OFF, SyncState.DONE]


def test_whoever_stores_keeps_the_lease_however_long_it_takes(beta: Supplier, prices) -> None:
    sync(beta)
    offer = Offer.objects.get(supplier=beta, service__code="telegram")
    prices.lines = [line("tg", stock=7), line("wa"), line("wa", "187")]
    thread = threading.Thread(target=_sync_and_close, args=[beta])
    with transaction.atomic():
        Offer.objects.select_for_update().get(pk=offer.pk)
        thread.start()
        until_somebody_waits()
        with pytest.raises(SyncUnderWay):
            sync_catalogue(beta, now=timezone.now() + timedelta(hours=1))
    thread.join(timeout=20)

    assert stock(beta)["telegram", "id"] == 7


def _sync_and_close(beta: Supplier) -> None:
    sync(beta)
    connection.close()


def test_many_who_ask_at_once_are_read_for_once(beta: Supplier, prices) -> None:
    asked = all_at_once(lambda _: ask_sync(beta, now=timezone.now()), count=8)

    assert kinds(asked) == {"SyncRun": 1, "NoneType": 7}
    (run,) = SyncRun.objects.filter(supplier=beta)
    outcomes = all_at_once(
        lambda _: sync_catalogue(beta, now=timezone.now(), asked=run.pk), count=4
    )
    assert kinds(outcomes) == {"SyncRun": 1, "SyncUnderWay": 3}
    assert SyncRun.objects.filter(supplier=beta).count() == 1
