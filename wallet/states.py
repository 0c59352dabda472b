"""Which states a top-up has, and which may follow which."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class TopUpState(models.TextChoices):
    """Where a top-up stands."""

    PENDING = "pending", pgettext_lazy("top-up", "Waiting")
    CONFIRMED = "confirmed", pgettext_lazy("top-up", "Credited")
    REJECTED = "rejected", pgettext_lazy("top-up", "Rejected")
    EXPIRED = "expired", pgettext_lazy("top-up", "Expired")
    CANCELLED = "cancelled", pgettext_lazy("top-up", "Cancelled")


# Only a credited top-up is the end of it: money may come after everybody has given up on it, and
# is credited or looked at by a person then.
TRANSITIONS: dict[TopUpState, frozenset[TopUpState]] = {
    TopUpState.PENDING: frozenset(
        {TopUpState.CONFIRMED, TopUpState.REJECTED, TopUpState.EXPIRED, TopUpState.CANCELLED}
    ),
    TopUpState.EXPIRED: frozenset({TopUpState.CONFIRMED, TopUpState.REJECTED}),
    TopUpState.CANCELLED: frozenset({TopUpState.CONFIRMED, TopUpState.REJECTED}),
    TopUpState.REJECTED: frozenset({TopUpState.CONFIRMED}),
    TopUpState.CONFIRMED: frozenset(),
}


class IllegalTransition(Exception):
    """Somebody asked for a change that TRANSITIONS does not know: a bug."""


class Review(models.TextChoices):
    """Why a person must look at a top-up whose money is there, or may be."""

    WRONG_AMOUNT = "wrong_amount", _("Another amount was paid")
    LATE_PROOF = "late_proof", _("Proof came after the end")
    AFTER_REJECTION = "after_rejection", _("Paid after it was rejected")
    ACCOUNT_DELETED = "account_deleted", _("Paid after its account was deleted")
