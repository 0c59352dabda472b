"""Money for customers by hand: at once up to a limit, above it when a second person agrees."""

from datetime import datetime

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from nexotp.lib.errors import Problem
from nexotp.lib.ids import new_id
from office.actions.noting import note
from office.models import Act, Approval, ApprovalKind, ApprovalState
from orders.actions import OrderNotRefundable, refund_order
from orders.models import Order
from orders.states import CAPTURED
from wallet.actions import adjust_wallet
from wallet.models import Transfer, TransferKind


class AlreadyAsked(Problem):
    code = "already_asked"
    message = _("Somebody has asked for this already; it waits for approval.")


class AlreadyDecided(Problem):
    code = "already_decided"
    message = _("Somebody has decided this already.")


class NotYourOwn(Problem):
    code = "not_your_own"
    status = 403
    message = _("Whoever asked cannot approve it too. A colleague must.")


def ask_refund(order: Order, *, by: User, reason: str, now: datetime) -> Approval | None:
    """Refund a charged order, or ask for approval where that is more than one person may give.

    Returns what was asked, None where the money has gone back. Raises OrderNotRefundable,
    AlreadyAsked.
    """
    try:
        with transaction.atomic():
            # One person's refunds one after the other, so that the day's limit holds.
            User.objects.select_for_update(no_key=True).get(pk=by.pk)
            if _may_refund_alone(order, by=by, now=now):
                refunded = refund_order(order, by=by, reason=reason, now=now)
                note(Act.REFUNDED, refunded, by=by, reason=reason)
                return None
            return _ask_for_refund(order, by=by, reason=reason, now=now)
    except IntegrityError as error:
        raise AlreadyAsked from error


def _may_refund_alone(order: Order, *, by: User, now: datetime) -> bool:
    if order.price > settings.REFUND_LIMIT:
        return False
    today = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    given = Transfer.objects.filter(
        by=by, kind=TransferKind.REFUND, mode=order.mode, created_at__gte=today
    ).aggregate(total=Sum("amount"))["total"]
    limit: int = settings.REFUND_DAILY_LIMIT
    return int(given or 0) + order.price <= limit


def _ask_for_refund(order: Order, *, by: User, reason: str, now: datetime) -> Approval:
    locked = Order.objects.locked(order.pk)
    if locked.status not in CAPTURED or locked.refund_amount:
        raise OrderNotRefundable(details={"status": locked.public_status})
    asked = Approval.objects.create(
        kind=ApprovalKind.REFUND,
        user_id=locked.user_id,
        order=locked,
        amount=locked.price,
        currency=locked.currency,
        mode=locked.mode,
        reason=reason[:200],
        asked_by=by,
        asked_at=now,
    )
    note(Act.ASKED, locked, by=by, reason=reason)
    return asked


@transaction.atomic
def ask_adjustment(
    user: User, *, amount: int, mode: str, by: User, reason: str, now: datetime
) -> Approval | None:
    """Correct a wallet, up or (negative) down, or ask for approval above the limit.

    `amount` is in minor units of the shop's currency. Returns what was asked, None where the
    money has moved. Raises InsufficientFunds.
    """
    if abs(amount) <= settings.ADJUSTMENT_LIMIT:
        _adjust(user, amount=amount, mode=mode, by=by, reason=reason)
        return None
    asked = Approval.objects.create(
        kind=ApprovalKind.ADJUSTMENT,
        user=user,
        amount=amount,
        currency=settings.SHOP_CURRENCY,
        mode=mode,
        reason=reason[:200],
        asked_by=by,
        asked_at=now,
    )
    note(Act.ASKED, user, by=by, reason=reason, amount=[None, amount], mode=[None, mode])
    return asked


def _adjust(
    user: User, *, amount: int, mode: str, by: User, reason: str, approval: Approval | None = None
) -> None:
    adjust_wallet(
        user=user,
        amount=amount,
        adjustment_id=f"approval-{approval.pk}" if approval else new_id("adj"),
        reason=reason,
        by=by,
        mode=mode,
    )
    note(Act.ADJUSTED, user, by=by, reason=reason, amount=[None, amount], mode=[None, mode])


@transaction.atomic
def approve(approval: Approval, *, by: User, now: datetime) -> Approval:
    """Agree to what a colleague asked for, and do it, once.

    Raises NotYourOwn, AlreadyDecided, OrderNotRefundable, InsufficientFunds; then it still waits.
    """
    locked = _decide(approval, ApprovalState.APPROVED, by=by, now=now)
    if locked.order is not None:
        refunded = refund_order(locked.order, by=by, reason=locked.reason, now=now)
        note(Act.APPROVED, refunded, by=by, reason=locked.reason)
    else:
        _adjust(
            locked.user,
            amount=locked.amount,
            mode=locked.mode,
            by=by,
            reason=locked.reason,
            approval=locked,
        )
    return locked


@transaction.atomic
def refuse(approval: Approval, *, by: User, now: datetime) -> Approval:
    """Say no, once; nothing moves. Raises NotYourOwn, AlreadyDecided."""
    locked = _decide(approval, ApprovalState.REFUSED, by=by, now=now)
    note(Act.REFUSED, locked.order or locked.user, by=by, reason=locked.reason)
    return locked


def _decide(approval: Approval, state: ApprovalState, *, by: User, now: datetime) -> Approval:
    locked = Approval.objects.locked(approval.pk)
    if not locked.is_pending:
        raise AlreadyDecided
    if locked.asked_by_id == by.pk:
        raise NotYourOwn
    locked.state, locked.decided_by, locked.decided_at = state, by, now
    locked.save(update_fields=["state", "decided_by", "decided_at"])
    return locked
