"""Looking after one order at once, because a person asks."""

from datetime import datetime

from django.db.models import Q

from orders.actions.polling import read_hinted
from orders.models import Order, PurchaseAttempt
from orders.states import AttemptState, Status

# What the sweeps ask suppliers about once more.
_LOOSE = [AttemptState.UNKNOWN, AttemptState.ORPHANED, AttemptState.REVIEW]


def check_order(order: Order, *, now: datetime) -> Order:
    """Read the order's number upstream now, and make what waits for a sweep due.

    A supplier that does not answer leaves everything as it was.
    """
    _make_due(order, now=now)
    hinted = PurchaseAttempt.objects.filter(order=order, state=AttemptState.BOUGHT)
    open_attempt = hinted.select_related("supplier").first()
    if order.is_open and open_attempt is not None:
        hinted.update(hinted_at=now)
        read_hinted(open_attempt.supplier, now=now)
    return Order.objects.get(pk=order.pk)


def _make_due(order: Order, *, now: datetime) -> None:
    free = Q(lease_until=None) | Q(lease_until__lt=now)
    Order.objects.filter(free, pk=order.pk, status=Status.CLOSING).update(next_action_at=now)
    # What nobody asks about any more has no time; it is asked about once.
    PurchaseAttempt.objects.filter(order=order, state__in=_LOOSE).update(next_action_at=now)
