"""What people say of a top-up: that its money has come, or that it has not; and proofs of it."""

from dataclasses import dataclass
from datetime import datetime

from django.core.files.base import ContentFile
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from nexotp.lib.errors import Problem
from wallet.actions.paying import confirm
from wallet.models import Proof, TopUp
from wallet.states import Review, TopUpState

MOST_PROOFS = 5


class TopUpDecided(Problem):
    code = "top_up_decided"
    status = 409
    message = _("This top-up has been decided already, or is not for people to decide.")


class ProofNotWanted(Problem):
    code = "proof_not_wanted"
    status = 409
    message = _("This top-up takes no more proofs.")


@dataclass(frozen=True, slots=True)
class ProofFile:
    """A file that has been looked at: what it is, and its content."""

    kind: str
    content: bytes


@transaction.atomic
def approve_top_up(top_up: TopUp, *, received: int, by: User, now: datetime) -> TopUp:
    """Credit what has come, in minor units, whatever the buyer was to pay.

    Raises TopUpDecided, AccountDeleted.
    """
    row = TopUp.objects.locked(top_up.pk)
    if not row.can_be_decided:
        raise TopUpDecided
    confirm(row, credited=received, by=by, now=now, paid_amount=received)
    return row


@transaction.atomic
def reject_top_up(top_up: TopUp, *, reason: str, by: User, now: datetime) -> TopUp:
    """End a top-up whose money has not come; its buyer reads the reason. Raises TopUpDecided."""
    row = TopUp.objects.locked(top_up.pk)
    if not row.can_be_decided:
        raise TopUpDecided
    decided = {"review": "", "reason": reason[:200], "decided_by": by}
    if row.user.deleted_at is None:
        decided["mail_due_at"] = now
    if row.state == TopUpState.REJECTED:
        row.note(**decided)
    else:
        row.move(TopUpState.REJECTED, now=now, next_check_at=None, **decided)
    return row


def add_proof(top_up: TopUp, file: ProofFile, *, now: datetime) -> Proof:
    """Keep what a buyer shows; from then on a person decides, and nothing expires.

    Raises ProofNotWanted.
    """
    with transaction.atomic():
        row = TopUp.objects.locked(top_up.pk)
        if not row.can_take_proof or row.proof_count >= MOST_PROOFS:
            raise ProofNotWanted
        changes = {} if row.is_pending else {"review": Review.LATE_PROOF}
        row.note(proof_count=row.proof_count + 1, next_check_at=None, **changes)
        proof = Proof(top_up=row, kind=file.kind, size=len(file.content), uploaded_at=now)
        proof.file.save("proof", ContentFile(file.content), save=False)
        proof.save()
    return proof
