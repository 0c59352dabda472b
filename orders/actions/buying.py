"""Asking suppliers for the number of an order that holds its price, until one is bought.

Whatever they answer, or do not, the order ends up waiting with a number, or failed and refunded.
What is recorded here gives way to a sweep that gave the order up meanwhile.
"""

from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from catalog.actions import note_moved_cost
from catalog.models import Offer, PauseReason, Supplier
from catalog.pace import Turn, paced
from catalog.pausing import note_answer, note_failure, pause_goods, pause_supplier
from nexotp.lib.clock import Clock
from nexotp.lib.db import release_connection
from nexotp.lib.errors import Problem
from orders.actions.telling import tell_customer
from orders.crashes import crash_point
from orders.models import Order, PurchaseAttempt
from orders.states import AttemptState, Status
from suppliers.base import OutcomeUnknown, Purchase, RefusalReason, Refused, Unreachable
from suppliers.pacing import OutOfTurn
from wallet.actions import release_price

logger = structlog.get_logger(__name__)

_MOST_ATTEMPTS = 3
# We close this long before the supplier would: letting a number time out costs rating.
_EXPIRY_MARGIN = timedelta(seconds=10)

# After these the supplier sells nothing at all for a while, so its other offers are left out too.
_PAUSES = {
    RefusalReason.NO_BALANCE: (PauseReason.NO_BALANCE, timedelta(minutes=5)),
    RefusalReason.BAD_CREDENTIALS: (PauseReason.BAD_CREDENTIALS, timedelta(minutes=5)),
    RefusalReason.BUSY: (PauseReason.BUSY, timedelta(seconds=10)),
}
# A ban whose end is not said.
_BAN = timedelta(minutes=10)


class NoNumbers(Problem):
    code = "no_numbers"
    status = 503
    retryable = True
    message = _("There are no numbers for this service and country right now.")


class SupplierUnavailable(Problem):
    code = "supplier_unavailable"
    status = 503
    retryable = True
    message = _("The provider did not answer. You were not charged; try again.")


def buy_number(
    order: Order,
    attempt: PurchaseAttempt,
    route: list[Offer],
    *,
    clock: Clock,
) -> Order:
    """Ask the suppliers of the route in turn; `attempt` is recorded for the first of them.

    Only a sure no lets the next one be asked. Raises NoNumbers, SupplierUnavailable, with the
    order failed and its price released.
    """
    offer, rest = route[0], route[1:]
    was_refused = False
    for number in range(1, _MOST_ATTEMPTS + 1):
        try:
            purchase = _ask(attempt, offer, now=clock.now())
        except Refused as refusal:
            was_refused = True
            sells_nothing = _note_refusal(offer, refusal, now=clock.now())
            state, error = AttemptState.REFUSED, f"{refusal.reason}: {refusal}"
        except Unreachable as failure:
            note_failure(offer, was_reached=False, now=clock.now())
            sells_nothing = True
            state, error = AttemptState.UNREACHABLE, str(failure)
        except OutcomeUnknown as failure:
            # Never bought elsewhere: the sweep learns what happened.
            note_failure(offer, was_reached=True, now=clock.now())
            _fail_and_release(
                order, attempt, state=AttemptState.UNKNOWN, error=str(failure), now=clock.now()
            )
            raise SupplierUnavailable from failure
        else:
            note_answer(offer)
            crash_point("answered")
            return _start_waiting(order, attempt, purchase, now=clock.now())
        crash_point("refused")
        gone = _switched_off(rest)
        if sells_nothing:
            gone.add(offer.supplier_id)
        rest = [other for other in rest if other.supplier_id not in gone]
        is_over = number == _MOST_ATTEMPTS or clock.elapsed() > settings.PURCHASE_DEADLINE_SECONDS
        if is_over or not rest:
            break
        offer, rest = rest[0], rest[1:]
        following = _try_next(order, attempt, offer, state=state, error=error, now=clock.now())
        if following is None:
            break
        attempt = following
    _fail_and_release(order, attempt, state=state, error=error, now=clock.now())
    raise NoNumbers if was_refused else SupplierUnavailable


