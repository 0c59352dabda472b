"""Finding out what became of purchases whose answer was lost.

An unknown purchase is never adopted: other purchases of the same goods may have been in flight,
and two customers must never share a number. What it bought is an orphan, to be cancelled.
"""

import time
from collections import defaultdict
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction

from accounts.models import Mode
from catalog.models import Supplier
from catalog.pace import paced
from nexotp.lib.db import release_connection
from orders.models import PurchaseAttempt
from orders.states import AttemptState, Status
from suppliers.base import Activation, ActivationState, SupplierError
from suppliers.base import Supplier as SupplierClient

logger = structlog.get_logger(__name__)

# How far the supplier's clock, and a purchase's own delay, may be from ours.
_CLOCK_SKEW = timedelta(seconds=90)
# A purchase in flight is answered, or given up by its caller, within ten seconds.
_FLIGHT = timedelta(seconds=12)
_PAUSE_SECONDS = 0.2
# A supplier that cannot be read is asked again after this long, and after a day no more.
_RETRY_AFTER = timedelta(seconds=30)
_LIMIT = timedelta(days=1)
_OPEN = {ActivationState.WAITING, ActivationState.RECEIVED}

_ByGoods = dict[tuple[str, str], list[PurchaseAttempt]]


def settle_unknown_attempts(supplier: Supplier, *, now: datetime) -> int:
    """Look once for what a supplier's unknown purchases bought; return how many were decided.

    An activation that no attempt owns, of the same goods and time, becomes an orphan to cancel,
    as long as there are no more of them than unknown attempts; otherwise a person decides.
    """
    due = list(PurchaseAttempt.objects.unknown_at(supplier).filter(next_action_at__lte=now))
    if not due:
        return 0
    try:
        client = supplier.client()
        if not client.has_active_list and not client.has_history:
            return _give_up(due, supplier) or _put_off(due, now=now)
        release_connection()
        with paced(client):
            listed = _open_upstream(client, since=min(each.sent_at for each in due), now=now)
    except SupplierError as failure:
        logger.warning("unknown purchases not looked for", supplier=supplier.code)
        return _wait_for_supplier(due, error=str(failure), now=now)
    # The order of these three matters. A purchase that could own something in the list had been
    # recorded as sent before the list was read; once those are answered, each is either among the
    # unknown or among the owners. Later ones cannot own anything in it.
    in_flight = _await_answers(supplier, now=now)
    by_goods: _ByGoods = defaultdict(list)
    # Attempts not due yet compete for the same activations, so they count too.
    for attempt in PurchaseAttempt.objects.unknown_at(supplier).order_by("sent_at", "pk"):
        by_goods[attempt.supplier_service, attempt.supplier_country].append(attempt)
    unowned = _unowned(supplier, listed)
    return sum(
        _decide(attempts, [found for found in unowned if _fits(found, goods, attempts)], now=now)
        for goods, attempts in by_goods.items()
        if goods not in in_flight
    )


def _open_upstream(client: SupplierClient, *, since: datetime, now: datetime) -> list[Activation]:
    """Return what is open there; where there is no list, of what was bought lately."""
    if client.has_active_list:
        return client.active()
    past = client.history(since=since - _CLOCK_SKEW, until=now + _CLOCK_SKEW)
    return [each for each in past if each.state in _OPEN]


def _give_up(due: list[PurchaseAttempt], supplier: Supplier) -> int:
    """Leave to a person what cannot be looked for; in the sandbox nothing is ever lost."""
    if supplier.mode == Mode.SANDBOX:
        return 0
    error = "this supplier lists neither what is open nor what was bought"
    return sum(_decided(attempt, AttemptState.REVIEW, error=error) for attempt in due)


def _await_answers(supplier: Supplier, *, now: datetime) -> set[tuple[str, str]]:
    """Wait until what is in flight at this moment has been recorded; return the goods of the rest.

    What is left was cut off by a crash, and is given up before long.
    """
    sent = PurchaseAttempt.objects.on_same_site(supplier).filter(state=AttemptState.SENT)
    in_flight = list(sent.values_list("pk", flat=True))
    ends_at = time.monotonic() + _FLIGHT.total_seconds()
    while left := list(sent.filter(pk__in=in_flight)):
        is_hopeful = any(attempt.sent_at > now - _FLIGHT for attempt in left)
        if not is_hopeful or time.monotonic() > ends_at:
            break
        release_connection()
        time.sleep(_PAUSE_SECONDS)
    return {(attempt.supplier_service, attempt.supplier_country) for attempt in left}


