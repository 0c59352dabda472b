"""Cancel and expiry are one path: ask the supplier, believe only its final state, then release.

A code that wins the race is delivered and earned. A refund that no supplier matched is our loss,
so the money goes back only after the activation is seen closed, or after a limit, for review.
"""

import time
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from nexotp.lib.db import release_connection
from nexotp.lib.errors import Problem
from nexotp.lib.http import timestamp
from orders.actions.buying import SupplierUnavailable, fail_order
from orders.actions.crowd import AT_ONCE, do_together
from orders.actions.ending import End, Ending, book_loss, end_upstream
from orders.actions.receiving import finish_order, record_activation
from orders.actions.telling import tell_customer
from orders.crashes import crash_point
from orders.models import Order, PurchaseAttempt, lease_from
from orders.states import CAPTURED, AttemptState, Status
from wallet.actions import refund_price, release_price

logger = structlog.get_logger(__name__)

# So long a cancel waits for another that was faster, looking this often; then it may come again.
_PATIENCE_SECONDS, _LOOK_EVERY_SECONDS, _ASK_AGAIN_SECONDS = 2.0, 0.05, 5
# A supplier that does not answer is asked again at these distances.
_RETRIES = [timedelta(seconds=s) for s in (2, 5, 10, 20, 30, 60)]
# A lock that outlasts what the supplier had said is tried again after this long.
_LOCK_PAUSE = timedelta(seconds=15)
# A purchase in review is still asked about by the sweep, beginning after this long.
_REVIEW_PAUSE = timedelta(minutes=1)


class OrderNotCancellable(Problem):
    code = "order_not_cancellable"
    message = _("The order cannot be cancelled in its present state.")
    example_details = {"status": "received"}


class CancelTooEarly(Problem):
    code = "cancel_too_early"
    retryable = True
    message = _("The provider does not take a number back this early.")
    example_retry_after = 75
    example_details = {"cancelAvailableAt": "2026-06-22T06:02:00.000Z"}


class OrderNotRefundable(Problem):
    code = "order_not_refundable"
    message = _("Only an order that was charged, and not refunded yet, can be refunded.")


def cancel_order(order: Order, *, by: User | None, reason: str, now: datetime) -> Order:
    """Cancel a waiting order and give its price back.

    Raises OrderNotCancellable (a code came, or it has ended), CancelTooEarly, and
    SupplierUnavailable: the supplier did not say how it stands, and the sweep goes on asking.
    """
    return _cancel(order, by=by, reason=reason, now=now)


def report_number(order: Order, *, by: User | None, now: datetime) -> Order:
    """Cancel a waiting order because its number had been used for the service before.

    The supplier is told so where it has a call for it, and the number counts as one that got no
    code, however soon it was reported. Raises what `cancel_order` raises.
    """
    return _cancel(order, by=by, reason="number already used", now=now, number_reported_at=now)


def _cancel(
    order: Order, *, by: User | None, reason: str, now: datetime, **changes: datetime
) -> Order:
    """Raises OrderNotCancellable, CancelTooEarly, SupplierUnavailable."""
    with transaction.atomic():
        order = Order.objects.locked(order.pk)
        is_closing = order.status == Status.CLOSING
        if not is_closing:
            _check_cancellable(order, now)
            _begin_closing(order, closing_as=Status.CANCELLED, reason=reason, now=now, **changes)
    logger.info("cancel asked", order=order.public_id, by=by.pk if by else None)
    order = _await_closing(order) if is_closing else _close(order, now=now)
    if order.status == Status.CANCELLED:
        return order
    if order.status == Status.WAITING:
        raise _too_early(order, now)
    if order.status == Status.CLOSING:
        raise SupplierUnavailable(_CLOSING_GOES_ON, retry_after=_ASK_AGAIN_SECONDS)
    raise OrderNotCancellable(details={"status": order.public_status})


def _check_cancellable(order: Order, now: datetime) -> None:
    """Raises OrderNotCancellable, CancelTooEarly."""
    if order.status != Status.WAITING:
        raise OrderNotCancellable(details={"status": order.public_status})
    if not order.can_cancel(now):
        raise _too_early(order, now)


def _await_closing(order: Order) -> Order:
    """Return the order once somebody else has closed it, or as it is after a moment.

    Two cancels at once, a double click: both want to know what the first one came to.
    """
    ends_at = time.monotonic() + _PATIENCE_SECONDS
    while order.status == Status.CLOSING and time.monotonic() < ends_at:
        release_connection()
        time.sleep(_LOOK_EVERY_SECONDS)
        order = Order.objects.get(pk=order.pk)
    return order


_CLOSING_GOES_ON = _(
    "The provider has not confirmed yet. We keep asking; a refund comes by itself, within minutes."
)


def _too_early(order: Order, now: datetime) -> CancelTooEarly:
    available_at = order.cancel_available_at or now
    return CancelTooEarly(
        retry_after=max(1, int((available_at - now).total_seconds()) + 1),
        details={"cancelAvailableAt": timestamp(available_at)},
    )


def advance_due_orders(*, now: datetime) -> int:
    """Do what is due: give up crashed purchases, expire, close, finish. Returns how many.

    One order's trouble does not keep the others waiting; its lease runs out by itself.
    """
    claimed = Order.objects.claim_due(now, limit=AT_ONCE)

    def advance(order: Order) -> None:
        try:
            _advance(order, now=now)
        except Exception:
            logger.exception("order could not be advanced", order=order.public_id)

    do_together(claimed, advance)
    return len(claimed)


