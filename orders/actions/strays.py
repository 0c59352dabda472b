"""Saying what a stray purchase was: a loss, somebody else's, or one of our own that was lost."""

from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from nexotp.lib.errors import Problem
from orders.actions.deciding import ReferenceTaken
from orders.actions.reconciling import UNANSWERED
from orders.models import Order, PurchaseAttempt, StrayPurchase, StrayState
from orders.states import AttemptState, Status
from wallet.actions import record_stray_loss


class StrayNotOpen(Problem):
    code = "stray_not_open"
    status = 409
    message = _("Somebody has already said what this purchase was.")


class NoLostPurchase(Problem):
    code = "no_lost_purchase"
    status = 409
    message = _("This order has no purchase at this supplier whose answer was lost.")


@transaction.atomic
def settle_stray(
    stray: StrayPurchase, *, is_ours: bool, by: User | None, reason: str = "", now: datetime
) -> StrayPurchase:
    """Book a stray purchase as a loss, or say that the shop did not make it. Once."""
    locked = StrayPurchase.objects.select_for_update(no_key=True).get(pk=stray.pk)
    if locked.state != StrayState.REVIEW:
        return locked
    locked.state = StrayState.LOST if is_ours else StrayState.NOT_OURS
    _close(locked, by=by, reason=reason, now=now)
    if is_ours and locked.cost:
        record_stray_loss(
            stray_id=locked.pk,
            cost=locked.cost,
            currency=locked.currency,
            mode=locked.supplier.mode,
            by=by,
        )
    return locked


def assign_stray(
    stray: StrayPurchase, *, order: Order, by: User | None, reason: str, now: datetime
) -> PurchaseAttempt:
    """Say which of our purchases it was, whose answer had been lost; return that purchase.

    It is ended upstream, or booked as a loss of its order, by the sweeps that do so with others.
    Raises StrayNotOpen, NoLostPurchase, ReferenceTaken.
    """
    try:
        return _assign(stray, order=order, by=by, reason=reason, now=now)
    except IntegrityError as error:
        raise ReferenceTaken from error


@transaction.atomic
def _assign(
    stray: StrayPurchase, *, order: Order, by: User | None, reason: str, now: datetime
) -> PurchaseAttempt:
    failed = Order.objects.locked(order.pk)
    locked = StrayPurchase.objects.select_for_update(no_key=True).get(pk=stray.pk)
    if locked.state != StrayState.REVIEW:
        raise StrayNotOpen
    lost = PurchaseAttempt.objects.filter(
        order=failed, supplier=locked.supplier_id, state__in=UNANSWERED, reference=""
    )
    attempt = lost.select_for_update(no_key=True).order_by("pk").first()
    if attempt is None or failed.status != Status.FAILED:
        raise NoLostPurchase
    attempt.state, attempt.reference = AttemptState.ORPHANED, locked.reference
    attempt.cost, attempt.next_action_at = locked.cost or attempt.cost, now
    attempt.save(update_fields=["state", "reference", "cost", "next_action_at"])
    locked.state, locked.attempt = StrayState.ASSIGNED, attempt
    _close(locked, by=by, reason=reason, now=now)
    return attempt


def _close(stray: StrayPurchase, *, by: User | None, reason: str, now: datetime) -> None:
    stray.settled_at, stray.settled_by, stray.reason = now, by, reason[:200]
    stray.save(update_fields=["state", "attempt", "settled_at", "settled_by", "reason"])
