"""Finding out what became of purchases whose answer was lost, and tidying up upstream.

An unknown purchase is never adopted: other purchases of the same goods may have been in flight,
and two customers must never share a number. What it bought is cancelled, or booked as a loss.
"""

from collections import defaultdict
from datetime import datetime, timedelta

import structlog
from django.db import IntegrityError, transaction

from catalog.models import Supplier
from nexotp.lib.db import release_connection
from orders.actions.waiting import record_activation
from orders.models import AttemptState, PurchaseAttempt, Status
from suppliers.base import Activation, ActivationState, CancelOutcome, SupplierError
from wallet.actions import record_supplier_loss

logger = structlog.get_logger(__name__)

# Looked for this often, this far apart, before we believe that nothing was bought.
_LOOKS = [timedelta(seconds=s) for s in (10, 20, 40, 60)]
# How far the supplier's clock, and a purchase's own delay, may be from ours.
_CLOCK_SKEW = timedelta(seconds=90)
_RETRY_AFTER = timedelta(seconds=20)
# An orphan that cannot be closed for this long goes to a person.
_ORPHAN_LIMIT = timedelta(minutes=30)
_CLAIM_AT_ONCE = 50


def settle_unknown_attempts(supplier: Supplier, *, now: datetime) -> int:
    """Look once for what a supplier's unknown purchases bought; return how many were decided.

    An activation that no attempt owns, of the same goods and time, becomes an orphan to cancel,
    as long as there are no more of them than unknown attempts; otherwise a person decides.
    Raises SupplierError when the supplier cannot be read.
    """
    due = list(
        PurchaseAttempt.objects.unknown_at(supplier)
        .filter(next_action_at__lte=now)
        .order_by("sent_at")
    )
    if not due:
        return 0
    client = supplier.client()
    if not client.has_active_list:
        return _put_off(due, now=now)
    release_connection()
    listed = client.active()
    in_flight = set(
        PurchaseAttempt.objects.filter(supplier=supplier, state=AttemptState.SENT).values_list(
            "supplier_service", "supplier_country"
        )
    )
    owned = set(
        PurchaseAttempt.objects.filter(
            supplier=supplier, reference__in=[activation.reference for activation in listed]
        ).values_list("reference", flat=True)
    )
    unowned = [activation for activation in listed if activation.reference not in owned]
    by_goods: dict[tuple[str, str], list[PurchaseAttempt]] = defaultdict(list)
    # Attempts not due yet compete for the same activations, so they count too.
    for attempt in PurchaseAttempt.objects.unknown_at(supplier).order_by("sent_at"):
        by_goods[attempt.supplier_service, attempt.supplier_country].append(attempt)
    decided = 0
    for goods, attempts in by_goods.items():
        if goods in in_flight:
            # Somebody's answer is still on its way: the activation may be theirs.
            continue
        candidates = [found for found in unowned if _fits(found, goods, attempts)]
        decided += _decide(attempts, candidates, now=now)
    return decided


def _fits(found: Activation, goods: tuple[str, str], attempts: list[PurchaseAttempt]) -> bool:
    if found.goods is None or (found.goods.service, found.goods.country) != goods:
        return False
    if found.started_at is None:
        return True
    return any(abs(found.started_at - attempt.sent_at) <= _CLOCK_SKEW for attempt in attempts)


def _decide(
    attempts: list[PurchaseAttempt], candidates: list[Activation], *, now: datetime
) -> int:
    if len(candidates) > len(attempts):
        logger.error("more activations than unknown purchases", count=len(candidates))
        for attempt in attempts:
            _set_state(attempt, AttemptState.REVIEW, error="several activations nobody owns")
        return len(attempts)
    decided = 0
    for attempt, found in zip(attempts, candidates, strict=False):
        decided += _adopt_orphan(attempt, found, now=now)
    return decided + _put_off(attempts[len(candidates) :], now=now)


def _adopt_orphan(attempt: PurchaseAttempt, found: Activation, *, now: datetime) -> bool:
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
        # Its owner's answer was recorded in this very moment.
        return False
    logger.warning("orphan found", attempt=attempt.pk, reference=found.reference)
    return bool(changed)


