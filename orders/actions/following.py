"""One order, many references: with a resend, an activation may go on as another one.

Each has an attempt of its own. So the one constraint that keeps two orders from sharing an
activation covers them all, and whoever asks whose an activation is finds every one.
"""

from datetime import datetime

import structlog

from orders.models import Order, PurchaseAttempt
from orders.states import AttemptState, Status

logger = structlog.get_logger(__name__)


class OwnedByAnother(Exception):
    """The supplier says that an order goes on as an activation which is another order's."""


def follow(
    order: Order, attempt: PurchaseAttempt, reference: str, *, now: datetime
) -> PurchaseAttempt:
    """Return the attempt to follow from now on; the order is locked by the caller.

    One that an order does not wait for any more, or that came beside another, is to be cancelled.
    Raises OwnedByAnother, or IntegrityError where that happens at this moment.
    """
    known = PurchaseAttempt.objects.filter(supplier=attempt.supplier, reference=reference).first()
    if known is not None:
        if known.order_id != order.pk:
            logger.error("activation sold twice", attempt=attempt.pk, reference=reference)
            raise OwnedByAnother
        return known
    goes_on = order.status == Status.RECEIVED and bool(
        PurchaseAttempt.objects.filter(pk=attempt.pk, state=AttemptState.BOUGHT).update(
            state=AttemptState.FINISHED, next_action_at=None
        )
    )
    return PurchaseAttempt.objects.create(
        order=order,
        supplier=attempt.supplier,
        offer_id=attempt.offer_id,
        supplier_service=attempt.supplier_service,
        supplier_country=attempt.supplier_country,
        operator=attempt.operator,
        reported_operator=attempt.reported_operator,
        state=AttemptState.BOUGHT if goes_on else AttemptState.ORPHANED,
        cost=0,  # a resend that would cost something is refused
        currency=attempt.currency,
        reference=reference,
        sent_at=now,
        answered_at=now,
        next_action_at=None if goes_on else now,
    )
