"""What became of a purchase, said by a person who looked at the supplier's site."""

from django.db import IntegrityError, models, transaction
from django.utils.translation import gettext_lazy as _

from nexotp.lib.errors import Problem
from orders.actions.ending import book_loss
from orders.models import Order, PurchaseAttempt
from orders.states import CAPTURED, FINAL, AttemptState


class Outcome(models.TextChoices):
    """What a person found upstream."""

    LOST = "lost", _("It was bought and charged: book the loss")
    CANCELLED = "cancelled", _("It was bought, and cancelled or given back")
    NOTHING = "nothing", _("Nothing was bought")
    FINISHED = "finished", _("It was used: the order's own cost stands")


# Only these are a person's to decide; everything else is settled by itself.
OPEN_QUESTIONS = frozenset({AttemptState.UNKNOWN, AttemptState.REVIEW})


class AttemptNotOpen(Problem):
    code = "attempt_not_open"
    message = _("This purchase has been settled meanwhile, or is still being looked after.")


class OutcomeDoesNotFit(Problem):
    code = "outcome_does_not_fit"
    message = _("This does not fit what the books say of the purchase.")


class ReferenceTaken(Problem):
    code = "reference_taken"
    message = _("Another purchase has this reference.")


def possible_outcomes(attempt: PurchaseAttempt) -> list[Outcome]:
    """Return what may be said of an attempt without the books and the orders disagreeing.

    Of a charged order the cost is booked already; there is nothing to lose any more.
    """
    if attempt.state not in OPEN_QUESTIONS:
        return []
    if attempt.order.status in CAPTURED:
        return [Outcome.FINISHED]
    known = [Outcome.LOST, Outcome.CANCELLED]
    return known if attempt.reference else [*known, Outcome.NOTHING]


def decide_attempt(
    attempt: PurchaseAttempt, *, outcome: Outcome, reference: str, reason: str
) -> PurchaseAttempt:
    """Settle a purchase by hand, once. `reference` names it upstream where we did not know.

    Raises AttemptNotOpen, OutcomeDoesNotFit, ReferenceTaken.
    """
    try:
        return _decide(attempt, outcome=outcome, reference=reference, reason=reason)
    except IntegrityError as error:
        raise ReferenceTaken from error


@transaction.atomic
def _decide(
    attempt: PurchaseAttempt, *, outcome: Outcome, reference: str, reason: str
) -> PurchaseAttempt:
    order = Order.objects.locked(attempt.order_id)
    locked = PurchaseAttempt.objects.locked(attempt.pk)
    locked.order = order
    if locked.state not in OPEN_QUESTIONS or order.status not in FINAL | CAPTURED:
        raise AttemptNotOpen
    if outcome not in possible_outcomes(locked):
        raise OutcomeDoesNotFit
    if outcome is not Outcome.NOTHING and not locked.reference:
        if not reference:
            raise OutcomeDoesNotFit(_("Give the supplier's reference of the purchase."))
        locked.reference = reference
        locked.save(update_fields=["reference"])
    if outcome is Outcome.LOST:
        book_loss(locked, reason=reason)
        locked.refresh_from_db()
        return locked
    locked.state, locked.error, locked.next_action_at = outcome.value, reason[:200], None
    locked.save(update_fields=["state", "error", "next_action_at"])
    return locked
