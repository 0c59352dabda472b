"""Cancel and expiry are one path: ask the supplier, believe only its final state, then release.

A code that wins the race is delivered and earned. A refund that no supplier matched is our loss,
so the money goes back only after the activation is seen closed, or after a limit, for review.
"""

from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from nexotp.lib.db import release_connection
from nexotp.lib.errors import Problem
from nexotp.lib.http import timestamp
from orders.actions.placing import SupplierUnavailable, fail_order
from orders.actions.waiting import finish_order, record_activation
from orders.crashes import crash_point
from orders.models import CAPTURED, LEASE, AttemptState, Order, PurchaseAttempt, Status
from suppliers.base import ActivationState, Cancellation, CancelOutcome, SupplierError
from wallet.actions import refund_price, release_price

logger = structlog.get_logger(__name__)

# A supplier that does not answer is asked again at these distances, …
_RETRIES = [timedelta(seconds=s) for s in (2, 5, 10, 20, 30, 60)]
# … and after this long the customer is refunded anyway and a person looks.
_LIMIT = timedelta(minutes=5)
_CLAIM_AT_ONCE = 50


class OrderNotCancellable(Problem):
    code = "order_not_cancellable"
    message = _("The order cannot be cancelled in its present state.")


class CancelTooEarly(Problem):
    code = "cancel_too_early"
    retryable = True
    message = _("The provider does not take a number back this early.")


class OrderNotRefundable(Problem):
    code = "order_not_refundable"
    message = _("Only an order that was charged, and not refunded yet, can be refunded.")


def cancel_order(order: Order, *, by: User | None, reason: str, now: datetime) -> Order:
    """Cancel a waiting order and give its price back.

    Raises OrderNotCancellable (a code came, or it has ended), CancelTooEarly, and
    SupplierUnavailable: the supplier did not say how it stands, and the sweep goes on asking.
    """
    with transaction.atomic():
        order = Order.objects.locked(order.pk)
        if order.status == Status.CLOSING:
            raise SupplierUnavailable(_CLOSING_GOES_ON)
        if order.status != Status.WAITING:
            raise OrderNotCancellable(details={"status": order.public_status})
        if not order.can_cancel(now):
            raise _too_early(order, now)
        _begin_closing(order, closing_as=Status.CANCELLED, reason=reason, now=now)
    logger.info("cancel asked", order=order.public_id, by=by.pk if by else None)
    order = _close(order, now=now)
    if order.status == Status.CANCELLED:
        return order
    if order.status == Status.WAITING:
        raise _too_early(order, now)
    if order.status == Status.CLOSING:
        raise SupplierUnavailable(_CLOSING_GOES_ON)
    raise OrderNotCancellable(details={"status": order.public_status})


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
    """Do what is due: give up crashed purchases, expire, close, finish. Returns how many."""
    claimed = Order.objects.claim_due(now, limit=_CLAIM_AT_ONCE)
    for order in claimed:
        try:
            _advance(order, now=now)
        except Exception:
            # One order's trouble must not keep the others waiting; its lease runs out by itself.
            logger.exception("order could not be advanced", order=order.public_id)
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


def _begin_closing(order: Order, *, closing_as: Status, reason: str, now: datetime) -> None:
    order.move(
        Status.CLOSING,
        now=now,
        closing_as=closing_as,
        closing_since=now,
        closing_reason=reason[:200],
        next_action_at=now,
        lease_until=now + LEASE,
        lease_token=order.lease_token + 1,
    )


def _close(order: Order, *, now: datetime) -> Order:
    """Ask for the end upstream and record how it stands; the caller holds the order's lease."""
    attempt = order.attempts.select_related("supplier").get(state=AttemptState.BOUGHT)
    client = attempt.supplier.client()
    release_connection()
    crash_point("closing")
    try:
        cancellation = client.cancel(attempt.reference, now=now)
        activation = client.status(cancellation.reference or attempt.reference, now=now)
    except SupplierError as failure:
        logger.warning("closing failed", order=order.public_id, error=str(failure))
        return _ask_again(order, attempt, now=now)
    crash_point("closed")
    if activation.messages:
        record_activation(attempt.pk, activation, read_at=now, now=now)
        return Order.objects.get(pk=order.pk)
    if activation.state in {ActivationState.CANCELLED, ActivationState.CLOSED}:
        return _settle_closed(order, attempt, AttemptState.CANCELLED, now=now)
    if cancellation.outcome == CancelOutcome.TOO_EARLY:
        return _wait_for_lock(order, attempt, cancellation, now=now)
    # Not known to the supplier, or alive in spite of its word: neither proves a refund.
    return _ask_again(order, attempt, now=now)


@transaction.atomic
def _settle_closed(
    order: Order, attempt: PurchaseAttempt, state: AttemptState, *, now: datetime
) -> Order:
    locked = Order.objects.locked(order.pk)
    if locked.status != Status.CLOSING or locked.lease_token != order.lease_token:
        return locked
    PurchaseAttempt.objects.filter(pk=attempt.pk).update(state=state, next_action_at=None)
    locked.move(Status(locked.closing_as), now=now, refund_amount=locked.price)
    release_price(locked.money, reason=locked.closing_reason or locked.closing_as)
    crash_point("released")
    return locked


@transaction.atomic
def _wait_for_lock(
    order: Order, attempt: PurchaseAttempt, cancellation: Cancellation, *, now: datetime
) -> Order:
    locked = Order.objects.locked(order.pk)
    if locked.status != Status.CLOSING or locked.lease_token != order.lease_token:
        return locked
    available_at = now + timedelta(seconds=cancellation.retry_after_seconds or 30)
    if locked.closing_as == Status.CANCELLED:
        locked.move(
            Status.WAITING,
            now=now,
            cancel_available_at=available_at,
            next_action_at=locked.expires_at,
            lease_until=None,
        )
        return locked
    if now - (locked.closing_since or now) > _LIMIT:
        return _settle_closed(order, attempt, AttemptState.REVIEW, now=now)
    locked.next_action_at, locked.lease_until = available_at, None
    locked.save(update_fields=["next_action_at", "lease_until"])
    return locked


@transaction.atomic
def _ask_again(order: Order, attempt: PurchaseAttempt, *, now: datetime) -> Order:
    locked = Order.objects.locked(order.pk)
    if locked.status != Status.CLOSING or locked.lease_token != order.lease_token:
        return locked
    closing_for = now - (locked.closing_since or now)
    if closing_for > _LIMIT:
        return _settle_closed(order, attempt, AttemptState.REVIEW, now=now)
    pause = next((p for p in _RETRIES if p > closing_for / 2), _RETRIES[-1])
    locked.next_action_at, locked.lease_until = now + pause, None
    locked.save(update_fields=["next_action_at", "lease_until"])
    return locked


@transaction.atomic
def refund_order(order: Order, *, by: User, reason: str, now: datetime) -> Order:
    """Give the price of a charged order back as goodwill, once. Raises OrderNotRefundable."""
    locked = Order.objects.locked(order.pk)
    if locked.status not in CAPTURED or locked.refund_amount:
        raise OrderNotRefundable(details={"status": locked.public_status})
    refund_price(locked.money, by=by, reason=reason)
    locked.note_change(now=now, refund_amount=locked.price)
    return locked
