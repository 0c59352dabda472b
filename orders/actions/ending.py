"""Ending a purchase upstream: cancel, then believe only how it stands afterwards."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import structlog
from django.db import transaction

from catalog.pace import paced
from nexotp.lib.db import release_connection
from orders.crashes import crash_point
from orders.models import PurchaseAttempt
from orders.states import AttemptState
from suppliers.base import (
    Activation,
    ActivationState,
    Cancellation,
    CancelOutcome,
    RefusalReason,
    Refused,
    SupplierError,
)
from suppliers.base import Supplier as SupplierClient
from wallet.actions import record_supplier_loss

logger = structlog.get_logger(__name__)

_CLOSED = {ActivationState.CANCELLED, ActivationState.CLOSED, ActivationState.FINISHED}
_LOCK_SECONDS = 30


class End(StrEnum):
    """How a purchase stands upstream after it was asked to end."""

    CODE = "a code came"
    CLOSED = "closed without a charge"
    CODE_LOST = "closed with a code that cannot be read any more"
    # Closed before we asked, by a supplier that neither then nor later says how.
    UNCLEAR = "closed, with or without a charge"
    TOO_EARLY = "locked for a while yet"
    # Not known to the supplier, or alive in spite of its word: neither proves a refund.
    OPEN = "open, as far as is known"
    NO_ANSWER = "no answer"


@dataclass(frozen=True, slots=True)
class Ending:
    """`activation` is there with CODE, `lock_seconds` counts with TOO_EARLY."""

    end: End
    activation: Activation | None = None
    lock_seconds: int = _LOCK_SECONDS
    error: str = ""


def end_upstream(attempt: PurchaseAttempt, *, now: datetime) -> Ending:
    """Ask a supplier to cancel, and read what became of it. Raises nothing.

    Asking again is harmless. A code outdoes everything else, even where the supplier calls the
    activation cancelled.
    """
    try:
        return _end(attempt, attempt.supplier.client(), now=now)
    except SupplierError as failure:
        logger.warning("not ended upstream", attempt=attempt.pk, error=str(failure))
        return Ending(End.NO_ANSWER, error=str(failure))
    except Exception as error:
        # An adapter's bug or a key that cannot be decrypted must not keep an order open.
        logger.exception("ending broke", attempt=attempt.pk)
        return Ending(End.NO_ANSWER, error=type(error).__name__)


def _end(attempt: PurchaseAttempt, client: SupplierClient, *, now: datetime) -> Ending:
    release_connection()
    crash_point("closing")
    with paced(client):
        return _cancel_and_read(attempt, client, now=now)


def _cancel_and_read(attempt: PurchaseAttempt, client: SupplierClient, *, now: datetime) -> Ending:
    cancellation = _ask_to_end(attempt, client, now=now)
    crash_point("asked")
    if cancellation.reference and cancellation.reference != attempt.reference:
        attempt.reference = cancellation.reference
        attempt.save(update_fields=["reference"])
        release_connection()
    activation = client.status(attempt.reference, now=now)
    if activation.messages:
        return Ending(End.CODE, activation)
    if activation.state in _CLOSED:
        return _closed(attempt.reference, client, cancellation, activation)
    if cancellation.outcome == CancelOutcome.TOO_EARLY:
        seconds = cancellation.retry_after_seconds
        return Ending(End.TOO_EARLY, lock_seconds=seconds or _LOCK_SECONDS)
    return Ending(End.OPEN, error=f"{cancellation.outcome}, {activation.state}")


def _ask_to_end(attempt: PurchaseAttempt, client: SupplierClient, *, now: datetime) -> Cancellation:
    """Cancel; of a number that its customer reported, say what was wrong with it, too."""
    if attempt.order.number_reported_at is None:
        return client.cancel(attempt.reference, now=now)
    try:
        return client.report_bad_number(attempt.reference, now=now)
    except Refused as refusal:
        if refusal.reason != RefusalReason.BAD_REQUEST:
            raise
        # A complaint that is not taken must not keep the number from being given back.
        return client.cancel(attempt.reference, now=now)


def _closed(
    reference: str, client: SupplierClient, cancellation: Cancellation, activation: Activation
) -> Ending:
    """Tell a refund from a code that came and went while nobody could ask."""
    if activation.state == ActivationState.CANCELLED:
        return Ending(End.CLOSED)
    if cancellation.outcome == CancelOutcome.CANCELLED:
        return Ending(End.CLOSED)
    if messages := client.closed_messages(reference):
        finished = Activation(reference, ActivationState.FINISHED, messages)
        return Ending(End.CODE, finished)
    had_code = (
        cancellation.outcome == CancelOutcome.CODE_ARRIVED
        or activation.state == ActivationState.FINISHED
    )
    if had_code:
        return Ending(End.CODE_LOST)
    is_told_later = client.has_history or activation.state != ActivationState.CLOSED
    return Ending(End.CLOSED if is_told_later else End.UNCLEAR)


@transaction.atomic
def book_loss(attempt: PurchaseAttempt, *, reason: str) -> None:
    """Book a purchase that was charged and that no customer pays for, once."""
    if attempt.cost:
        record_supplier_loss(
            attempt_id=attempt.pk,
            order_id=attempt.order_id,
            cost=attempt.cost,
            currency=attempt.currency,
            mode=attempt.order.mode,
            reason=reason,
        )
    PurchaseAttempt.objects.filter(pk=attempt.pk).update(
        state=AttemptState.LOST, error=reason[:200], next_action_at=None
    )
