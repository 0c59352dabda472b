"""When nothing is bought from a supplier: bans, breakers, and what staff decided.

A pause covers one supplier's goods (a service in a country) or all of that supplier, and says when
it ends. What is about the account (balance, key, pace) or about the way there pauses the supplier;
a ban or a purchase that came to nothing is about its goods first, and only when several goods rest
at once about the supplier.
"""

from datetime import datetime, timedelta

import structlog
from django.db.models import F, Q, QuerySet

from catalog.models import Offer, Pause, PauseReason, Supplier

logger = structlog.get_logger(__name__)

_FIRST_PAUSE = timedelta(seconds=15)
# Short: whether a supplier is well again is seen by the first purchase after a pause only.
_LONGEST_PAUSE = timedelta(minutes=1)
# Single failures happen; what fails this often in a row is left alone for a while.
_TOLERATED_FAILURES = 3
# A supplier that failed so often in a row, with whatever goods, is as bad as one not reached.
_TOLERATED_AT_ALL = 6
# As many goods of one supplier resting at once are about the supplier.
_MOST_RESTING = 3


def note_answer(offer: Offer) -> None:
    """Forget the failures counted so far: the supplier answered a purchase."""
    if offer.supplier.failure_count:
        Supplier.objects.filter(pk=offer.supplier_id).update(failure_count=0)
    if offer.pause is not None:
        bans = Q(reason__in=[PauseReason.BANNED, PauseReason.STAFF], until__isnull=False)
        row = Pause.objects.filter(pk=offer.pause.pk)
        if not row.filter(~bans).delete()[0]:
            row.update(failure_count=0)


def note_failure(offer: Offer, *, was_reached: bool, now: datetime) -> None:
    """Count a failure, and open the breaker, for longer each time, when they come in a row."""
    suppliers = Supplier.objects.filter(pk=offer.supplier_id)
    suppliers.update(failure_count=F("failure_count") + 1)
    count = suppliers.values_list("failure_count", flat=True).get()
    tolerated = _TOLERATED_AT_ALL if was_reached else _TOLERATED_FAILURES
    if count >= tolerated:
        pause_supplier(
            offer.supplier, until=now + _pause(count - tolerated), reason=PauseReason.FAILING
        )
    if was_reached:
        goods = _goods(offer)
        goods.update(failure_count=F("failure_count") + 1)
        # Gone again where an answer came in between.
        count = goods.values_list("failure_count", flat=True).first() or 0
        if count >= _TOLERATED_FAILURES:
            until = now + _pause(count - _TOLERATED_FAILURES)
            pause_goods(offer, until=until, reason=PauseReason.FAILING, now=now)


def _pause(beyond: int) -> timedelta:
    doubled: timedelta = _FIRST_PAUSE * 2 ** min(beyond, 10)
    return min(doubled, _LONGEST_PAUSE)


def pause_goods(
    offer: Offer,
    *,
    until: datetime,
    reason: PauseReason,
    now: datetime,
    is_only_these: bool = False,
) -> None:
    """Stop buying these goods here until a moment; a longer pause already set stays.

    Unless the supplier says that it is only about these, several of them pause all of it.
    """
    logger.warning(
        "goods paused",
        supplier=offer.supplier.code,
        service=offer.service_id,
        country=offer.country_id,
        reason=reason,
        until=until.isoformat(),
    )
    _goods(offer).filter(Q(until=None) | Q(until__lt=until)).update(until=until, reason=reason)
    if is_only_these:
        return
    resting = Pause.objects.on(now).filter(supplier=offer.supplier_id)
    ends = [end for end in resting.values_list("until", flat=True) if end is not None]
    if len(ends) >= _MOST_RESTING:
        pause_supplier(offer.supplier, until=min(ends), reason=reason)


def pause_supplier(supplier: Supplier, *, until: datetime, reason: PauseReason) -> None:
    """Stop buying anything here until a moment; a longer pause already set stays."""
    logger.warning(
        "supplier paused", supplier=supplier.code, reason=reason, until=until.isoformat()
    )
    Supplier.objects.filter(pk=supplier.pk).exclude(paused_until__gt=until).update(
        paused_until=until, paused_for=reason
    )


def lift_pauses(suppliers: QuerySet[Supplier]) -> None:
    """Buy from these suppliers again, all of their goods, and forget their failures."""
    Pause.objects.filter(supplier__in=suppliers).delete()
    suppliers.update(paused_until=None, paused_for="", failure_count=0)


def _goods(offer: Offer) -> QuerySet[Pause]:
    """Return the row of an offer's goods, made when it is needed first."""
    goods = {
        "supplier_id": offer.supplier_id,
        "service_id": offer.service_id,
        "country_id": offer.country_id,
    }
    Pause.objects.bulk_create([Pause(**goods)], ignore_conflicts=True)
    return Pause.objects.filter(**goods)
