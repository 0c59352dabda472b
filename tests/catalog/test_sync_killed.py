"""A sync may be killed anywhere: the catalogue is the one before, and the next sync is whole."""

import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from django.db import connection, transaction
from django.utils import timezone

from catalog.actions import sync_catalogue
from catalog.models import Offer, Supplier, SyncRun, SyncState
from tests.catalog.lists import line, stock, sync
from tests.catalog.waiting import until_nobody_stores, until_somebody_waits

ROOT = Path(__file__).parents[2]
PROGRAM = """
import os, signal, sys
import django
django.setup()
from catalog.models import Supplier
from suppliers import registry
from tests.catalog.lists import PriceList, line, sync

class Beta(PriceList):
    lines = [line("wa", stock=8), line("tg", stock=8), line("go", stock=8)]

if sys.argv[1] == "reading":
    Beta.meanwhile = staticmethod(lambda: os.kill(os.getpid(), signal.SIGKILL))
registry.PROTOCOLS["smsactivate"] = Beta
sync(Supplier.objects.get(code="beta"))
"""
BEFORE = {("whatsapp", "id"): 5, ("telegram", "id"): 5, ("whatsapp", "us"): 5}


def start(where: str) -> "subprocess.Popen[bytes]":
    url = urlsplit(os.environ["DATABASE_URL"])
    database = str(connection.settings_dict["NAME"])
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, where],
        cwd=ROOT,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "nexotp.settings",
            "DATABASE_URL": urlunsplit(url._replace(path=f"/{database}")),
        },
    )


def recovers(beta: Supplier, prices, *, minutes: int) -> bool:
    """The next sync, once the lease of the dead is over, brings everything."""
    prices.lines = [line("wa", stock=8), line("tg", stock=8), line("go", stock=8)]
    sync_catalogue(beta, now=timezone.now() + timedelta(minutes=minutes))
    states = SyncRun.objects.filter(supplier=beta).order_by("pk").values_list("state", flat=True)
    assert list(states) == [SyncState.DONE, SyncState.CUT_OFF, SyncState.DONE]
    return stock(beta) == BEFORE | {
        ("whatsapp", "id"): 8,
        ("telegram", "id"): 8,
        ("google", "id"): 8,
        ("whatsapp", "us"): 0,
    }


def test_killed_while_reading(beta: Supplier, prices) -> None:
    sync(beta)

    assert start("reading").wait(timeout=60) == -signal.SIGKILL

    assert stock(beta) == BEFORE
    assert recovers(beta, prices, minutes=7)


def test_killed_while_storing(beta: Supplier, prices) -> None:
    sync(beta)
    offer = Offer.objects.get(supplier=beta, service__code="telegram")
    with transaction.atomic():
        Offer.objects.select_for_update().get(pk=offer.pk)
        process = start("storing")
        until_somebody_waits()
        process.kill()
        process.wait(timeout=20)

    until_nobody_stores()
    assert stock(beta) == BEFORE
    assert recovers(beta, prices, minutes=2)
