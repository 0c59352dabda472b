"""Reading a supplier's price list: all of it or nothing, by one process at a time.

The row of the run is the lease: only one of a supplier's runs has not ended, and one whose lease
has passed is closed as cut off by the next. The list goes to a file first; then one transaction
stores it and ends the run, so whatever happens there is either no change or the whole of it. As
long as that takes, the lock on the run's row stands for the lease: it ends with whoever held it.
"""

import time
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Case, F, Value, When

from accounts.models import User
from catalog.actions.locking import lock_offers
from catalog.actions.repricing import read_pricing
from catalog.actions.spooling import Spool, is_storable, spooled
from catalog.actions.storing import LARGEST_LOSS, Stored, store_listings
from catalog.models import (
    CountryMapping,
    Offer,
    ServiceMapping,
    Supplier,
    SyncRun,
    SyncState,
)
from catalog.pace import Turn, paced
from catalog.proposals import propose_countries, propose_services
from nexotp.lib import memory
from nexotp.lib.clock import Clock
from nexotp.lib.db import release_connection
from suppliers.base import NamedCode, SupplierError

logger = structlog.get_logger(__name__)

# Longer than a supplier may take for one answer; renewed as lines come.
_READING_LEASE = timedelta(minutes=6)
# From the last line until the row of the run is locked.
_STORING_LEASE = timedelta(minutes=1)
# As long as a message to a worker lives; then it is sent again.
_ASKED_LEASE = timedelta(minutes=10)
_PROGRESS_SECONDS = 2.0
_LOG_KEPT = timedelta(days=30)


class SyncFailed(Exception):
    """The supplier's catalogue could not be read or was not believed; nothing was changed."""


class SyncUnderWay(SyncFailed):
    """Somebody else reads this supplier's catalogue at the moment."""


class _TooShort(Exception):
    """The list lost more of what was in stock than we believe at once."""


class _TakenOver(Exception):
    """Our lease had passed, and somebody else closed our run."""


def ask_sync(supplier: Supplier, *, by: User | None = None, now: datetime) -> SyncRun | None:
    """Have the supplier's list read soon; return the run to wait for where a worker must be told.

    None where one reads already, or is about to: however often it is asked for, it is read once.
    """
    lost = SyncRun.objects.under_way().filter(
        supplier=supplier, state=SyncState.ASKED, lease_until__lt=now
    )
    with transaction.atomic():
        if (again := lost.select_for_update(skip_locked=True).first()) is not None:
            again.lease_until = now + _ASKED_LEASE
            again.save(update_fields=["lease_until"])
            return again
    _close_dead(supplier, now=now)
    try:
        with transaction.atomic():
            return SyncRun.objects.create(
                supplier=supplier,
                state=SyncState.ASKED,
                began_at=now,
                lease_until=now + _ASKED_LEASE,
                asked_by=by,
            )
    except IntegrityError:
        return None


def sync_catalogue(supplier: Supplier, *, now: datetime, asked: int | None = None) -> SyncRun:
    """Bring offers in line with the supplier's price list and return the log of it.

    `asked` is the run that somebody waits for; where another worker took it, it is done there.
    Everything is read before anything is written. Offers that vanished go out of stock.
    Raises SyncFailed, SyncUnderWay.
    """
    clock = Clock(now)
    run = _begin(supplier, asked, now=now)
    memory.forget_peak()
    try:
        stored = _read_and_store(supplier, run, clock)
    except (SupplierError, _TooShort, _TakenOver) as error:
        _fail(supplier, run, str(error), clock, is_too_short=isinstance(error, _TooShort))
        raise SyncFailed(f"{supplier}: {error}") from error
    except BaseException as error:
        _fail(supplier, run, f"{type(error).__name__}: {error}", clock)
        raise
    run.refresh_from_db()
    counts = asdict(stored)
    del counts["changes"]
    logger.info("catalogue stored", supplier=supplier.code, **counts)
    return run


def forget_old_runs(*, now: datetime) -> int:
    """Delete what the log need not keep any longer; return how many runs that were."""
    deleted, _each = SyncRun.objects.filter(began_at__lt=now - _LOG_KEPT).delete()
    return deleted


def _begin(supplier: Supplier, asked: int | None, *, now: datetime) -> SyncRun:
    """Open a run, or take the one that was asked for, after closing one that was cut off before.

    Raises SyncUnderWay.
    """
    waiting = SyncRun.objects.under_way().filter(supplier=supplier, state=SyncState.ASKED)
    with transaction.atomic():
        run = waiting.select_for_update(skip_locked=True).first()
        if run is not None and asked in (None, run.pk):
            run.state, run.began_at = SyncState.READING, now
            run.lease_until = now + _READING_LEASE
            run.save(update_fields=["state", "began_at", "lease_until"])
            return run
    if asked is not None:
        raise SyncUnderWay(f"{supplier}: another worker has taken it")
    _close_dead(supplier, now=now)
    try:
        with transaction.atomic():
            return SyncRun.objects.create(
                supplier=supplier, began_at=now, lease_until=now + _READING_LEASE
            )
    except IntegrityError as error:
        raise SyncUnderWay(f"{supplier}: a sync is under way") from error


def _close_dead(supplier: Supplier, *, now: datetime) -> None:
    expired = SyncRun.objects.under_way().filter(supplier=supplier, lease_until__lt=now)
    with transaction.atomic():
        dead = list(expired.select_for_update(skip_locked=True))
        SyncRun.objects.filter(pk__in=[run.pk for run in dead]).update(
            state=SyncState.CUT_OFF, ended_at=now, error="cut off"
        )


