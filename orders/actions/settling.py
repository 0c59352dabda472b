"""Tidying up upstream: finish what was used, cancel what no order wants or book it as a loss.

Rows here are leased by their time: whoever takes one has moved it past the lease.
"""

from datetime import datetime, timedelta

import structlog
from django.db import transaction

from catalog.pace import paced
from nexotp.lib.db import release_connection
from orders.actions.crowd import AT_ONCE, do_together
from orders.actions.ending import End, book_loss, end_upstream
from orders.actions.receiving import record_activation
from orders.crashes import crash_point
from orders.models import Order, PurchaseAttempt
from orders.states import AttemptState
from suppliers.base import SupplierError

logger = structlog.get_logger(__name__)

# A used number is finished this soon after it could not be, …
_FINISH_AGAIN = timedelta(seconds=20)
# … for so long after its order ended.
_FINISH_LIMIT = timedelta(minutes=30)
# An orphan is asked about this often, and after this long a person is to look as well.
_CANCEL_AGAIN = timedelta(seconds=20)
_ORPHAN_LIMIT = timedelta(minutes=30)
# What a person should look at often mends itself when the supplier is back: asked about this
# often, until no supplier's number would live any more.
_REVIEW_AGAIN = timedelta(minutes=5)
_REVIEW_LIMIT = timedelta(days=1)


def settle_due_attempts(*, now: datetime) -> int:
    """Finish upstream what was used and cancel what nobody wants. Returns how many were due."""
    claimed = PurchaseAttempt.objects.bought().claim_due(now, limit=AT_ONCE)

    def settle(attempt: PurchaseAttempt) -> None:
        try:
            if attempt.state == AttemptState.BOUGHT:
                _finish_upstream(attempt, now=now)
            else:
                _get_rid_of(attempt, now=now)
        except Exception:
            logger.exception("attempt could not be settled", attempt=attempt.pk)

    do_together(claimed, settle)
    return len(claimed)


def _finish_upstream(attempt: PurchaseAttempt, *, now: datetime) -> None:
    try:
        client = attempt.supplier.client()
        release_connection()
        crash_point("finishing upstream")
        with paced(client):
            client.finish(attempt.reference, now=now)
    except Exception as failure:
        if not isinstance(failure, SupplierError):
            logger.exception("finishing broke", attempt=attempt.pk)
        ended_at = attempt.order.closed_at or attempt.sent_at
        if now - ended_at > _FINISH_LIMIT:
            _change(attempt, AttemptState.REVIEW, error=str(failure), again=None)
        else:
            _change(attempt, AttemptState.BOUGHT, error=str(failure), again=now + _FINISH_AGAIN)
        return
    crash_point("finished upstream")
    _change(attempt, AttemptState.FINISHED, again=None)


def _get_rid_of(attempt: PurchaseAttempt, *, now: datetime) -> None:
    """Cancel what no order wants; a code that came to it is stored as late, and is our loss."""
    ending = end_upstream(attempt, now=now)
    crash_point("ended upstream")
    match ending.end:
        case End.CODE:
            if ending.activation is not None:
                record_activation(attempt.pk, ending.activation, read_at=now, now=now)
            if _book(attempt, reason="a code came when nobody waited any more"):
                _try_to_finish(attempt, now=now)
        case End.CODE_LOST:
            _book(attempt, reason=ending.end)
        case End.UNCLEAR:
            _change(attempt, AttemptState.REVIEW, error=ending.end, again=None)
        case End.CLOSED:
            _change(attempt, AttemptState.CANCELLED, again=None)
        case End.TOO_EARLY:
            wait = min(timedelta(seconds=ending.lock_seconds), _CANCEL_AGAIN)
            _change(attempt, AttemptState(attempt.state), again=now + wait)
        case End.OPEN | End.NO_ANSWER:
            _ask_again(attempt, error=ending.error, now=now)


@transaction.atomic
def _book(attempt: PurchaseAttempt, *, reason: str) -> bool:
    """Book the loss, unless somebody else has settled the attempt meanwhile."""
    Order.objects.locked(attempt.order_id)
    locked = PurchaseAttempt.objects.locked(attempt.pk)
    if locked.state != attempt.state:
        return False
    book_loss(attempt, reason=reason)
    return True


def _try_to_finish(attempt: PurchaseAttempt, *, now: datetime) -> None:
    """Finish what was booked as a loss, for the supplier's rating of us; once is enough."""
    release_connection()
    try:
        client = attempt.supplier.client()
        with paced(client):
            client.finish(attempt.reference, now=now)
    except SupplierError as failure:
        logger.warning("loss not finished upstream", attempt=attempt.pk, error=str(failure))


def _ask_again(attempt: PurchaseAttempt, *, error: str, now: datetime) -> None:
    age = now - attempt.sent_at
    if attempt.state == AttemptState.ORPHANED and age <= _ORPHAN_LIMIT:
        _change(attempt, AttemptState.ORPHANED, error=error, again=now + _CANCEL_AGAIN)
    elif age <= _REVIEW_LIMIT:
        _change(attempt, AttemptState.REVIEW, error=error, again=now + _REVIEW_AGAIN)
    else:
        _change(attempt, AttemptState.REVIEW, error=error, again=None)


def _change(
    attempt: PurchaseAttempt, state: AttemptState, *, again: datetime | None, error: str = ""
) -> None:
    """Record where the attempt stands, unless somebody else has settled it meanwhile."""
    PurchaseAttempt.objects.filter(pk=attempt.pk, state=attempt.state).update(
        state=state, error=error[:200], next_action_at=again
    )
