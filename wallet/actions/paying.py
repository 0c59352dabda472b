"""What became of a payment: read from its gateway, and credited once.

A callback, a buyer who comes back and a sweep all lead to the same reading. Whatever is read is
recorded under the row's lock, so that of many who read at once one credits.
"""

from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from nexotp.lib.db import release_connection
from nexotp.lib.errors import Problem
from wallet.actions.wallets import credit_top_up
from wallet.gateways.base import GatewayError, PaymentState, PaymentStatus
from wallet.models import TopUp
from wallet.states import Review, TopUpState

logger = structlog.get_logger(__name__)

# How long to wait for the next look at a payment, by its age …
_CADENCE = [
    (timedelta(minutes=10), timedelta(seconds=20)),
    (timedelta(hours=1), timedelta(minutes=1)),
]
_SELDOM = timedelta(minutes=5)
# … and once it has ended here: gateways tell of money as late as this.
_LATE, _LATE_LOOK = timedelta(days=3), timedelta(hours=1)
# A gateway that does not answer keeps no worker from its other work.
_GATEWAY_RESTS = timedelta(seconds=30)
# A buyer who comes back asks no more often than this.
_HINT_PAUSE = timedelta(seconds=4)


class AccountDeleted(Problem):
    code = "account_deleted"
    status = 409
    message = _(
        "This account was deleted: nobody could spend the money. Send it back, then reject."
    )


class TopUpNotCancellable(Problem):
    code = "top_up_not_cancellable"
    status = 409
    message = _("This top-up has ended, or its money is being looked for already.")


def note_hint(reference: str, *, now: datetime, method_id: int | None = None) -> bool:
    """Have a payment read soon, since something may have changed; return whether one is.

    What has been credited is never read again.
    """
    found = TopUp.objects.filter(public_id=reference, is_manual=False)
    if method_id is not None:
        found = found.filter(method=method_id)
    wanted = found.exclude(state=TopUpState.CONFIRMED).exclude(next_check_at__lte=now)
    return wanted.update(next_check_at=now) > 0


def note_return(top_up: TopUp, *, now: datetime) -> bool:
    """Have a payment read soon, as its buyer is looking; return whether it will be."""
    if not top_up.can_be_paid or not top_up.gateway_reference:
        return False
    if top_up.checked_at is not None and now - top_up.checked_at < _HINT_PAUSE:
        return False
    return note_hint(top_up.public_id, now=now)


def check_due_payments(*, now: datetime) -> int:
    """Look at one top-up whose time has come; return how many there were to look at.

    Transfers by hand, and payments that the gateway says are open, expire here.
    """
    claimed = TopUp.objects.claim_due(now, limit=1)
    for top_up in claimed:
        try:
            check_payment(top_up, now=now)
        except GatewayError as error:
            logger.warning("payment not read", top_up=top_up.public_id, error=error.text)
            due = TopUp.objects.filter(method=top_up.method, next_check_at__lte=now)
            due.update(next_check_at=now + _GATEWAY_RESTS)
            TopUp.objects.filter(pk=top_up.pk).update(next_check_at=now + _GATEWAY_RESTS)
    return len(claimed)


def check_payment(top_up: TopUp, *, now: datetime) -> TopUp:
    """Read how a payment stands, and record it. Raises GatewayUnavailable, GatewayRefused."""
    gateway = top_up.method.gateway()
    release_connection()
    found = gateway.read_payment(reference=top_up.public_id, currency=top_up.currency)
    return record_payment(top_up, found, now=now)


@transaction.atomic
def record_payment(top_up: TopUp, found: PaymentState, *, now: datetime) -> TopUp:
    """Carry out what a gateway says of a payment: credit it, end it, or look again later."""
    row = TopUp.objects.locked(top_up.pk)
    if row.state == TopUpState.CONFIRMED:
        return row
    # A hint that came while we were reading asks for another reading: it must not be put off.
    hinted = row.next_check_at if row.next_check_at != top_up.next_check_at else None
    if found.status == PaymentStatus.PAID and found.paid is not None:
        _record_paid(row, found.paid, now=now)
    elif row.is_pending and not row.is_being_checked and _is_over(row, found, now):
        later = None if row.is_manual else hinted or now + _LATE_LOOK
        row.move(TopUpState.EXPIRED, now=now, next_check_at=later, checked_at=now)
    else:
        row.note(next_check_at=hinted or _next_check(row, now), checked_at=now)
    return row