def _read_and_store(supplier: Supplier, run: SyncRun, clock: Clock) -> Stored:
    """Raises SupplierError, _TooShort, _TakenOver."""
    client = supplier.client()
    release_connection()
    with ExitStack() as reading:
        with paced(client, Turn.CATALOGUE):
            services, countries = client.services(), client.countries()
            look = _Progress(run, clock)
            spool = reading.enter_context(spooled(client.listings(), look=look))
        logger.info("catalogue read", supplier=supplier.code, listings=spool.read_count)
        _note_progress(
            run,
            lease_until=clock.now() + _STORING_LEASE,
            state=SyncState.STORING,
            read_count=spool.read_count,
            unreadable_count=spool.unreadable_count,
        )
        in_stock = Offer.objects.filter(supplier=supplier, stock__gt=0).count()
        is_confirmed = _is_short_again(supplier, spool, run, in_stock)
        with transaction.atomic():
            _lock_run(run)
            lock_offers(supplier)
            words = client.vocabulary
            ServiceMapping.objects.bulk_create(
                propose_services(supplier, _storable(services), vocabulary=words),
                ignore_conflicts=True,
            )
            CountryMapping.objects.bulk_create(
                propose_countries(supplier, _storable(countries), vocabulary=words),
                ignore_conflicts=True,
            )
            pricing = read_pricing(clock.now())
            stored = store_listings(
                supplier, spool, pricing, believe_losses=is_confirmed, now=clock.now()
            )
            _end(run, stored, in_stock, clock)
            _note_sync(supplier, fingerprint=pricing.fingerprint(supplier), now=clock.now())
    return stored


class _Progress:
    """Tells the log every few seconds how far we are, and keeps the lease ours."""

    def __init__(self, run: SyncRun, clock: Clock) -> None:
        self._run = run
        self._clock = clock
        self._told_at = time.monotonic()

    def __call__(self, read_count: int) -> None:
        """Raises _TakenOver."""
        if time.monotonic() - self._told_at < _PROGRESS_SECONDS:
            return
        self._told_at = time.monotonic()
        _note_progress(
            self._run, lease_until=self._clock.now() + _READING_LEASE, read_count=read_count
        )
        logger.info("catalogue being read", run=self._run.pk, listings=read_count)
        release_connection()


def _note_progress(run: SyncRun, **values: Any) -> None:
    """Write down how far we are, at once and for all to see. Raises _TakenOver."""
    if SyncRun.objects.under_way().filter(pk=run.pk).update(**values) != 1:
        raise _TakenOver("the lease was lost")


def _is_short_again(supplier: Supplier, spool: Spool, run: SyncRun, in_stock: int) -> bool:
    """Whether the list is much too short, as it was in the syncs before: then that is so.

    Raises _TooShort where it is so for the first time, or not often enough yet.
    """
    if spool.read_count >= in_stock * (1 - LARGEST_LOSS):
        return False
    enough = settings.CATALOGUE_CONFIRMATIONS - 1
    before = SyncRun.objects.filter(supplier=supplier).exclude(pk=run.pk).order_by("-began_at")
    if sum(before.values_list("is_too_short", flat=True)[:enough]) < enough:
        raise _TooShort(f"{spool.read_count} listings where {in_stock} were in stock")
    return True


def _lock_run(run: SyncRun) -> None:
    """Keep our run from being closed by others while we store. Raises _TakenOver."""
    if not SyncRun.objects.under_way().select_for_update().filter(pk=run.pk).exists():
        raise _TakenOver("the lease was lost")


def _storable(named: Iterable[NamedCode]) -> list[NamedCode]:
    return [each for each in named if each.code and is_storable(each.code)]


def _end(run: SyncRun, stored: Stored, in_stock: int, clock: Clock) -> None:
    SyncRun.objects.filter(pk=run.pk).update(
        state=SyncState.DONE,
        ended_at=clock.now(),
        added_count=stored.added,
        changed_count=stored.changed,
        vanished_count=stored.vanished,
        held_count=stored.held,
        unmapped_count=stored.unmapped,
        dearer_count=stored.changes.dearer,
        cheaper_count=stored.changes.cheaper,
        cost_shift=stored.changes.log_sum / in_stock if in_stock else 0,
        largest=stored.changes.largest,
        peak_memory=memory.peak_bytes(),
    )


def _note_sync(supplier: Supplier, *, fingerprint: str, now: datetime) -> None:
    """Last of all, so that the supplier's row is locked for a moment only.

    Where its other prices come from other rules than those just used, it is repriced soon.
    """
    Supplier.objects.filter(pk=supplier.pk).update(
        synced_at=now,
        sync_error="",
        priced_by=Case(When(priced_by=fingerprint, then=F("priced_by")), default=Value("")),
    )


def _fail(
    supplier: Supplier, run: SyncRun, error: str, clock: Clock, *, is_too_short: bool = False
) -> None:
    SyncRun.objects.under_way().filter(pk=run.pk).update(
        state=SyncState.FAILED,
        ended_at=clock.now(),
        error=error[:200],
        is_too_short=is_too_short,
        peak_memory=memory.peak_bytes(),
    )
    Supplier.objects.filter(pk=supplier.pk).update(sync_error=error[:200])