def _unowned(supplier: Supplier, listed: list[Activation]) -> list[Activation]:
    references = [activation.reference for activation in listed]
    ours = PurchaseAttempt.objects.on_same_site(supplier)
    owned = set(ours.filter(reference__in=references).values_list("reference", flat=True))
    found = [activation for activation in listed if activation.reference not in owned]
    if not found:
        return []
    # A number that an order has already goes on as another activation when its code is sent again.
    waiting = ours.filter(state=AttemptState.BOUGHT, order__status=Status.RECEIVED)
    numbers = set(waiting.values_list("order__phone_number", flat=True))
    return [activation for activation in found if activation.phone_number not in numbers]


def _fits(found: Activation, goods: tuple[str, str], attempts: list[PurchaseAttempt]) -> bool:
    if found.goods is None or (found.goods.service, found.goods.country) != goods:
        return False
    if found.started_at is None:
        return True
    return any(abs(found.started_at - attempt.sent_at) <= _CLOCK_SKEW for attempt in attempts)


def _decide(attempts: list[PurchaseAttempt], candidates: list[Activation], *, now: datetime) -> int:
    if len(candidates) > len(attempts):
        logger.error("more activations than unknown purchases", count=len(candidates))
        error = "activations nobody owns: " + " ".join(each.reference for each in candidates)
        return sum(_decided(attempt, AttemptState.REVIEW, error=error) for attempt in attempts)
    decided = sum(
        _tie(attempt, found, now=now) for attempt, found in zip(attempts, candidates, strict=False)
    )
    return decided + _put_off(attempts[len(candidates) :], now=now)


def _tie(attempt: PurchaseAttempt, found: Activation, *, now: datetime) -> bool:
    """Tie an activation nobody owns to an unknown attempt, to be cancelled upstream."""
    try:
        with transaction.atomic():
            changed = PurchaseAttempt.objects.filter(
                pk=attempt.pk, state=AttemptState.UNKNOWN
            ).update(
                state=AttemptState.ORPHANED,
                reference=found.reference,
                cost=found.cost or attempt.cost,
                next_action_at=now,
            )
    except IntegrityError:
        # Its owner's answer, or another sweep, was faster.
        return False
    logger.warning("orphan found", attempt=attempt.pk, reference=found.reference)
    return bool(changed)


def _put_off(attempts: list[PurchaseAttempt], *, now: datetime) -> int:
    """Look again later; after the last look, nothing had been bought."""
    looks = settings.UNKNOWN_PURCHASE_LOOKS
    decided = 0
    for attempt in attempts:
        if attempt.next_action_at is None or attempt.next_action_at > now:
            continue
        look_count = attempt.look_count + 1
        if look_count >= len(looks):
            decided += _decided(attempt, AttemptState.NOTHING, error=attempt.error)
        else:
            _look_again(attempt, at=now + timedelta(seconds=looks[look_count]), count=look_count)
    return decided


def _wait_for_supplier(due: list[PurchaseAttempt], *, error: str, now: datetime) -> int:
    decided = 0
    for attempt in due:
        if now - attempt.sent_at > _LIMIT:
            decided += _decided(attempt, AttemptState.REVIEW, error=error)
        else:
            _look_again(attempt, at=now + _RETRY_AFTER, count=attempt.look_count)
    return decided


def _look_again(attempt: PurchaseAttempt, *, at: datetime, count: int) -> None:
    PurchaseAttempt.objects.filter(pk=attempt.pk, state=AttemptState.UNKNOWN).update(
        next_action_at=at, look_count=count
    )


def _decided(attempt: PurchaseAttempt, state: AttemptState, *, error: str) -> bool:
    return bool(
        PurchaseAttempt.objects.filter(pk=attempt.pk, state=AttemptState.UNKNOWN).update(
            state=state, error=error[:200], next_action_at=None
        )
    )
