"""Comparing a supplier's history with our attempts: every purchase there has its answer here.

A purchase that no attempt owns is tied to one whose answer was lost, or kept as a stray for a
person. Where supplier and books disagree about an end, the supplier's money decides: what it gave
back comes back, what it charged for nothing is booked as a loss. Customers notice none of it.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import islice

import structlog
from django.db import IntegrityError, transaction

from catalog.models import Supplier
from catalog.pace import paced
from nexotp.lib.db import release_connection
from orders.actions.days import note_days
from orders.actions.ending import book_loss
from orders.models import Order, PurchaseAttempt, StrayPurchase
from orders.states import CAPTURED, FINAL, AttemptState, Status
from suppliers.base import Activation, ActivationState
from wallet.actions import record_cost_back, record_loss_back

logger = structlog.get_logger(__name__)

_AT_ONCE = 500
# How far the supplier's clock, and a purchase's own delay, may be from ours.
_CLOCK_SKEW = timedelta(seconds=90)
#: what nothing is known to have come of, or nothing is known of
UNANSWERED = [AttemptState.UNKNOWN, AttemptState.NOTHING]
_CHARGED = {ActivationState.FINISHED}
_OPEN = {ActivationState.WAITING, ActivationState.RECEIVED}


class Finding(StrEnum):
    """What comparing one purchase led to."""

    AGREES = "agrees"
    COST_CAME_BACK = "cost came back"
    LOSS_CAME_BACK = "loss came back"
    CHARGED_AFTER_ALL = "charged after all"
    OPEN_AFTER_ALL = "open after all"
    SETTLED = "settled"
    TIED = "tied to a lost purchase"
    STRAY = "stray"


def reconcile_history(
    supplier: Supplier, *, since: datetime, until: datetime, now: datetime
) -> Counter[Finding]:
    """Compare what was bought in a span of time; return how often what was found.

    `until` must be so long ago that nothing bought before it is still in flight. Raises
    SupplierError, and then what was compared already stays.
    """
    client = supplier.client()
    found: Counter[Finding] = Counter()
    if not client.has_history:
        return found
    release_connection()
    with paced(client):
        read = list(client.history(since=since, until=until))
    note_days(supplier, read, since=since, until=until)
    past = iter(read)
    while some := list(islice(past, _AT_ONCE)):
        found.update(_compare(supplier, some, now=now))
    logger.info("history compared", supplier=supplier.code, **{str(k): n for k, n in found.items()})
    return found


def _compare(
    supplier: Supplier, activations: list[Activation], *, now: datetime
) -> Iterable[Finding]:
    references = [each.reference for each in activations]
    owners = {
        attempt.reference: attempt
        for attempt in PurchaseAttempt.objects.on_same_site(supplier)
        .filter(reference__in=references)
        .select_related("order")
    }
    for activation in activations:
        owner = owners.get(activation.reference)
        if owner is None:
            yield _find_owner(supplier, activation, now=now)
        elif _disagreement(owner, activation.state) is Finding.AGREES:
            yield Finding.AGREES
        else:
            yield _mend(owner.pk, activation, now=now)


def _disagreement(attempt: PurchaseAttempt, upstream: ActivationState) -> Finding:
    """Say how our books of a purchase differ from how it stands upstream."""
    order = attempt.order
    is_captured = order.status in CAPTURED
    state = AttemptState(attempt.state)
    if order.status not in FINAL and not is_captured:
        return Finding.AGREES  # it is waited for; the sweeps look after it
    if upstream == ActivationState.CANCELLED and attempt.returned_at is None and attempt.cost:
        if state in {AttemptState.BOUGHT, AttemptState.FINISHED} and is_captured:
            return Finding.COST_CAME_BACK
        if state == AttemptState.LOST:
            return Finding.LOSS_CAME_BACK
    if state == AttemptState.CANCELLED and upstream in _CHARGED:
        return Finding.CHARGED_AFTER_ALL
    if state == AttemptState.CANCELLED and upstream in _OPEN:
        return Finding.OPEN_AFTER_ALL
    if state == AttemptState.REVIEW and upstream not in _OPEN | {ActivationState.MISSING}:
        if is_captured or upstream == ActivationState.CANCELLED:
            return Finding.SETTLED
        return Finding.CHARGED_AFTER_ALL if upstream in _CHARGED else Finding.AGREES
    return Finding.AGREES


@transaction.atomic
def _mend(attempt_id: int, activation: Activation, *, now: datetime) -> Finding:
    """Do to the books what the supplier did, once; whoever was faster has done it."""
    order = Order.objects.locked(PurchaseAttempt.objects.get(pk=attempt_id).order_id)
    attempt = PurchaseAttempt.objects.locked(attempt_id)
    attempt.order = order
    finding = _disagreement(attempt, activation.state)
    match finding:
        case Finding.COST_CAME_BACK | Finding.LOSS_CAME_BACK:
            _take_back(order, attempt, finding)
            _change(attempt, returned_at=now)
        case Finding.CHARGED_AFTER_ALL:
            book_loss(attempt, reason="charged although it had been cancelled")
        case Finding.OPEN_AFTER_ALL:
            _change(attempt, state=AttemptState.ORPHANED, next_action_at=now)
        case Finding.SETTLED:
            is_captured = order.status in CAPTURED
            settled = AttemptState.FINISHED if is_captured else AttemptState.CANCELLED
            _change(attempt, state=settled, next_action_at=None)
    if finding is not Finding.AGREES:
        logger.warning("books mended", attempt=attempt.pk, finding=finding)
    return finding


def _take_back(order: Order, attempt: PurchaseAttempt, finding: Finding) -> None:
    if not attempt.cost:
        return
    if finding is Finding.COST_CAME_BACK:
        record_cost_back(order.money, cost=attempt.cost, currency=attempt.currency)
    else:
        record_loss_back(
            attempt_id=attempt.pk,
            order_id=order.pk,
            cost=attempt.cost,
            currency=attempt.currency,
            mode=order.mode,
        )


def _change(attempt: PurchaseAttempt, **changes: object) -> None:
    PurchaseAttempt.objects.filter(pk=attempt.pk).update(**changes)


def _find_owner(supplier: Supplier, activation: Activation, *, now: datetime) -> Finding:
    """Tie a purchase nobody owns to one whose answer was lost, or keep it for a person."""
    if activation.state == ActivationState.CANCELLED:
        return Finding.AGREES  # given back; nothing is missing
    if _tie(supplier, activation, now=now):
        return Finding.TIED
    _stray, is_new = StrayPurchase.objects.get_or_create(
        supplier=supplier,
        reference=activation.reference,
        defaults={
            "phone_number": activation.phone_number,
            "cost": activation.cost or 0,
            "currency": supplier.currency,
            "started_at": activation.started_at,
            "found_at": now,
        },
    )
    if is_new:
        logger.error("stray purchase", supplier=supplier.code, reference=activation.reference)
    return Finding.STRAY


def _tie(supplier: Supplier, activation: Activation, *, now: datetime) -> bool:
    """Give the purchase to the lost one that it fits, of the same time and goods.

    Whichever of several: each of them ended its order as failed, and none has a number.
    """
    if activation.started_at is None:
        return False
    lost = PurchaseAttempt.objects.filter(
        supplier=supplier,
        state__in=UNANSWERED,
        reference="",
        order__status=Status.FAILED,
        sent_at__range=(activation.started_at - _CLOCK_SKEW, activation.started_at + _CLOCK_SKEW),
    )
    if activation.goods is not None:
        goods = activation.goods
        lost = lost.filter(supplier_service=goods.service, supplier_country=goods.country)
    for attempt in lost.order_by("sent_at", "pk")[:20]:
        try:
            with transaction.atomic():
                Order.objects.locked(attempt.order_id)
                changed = lost.filter(pk=attempt.pk).update(
                    state=AttemptState.ORPHANED,
                    reference=activation.reference,
                    cost=activation.cost or attempt.cost,
                    next_action_at=now,
                )
                if changed and activation.state in _CHARGED:
                    owner = PurchaseAttempt.objects.select_related("order").get(pk=attempt.pk)
                    book_loss(owner, reason="its answer was lost, and a code came to it")
        except IntegrityError:
            return True  # found by somebody else at this moment
        if changed:
            return True
    return False