def _switched_off(rest: list[Offer]) -> set[int]:
    """Return the suppliers that staff has switched off since the route was made."""
    suppliers = {offer.supplier_id for offer in rest}
    if not suppliers:
        return suppliers
    enabled = Supplier.objects.switched_on().filter(pk__in=suppliers)
    return suppliers - set(enabled.values_list("pk", flat=True))


def record_attempt(
    order: Order, offer: Offer, *, now: datetime, route: dict[str, Any] | None = None
) -> PurchaseAttempt:
    """Record that a supplier is about to be asked; the first time, with the choice explained."""
    return PurchaseAttempt.objects.create(
        order=order,
        supplier=offer.supplier,
        offer=offer,
        supplier_service=offer.supplier_service,
        supplier_country=offer.supplier_country,
        operator=offer.operator,
        cost=offer.cost,
        currency=offer.supplier.currency,
        sent_at=now,
        route=route,
    )


def fail_order(order: Order, *, failure: str, now: datetime) -> None:
    """Move a locked order that buys to FAILED and release its price."""
    order.move(Status.FAILED, now=now, failure=failure, refund_amount=order.price)
    tell_customer(order, now=now)
    release_price(order.money, reason=failure)


def _ask(attempt: PurchaseAttempt, offer: Offer, *, now: datetime) -> Purchase:
    """Raises Refused, Unreachable, OutcomeUnknown."""
    try:
        client = offer.supplier.client()
    except Exception as error:
        # A key that cannot be decrypted, an option that is no number: nothing was sent.
        logger.exception("supplier cannot be used", supplier=offer.supplier.code)
        raise Unreachable(f"not usable: {type(error).__name__}") from error
    reference = f"{attempt.order.public_id}-{attempt.pk}"
    end_user = attempt.order.user.public_id
    release_connection()
    try:
        with paced(client, Turn.PURCHASE):
            return client.buy(
                offer.goods, max_cost=offer.cost, reference=reference, end_user=end_user, now=now
            )
    except (Refused, Unreachable, OutcomeUnknown):
        raise
    except Exception as error:
        # An adapter's bug, met while reading the answer: it may have bought.
        logger.exception("purchase broke", supplier=offer.supplier.code)
        raise OutcomeUnknown(f"broke: {type(error).__name__}") from error


def _note_refusal(offer: Offer, refusal: Refused, *, now: datetime) -> bool:
    """Let what the supplier said hold for those who come next; return whether it sells nothing."""
    if isinstance(refusal, OutOfTurn):
        return True
    note_answer(offer)
    if refusal.reason == RefusalReason.BANNED:
        until = refusal.until or now + _BAN
        pause_goods(
            offer,
            until=until,
            reason=PauseReason.BANNED,
            now=now,
            is_only_these=refusal.only_these_goods,
        )
        return True
    if refusal.reason in _PAUSES:
        reason, pause = _PAUSES[refusal.reason]
        pause_supplier(offer.supplier, until=refusal.until or now + pause, reason=reason)
        return True
    if refusal.reason == RefusalReason.PRICE_MOVED and refusal.minimum:
        note_moved_cost(offer, cost=refusal.minimum, now=now)
    return False


def _try_next(
    order: Order,
    attempt: PurchaseAttempt,
    offer: Offer,
    *,
    state: AttemptState,
    error: str,
    now: datetime,
) -> PurchaseAttempt | None:
    """Record the next attempt; None when a sweep has given the order up and refunded it."""
    with transaction.atomic():
        order = Order.objects.locked(order.pk)
        if order.status != Status.PURCHASING:
            return None
        _close_attempt(attempt, state, error=error, now=now)
        return record_attempt(order, offer, now=now)