def _advance(order: Order, *, now: datetime) -> None:
    match order.status:
        case Status.PURCHASING:
            _give_up_purchase(order, now=now)
        case Status.WAITING:
            with transaction.atomic():
                locked = Order.objects.locked(order.pk)
                if locked.status != Status.WAITING or locked.lease_token != order.lease_token:
                    return
                _begin_closing(locked, closing_as=Status.EXPIRED, reason="", now=now)
            _close(locked, now=now)
        case Status.CLOSING:
            _close(order, now=now)
        case Status.RECEIVED:
            finish_order(order, by=None, now=now)


@transaction.atomic
def _give_up_purchase(order: Order, *, now: datetime) -> None:
    """End an order whose purchase was cut off by a crash; what it bought is looked for."""
    locked = Order.objects.locked(order.pk)
    if locked.status != Status.PURCHASING:
        return
    locked.attempts.filter(state=AttemptState.SENT).update(
        state=AttemptState.UNKNOWN, error="no answer was recorded", next_action_at=now
    )
    fail_order(locked, failure=AttemptState.UNKNOWN, now=now)


def _begin_closing(
    order: Order, *, closing_as: Status, reason: str, now: datetime, **changes: datetime
) -> None:
    order.move(
        Status.CLOSING,
        now=now,
        closing_as=closing_as,
        closing_since=now,
        closing_reason=reason[:200],
        next_action_at=now,
        lease_until=lease_from(now),
        lease_token=order.lease_token + 1,
        **changes,
    )


def _close(order: Order, *, now: datetime) -> Order:
    """Ask for the end upstream and record how it stands; the caller holds the order's lease."""
    attempt = order.attempts.select_related("supplier", "order").get(state=AttemptState.BOUGHT)
    ending = end_upstream(attempt, now=now)
    crash_point("closed")
    if ending.activation is not None:
        record_activation(attempt.pk, ending.activation, read_at=now, now=now)
        return Order.objects.get(pk=order.pk)
    order = _record_ending(order, attempt, ending, now=now)
    crash_point("ended")
    return order


@transaction.atomic
def _record_ending(
    order: Order, attempt: PurchaseAttempt, ending: Ending, *, now: datetime
) -> Order:
    """Release, or say when to ask again, unless a code or another closer was faster."""
    locked = Order.objects.locked(order.pk)
    if locked.status != Status.CLOSING or locked.lease_token != order.lease_token:
        return locked
    closing_for = now - (locked.closing_since or now)
    if ending.end == End.CLOSED:
        _settle_purchase(attempt, AttemptState.CANCELLED)
        _release(locked, now=now)
    elif ending.end == End.UNCLEAR:
        _settle_purchase(attempt, AttemptState.REVIEW, error=ending.end)
        _release(locked, now=now)
    elif ending.end == End.CODE_LOST:
        book_loss(attempt, reason=ending.end)
        _release(locked, now=now)
    elif ending.end == End.TOO_EARLY and locked.closing_as == Status.CANCELLED:
        _go_on_waiting(locked, available_at=_unlocked_at(attempt, ending, now), now=now)
    elif closing_for > timedelta(seconds=settings.CLOSING_LIMIT_SECONDS):
        # The sweep goes on asking for a while, and a person may look.
        _settle_purchase(
            attempt, AttemptState.REVIEW, error=ending.error, next_look=now + _REVIEW_PAUSE
        )
        _release(locked, now=now)
    elif ending.end == End.TOO_EARLY:
        _ask_again(locked, at=_unlocked_at(attempt, ending, now))
    else:
        pause = next((p for p in _RETRIES if p > closing_for / 2), _RETRIES[-1])
        _ask_again(locked, at=now + pause)
    return locked


def _settle_purchase(
    attempt: PurchaseAttempt,
    state: AttemptState,
    *,
    error: str = "",
    next_look: datetime | None = None,
) -> None:
    PurchaseAttempt.objects.filter(pk=attempt.pk).update(
        state=state, error=error[:200], next_action_at=next_look
    )


def _release(order: Order, *, now: datetime) -> None:
    order.move(Status(order.closing_as), now=now, refund_amount=order.price)
    tell_customer(order, now=now)
    release_price(order.money, reason=order.closing_reason or order.closing_as)
    crash_point("released")


def _unlocked_at(attempt: PurchaseAttempt, ending: Ending, now: datetime) -> datetime:
    """When to try again. Suppliers that give a whole lock, not what is left of it, count it from
    the purchase.
    """
    lock = timedelta(seconds=ending.lock_seconds)
    bought_at = attempt.answered_at or attempt.sent_at
    return min(now + lock, max(bought_at + lock, now + _LOCK_PAUSE))


def _go_on_waiting(order: Order, *, available_at: datetime, now: datetime) -> None:
    order.move(
        Status.WAITING,
        now=now,
        cancel_available_at=available_at,
        next_action_at=order.expires_at,
        lease_until=None,
    )


def _ask_again(order: Order, *, at: datetime) -> None:
    order.next_action_at, order.lease_until = at, None
    order.save(update_fields=["next_action_at", "lease_until"])


@transaction.atomic
def refund_order(order: Order, *, by: User, reason: str, now: datetime) -> Order:
    """Give the price of a charged order back as goodwill, once. Raises OrderNotRefundable."""
    locked = Order.objects.locked(order.pk)
    if locked.status not in CAPTURED or locked.refund_amount:
        raise OrderNotRefundable(details={"status": locked.public_status})
    refund_price(locked.money, by=by, reason=reason)
    locked.note_change(now=now, refund_amount=locked.price)
    return locked