def _is_over(row: TopUp, found: PaymentState, now: datetime) -> bool:
    return found.status == PaymentStatus.ENDED or row.expires_at <= now


def _next_check(row: TopUp, now: datetime) -> datetime | None:
    if row.is_manual:
        return None if row.is_being_checked or not row.is_pending else row.expires_at
    if row.review:
        return None
    if row.ended_at is not None:
        return now + _LATE_LOOK if now - row.ended_at < _LATE else None
    age = now - row.created_at
    return now + next((pause for until, pause in _CADENCE if age < until), _SELDOM)


def _record_paid(row: TopUp, paid: int, *, now: datetime) -> None:
    """Credit a payment of the right amount, however late; leave any other to a person."""
    if row.paid_amount == paid and (row.review or row.state == TopUpState.REJECTED):
        # Known, and looked at by a person, or decided by one.
        row.note(next_check_at=None, checked_at=now)
    elif row.state == TopUpState.REJECTED:
        row.note(review=Review.AFTER_REJECTION, paid_amount=paid, next_check_at=None)
    elif _is_deleted(row):
        row.note(review=Review.ACCOUNT_DELETED, paid_amount=paid, next_check_at=None)
    elif paid != row.amount:
        row.note(review=Review.WRONG_AMOUNT, paid_amount=paid, next_check_at=None)
    else:
        confirm(row, credited=paid, by=None, now=now, paid_amount=paid)


def confirm(
    row: TopUp, *, credited: int, by: User | None, now: datetime, paid_amount: int | None
) -> None:
    """Credit a top-up whose row the caller has locked, in the same transaction.

    The account is locked before the wallet, as its deletion does. Whoever may have turned away by
    now is written to. Raises AccountDeleted.
    """
    if _is_deleted(row):
        raise AccountDeleted
    was_waiting = by is None and row.is_pending
    row.move(
        TopUpState.CONFIRMED,
        now=now,
        credited=credited,
        paid_amount=paid_amount,
        decided_by=by,
        review="",
        next_check_at=None,
        mail_due_at=None if was_waiting else now,
    )
    credit_top_up(user=row.user, amount=credited, top_up_id=row.public_id, by=by)


def _is_deleted(row: TopUp) -> bool:
    """Whether nobody owns the wallet any more; that stays so until the transaction ends."""
    owner = User.objects.select_for_update(no_key=True).get(pk=row.user_id)
    return owner.deleted_at is not None


def cancel_top_up(top_up: TopUp, *, now: datetime) -> TopUp:
    """End a top-up that its buyer no longer wants; money that came first is credited.

    A gateway that does not answer keeps nobody waiting: money that it takes nevertheless is found
    later. Raises TopUpNotCancellable.
    """
    if not top_up.can_be_paid:
        raise TopUpNotCancellable
    gateway = top_up.method.gateway()
    release_connection()
    try:
        found = gateway.cancel_payment(reference=top_up.public_id, currency=top_up.currency)
    except GatewayError as error:
        logger.warning("payment not cancelled", top_up=top_up.public_id, error=error.text)
        found = PaymentState(top_up.public_id, PaymentStatus.OPEN, top_up.currency)
    if found.status == PaymentStatus.PAID:
        return record_payment(top_up, found, now=now)
    return _end_as_cancelled(top_up, now=now)


@transaction.atomic
def _end_as_cancelled(top_up: TopUp, *, now: datetime) -> TopUp:
    row = TopUp.objects.locked(top_up.pk)
    if not row.can_be_paid:
        raise TopUpNotCancellable
    row.move(
        TopUpState.CANCELLED, now=now, next_check_at=None if row.is_manual else now + _LATE_LOOK
    )
    return row