def _put_off(attempts: list[PurchaseAttempt], *, now: datetime) -> int:
    """Look again later; after the last look, nothing had been bought."""
    decided = 0
    for attempt in attempts:
        if attempt.next_action_at is None or attempt.next_action_at > now:
            continue
        if attempt.look_count >= len(_LOOKS):
            _set_state(attempt, AttemptState.NOTHING, error=attempt.error)
            decided += 1
            continue
        attempt.next_action_at = now + _LOOKS[attempt.look_count]
        attempt.look_count += 1
        attempt.save(update_fields=["next_action_at", "look_count"])
    return decided


def settle_due_attempts(*, now: datetime) -> int:
    """Finish upstream what was used and cancel what nobody wants. Returns how many were due."""
    actionable = PurchaseAttempt.objects.filter(
        state__in=[AttemptState.BOUGHT, AttemptState.ORPHANED]
    )
    claimed = actionable.claim_due(now, limit=_CLAIM_AT_ONCE)
    for attempt in claimed:
        try:
            if attempt.state == AttemptState.ORPHANED:
                _cancel_orphan(attempt, now=now)
            else:
                _finish_upstream(attempt, now=now)
        except SupplierError as failure:
            logger.warning("settling failed", attempt=attempt.pk, error=str(failure))
            _retry_or_review(attempt, error=str(failure), now=now)
        except Exception:
            logger.exception("attempt could not be settled", attempt=attempt.pk)
    return len(claimed)


def _finish_upstream(attempt: PurchaseAttempt, *, now: datetime) -> None:
    client = attempt.supplier.client()
    release_connection()
    client.finish(attempt.reference, now=now)
    _set_state(attempt, AttemptState.FINISHED)


def _cancel_orphan(attempt: PurchaseAttempt, *, now: datetime) -> None:
    client = attempt.supplier.client()
    release_connection()
    cancellation = client.cancel(attempt.reference, now=now)
    activation = client.status(cancellation.reference or attempt.reference, now=now)
    if activation.messages or activation.state in {
        ActivationState.RECEIVED,
        ActivationState.FINISHED,
    }:
        if attempt.order.status != Status.PURCHASING:
            record_activation(attempt.pk, activation, read_at=now, now=now)
        _book_loss(attempt, reason="code came to an activation nobody owns")
    elif activation.state in {ActivationState.CANCELLED, ActivationState.CLOSED}:
        _set_state(attempt, AttemptState.CANCELLED)
    elif cancellation.outcome == CancelOutcome.TOO_EARLY:
        wait = timedelta(seconds=cancellation.retry_after_seconds or 30)
        PurchaseAttempt.objects.filter(pk=attempt.pk).update(next_action_at=now + wait)
    else:
        _retry_or_review(attempt, error=str(cancellation.outcome), now=now)


@transaction.atomic
def _book_loss(attempt: PurchaseAttempt, *, reason: str) -> None:
    if attempt.cost:
        record_supplier_loss(
            attempt_id=attempt.pk,
            order_id=attempt.order_id,
            cost=attempt.cost,
            currency=attempt.currency,
            mode=attempt.order.mode,
            reason=reason,
        )
    _set_state(attempt, AttemptState.LOST, error=reason)


def _retry_or_review(attempt: PurchaseAttempt, *, error: str, now: datetime) -> None:
    if now - attempt.sent_at > _ORPHAN_LIMIT + _orphan_grace(attempt):
        _set_state(attempt, AttemptState.REVIEW, error=error)
    else:
        PurchaseAttempt.objects.filter(pk=attempt.pk).update(next_action_at=now + _RETRY_AFTER)


def _orphan_grace(attempt: PurchaseAttempt) -> timedelta:
    """An order in use may live for an hour before it is finished at all."""
    return timedelta(hours=2) if attempt.state == AttemptState.BOUGHT else timedelta(0)


def _set_state(attempt: PurchaseAttempt, state: AttemptState, *, error: str = "") -> None:
    PurchaseAttempt.objects.filter(pk=attempt.pk).update(
        state=state, error=error[:200], next_action_at=None
    )