def _start_waiting(
    order: Order, attempt: PurchaseAttempt, purchase: Purchase, *, now: datetime
) -> Order:
    """Record a bought number. Raises SupplierUnavailable when it came too late or is no number."""
    wanted = False
    try:
        with transaction.atomic():
            order = Order.objects.locked(order.pk)
            wanted = order.status == Status.PURCHASING
            if wanted:
                _record_number(order, attempt, purchase, now=now)
            else:
                _record_orphan(attempt, purchase, now=now)
            crash_point("recording")
    except IntegrityError:
        if wanted:
            # The supplier sold an activation that is another customer's already.
            logger.error("activation sold twice", attempt=attempt.pk, reference=purchase.reference)
            _fail_and_release(
                order, attempt, state=AttemptState.REVIEW, error="activation sold twice", now=now
            )
        # Else the sweep has found it before us, and cancels it.
        raise SupplierUnavailable from None
    if not wanted:
        raise SupplierUnavailable
    crash_point("recorded")
    return order


def _record_number(
    order: Order, attempt: PurchaseAttempt, purchase: Purchase, *, now: datetime
) -> None:
    if purchase.cost is not None and purchase.cost > attempt.cost:
        logger.error("charged more than agreed", attempt=attempt.pk, reference=purchase.reference)
    attempt.state = AttemptState.BOUGHT
    attempt.reference = purchase.reference
    attempt.cost = attempt.cost if purchase.cost is None else purchase.cost
    attempt.reported_operator = purchase.operator[:40]
    attempt.answered_at = now
    attempt.save(update_fields=["state", "reference", "cost", "reported_operator", "answered_at"])
    lifetime = timedelta(seconds=purchase.lifetime_seconds)
    expires_at = now + max(lifetime - _EXPIRY_MARGIN, lifetime / 2)
    order.move(
        Status.WAITING,
        now=now,
        phone_number=purchase.phone_number,
        provider_code=attempt.provider_code,
        can_resend=purchase.can_resend,
        expires_at=expires_at,
        cancel_available_at=now + timedelta(seconds=purchase.cancel_lock_seconds),
        next_action_at=expires_at,
    )
    tell_customer(order, now=now)


def _record_orphan(attempt: PurchaseAttempt, purchase: Purchase, *, now: datetime) -> None:
    """Record a number bought for an order that has been given up, so that it is cancelled."""
    attempt = PurchaseAttempt.objects.locked(attempt.pk)
    if attempt.reference:
        # The sweep has tied another lost purchase's activation to it: this one gets its own row.
        attempt.pk = None
    attempt.state = AttemptState.ORPHANED
    attempt.reference = purchase.reference
    attempt.cost = attempt.cost if purchase.cost is None else purchase.cost
    attempt.answered_at = now
    attempt.next_action_at = now + timedelta(seconds=purchase.cancel_lock_seconds)
    attempt.save()


def _fail_and_release(
    order: Order, attempt: PurchaseAttempt, *, state: AttemptState, error: str, now: datetime
) -> None:
    """End an order that got no number and give the money back, unless a sweep did so before."""
    with transaction.atomic():
        order = Order.objects.locked(order.pk)
        _close_attempt(attempt, state, error=error, now=now)
        if order.status == Status.PURCHASING:
            fail_order(order, failure=state, now=now)
        crash_point("failing")
    crash_point("failed")


def _close_attempt(
    attempt: PurchaseAttempt, state: AttemptState, *, error: str, now: datetime
) -> None:
    """Record what became of a purchase, unless the sweep has found out more meanwhile."""
    first_look = now + timedelta(seconds=settings.UNKNOWN_PURCHASE_LOOKS[0])
    PurchaseAttempt.objects.filter(
        pk=attempt.pk, state__in=[AttemptState.SENT, AttemptState.UNKNOWN]
    ).update(
        state=state,
        error=error[:200],
        next_action_at=first_look if state == AttemptState.UNKNOWN else None,
    )
