"""Which states orders and purchases have, and which may follow which."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Status(models.TextChoices):
    """Where an order stands. PURCHASING and CLOSING are shown to customers as waiting."""

    PURCHASING = "purchasing", _("Buying")
    WAITING = "waiting", _("Waiting")
    RECEIVED = "received", _("Received")
    CLOSING = "closing", _("Closing")
    SUCCESS = "success", _("Success")
    EXPIRED = "expired", _("Expired")
    CANCELLED = "cancelled", _("Cancelled")
    FAILED = "failed", _("Failed")


# Which status may follow which. CLOSING goes back to WAITING only when the supplier's lock is
# longer than it had said and the customer, not the clock, had asked for the end.
TRANSITIONS: dict[Status, frozenset[Status]] = {
    Status.PURCHASING: frozenset({Status.WAITING, Status.FAILED}),
    Status.WAITING: frozenset({Status.RECEIVED, Status.CLOSING}),
    Status.CLOSING: frozenset({Status.RECEIVED, Status.CANCELLED, Status.EXPIRED, Status.WAITING}),
    Status.RECEIVED: frozenset({Status.SUCCESS}),
    Status.SUCCESS: frozenset(),
    Status.EXPIRED: frozenset(),
    Status.CANCELLED: frozenset(),
    Status.FAILED: frozenset(),
}


FINAL = frozenset(status for status, following in TRANSITIONS.items() if not following)


OPEN = frozenset(TRANSITIONS) - FINAL


# The hold was earned in these; in all other final ones it was given back.
CAPTURED = frozenset({Status.RECEIVED, Status.SUCCESS})


# What customers see, and what stands behind it: buying and closing are waiting to them.
SHOWN_AS: dict[str, list[Status]] = {
    status.value: [Status.PURCHASING, Status.WAITING, Status.CLOSING]
    if status == Status.WAITING
    else [status]
    for status in Status
    if status not in {Status.PURCHASING, Status.CLOSING}
}


class IllegalTransition(Exception):
    """Somebody asked for a change that TRANSITIONS does not know: a bug."""


class AttemptState(models.TextChoices):
    """What is known of a purchase upstream."""

    SENT = "sent", _("Asked, no answer yet")
    BOUGHT = "bought", _("Bought")
    REFUSED = "refused", _("Refused")
    UNREACHABLE = "unreachable", _("Not reached")
    UNKNOWN = "unknown", _("Outcome unknown")
    ORPHANED = "orphaned", _("Bought, but no order wants it")
    CANCELLED = "cancelled", _("Cancelled upstream")
    FINISHED = "finished", _("Finished upstream")
    NOTHING = "nothing", _("Nothing had been bought")
    LOST = "lost", _("Booked as a loss")
    REVIEW = "review", _("For a person to look at")
