"""Top-ups: what a buyer wants to pay in, by which way, and what came of it.

Rows are the queue: `next_check_at` says when a sweep must look at one again, and is moved on by
whoever takes it. Money is credited in the transaction that makes a top-up CONFIRMED, once, under
the ledger's reference `topup:` and its public id.
"""

from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.db import models, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from nexotp.lib.ids import new_id
from wallet.models.methods import PaymentMethod
from wallet.states import TRANSITIONS, IllegalTransition, Review, TopUpState

# Whoever takes a row has this long; more than the one call to a gateway that it needs.
_LEASE = timedelta(seconds=60)


def new_top_up_id() -> str:
    return new_id("tup")


class TopUpQuerySet(models.QuerySet["TopUp"]):
    def of(self, user: User) -> "TopUpQuerySet":
        return self.filter(user=user)

    def pending(self) -> "TopUpQuerySet":
        return self.filter(state=TopUpState.PENDING)

    def for_a_person(self) -> "TopUpQuerySet":
        """Those that wait for somebody to approve or reject them."""
        return self.filter(
            Q(state=TopUpState.PENDING, is_manual=True, proof_count__gt=0) | ~Q(review="")
        ).exclude(state=TopUpState.CONFIRMED)

    def locked(self, pk: int) -> "TopUp":
        """Return the row, locked until the transaction ends."""
        assert transaction.get_connection().in_atomic_block, "a lock outside is none"
        return self.select_for_update(no_key=True, of=("self",)).select_related("user").get(pk=pk)

    def claim_due(self, now: datetime, *, limit: int) -> list["TopUp"]:
        """Take rows whose time has come; nobody else gets them meanwhile."""
        with transaction.atomic():
            due = self.filter(next_check_at__lte=now).order_by("next_check_at")
            rows = due.select_for_update(skip_locked=True, no_key=True)
            claimed = list(rows.values_list("pk", flat=True)[:limit])
            self.filter(pk__in=claimed).update(next_check_at=now + _LEASE)
        return list(self.filter(pk__in=claimed).select_related("method", "user"))


class TopUp(models.Model):
    """Money on its way into a live wallet. Amounts are minor units of `currency`."""

    public_id = models.CharField(max_length=30, unique=True, default=new_top_up_id, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, db_index=False)
    method = models.ForeignKey(PaymentMethod, on_delete=models.PROTECT)
    is_manual = models.BooleanField(help_text=_("A person must see that the money has come."))
    state = models.CharField(max_length=10, choices=TopUpState, default=TopUpState.PENDING)
    asked = models.BigIntegerField(help_text=_("What the buyer typed."))
    amount = models.BigIntegerField(help_text=_("What is to be paid, unique digits included."))
    currency = models.CharField(max_length=3)
    # What makes a form count once, however often it is sent.
    form_key = models.CharField(max_length=40)
    language = models.CharField(max_length=5)
    gateway_reference = models.CharField(max_length=80, blank=True)
    payment_url = models.CharField(max_length=500, blank=True)
    paid_amount = models.BigIntegerField(null=True, help_text=_("What the gateway says came."))
    credited = models.BigIntegerField(null=True)
    review = models.CharField(max_length=20, choices=Review, blank=True)
    proof_count = models.PositiveSmallIntegerField(default=0)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    reason = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    checked_at = models.DateTimeField(null=True)
    next_check_at = models.DateTimeField(null=True)
    mail_due_at = models.DateTimeField(null=True)

    objects = TopUpQuerySet.as_manager()

    class Meta:
        verbose_name = _("top-up")
        verbose_name_plural = _("top-ups")
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["user", "form_key"], name="wallet_topup_form_once"),
            # By its amount alone a transfer on the account's statement is told whose it is.
            models.UniqueConstraint(
                fields=["method", "amount"],
                condition=Q(state=TopUpState.PENDING, is_manual=True),
                name="wallet_topup_amount_unique_while_pending",
            ),
            models.UniqueConstraint(
                fields=["method", "gateway_reference"],
                condition=~Q(gateway_reference=""),
                name="wallet_topup_one_payment_each",
            ),
            models.CheckConstraint(
                condition=Q(state__in=TopUpState.values), name="wallet_topup_state_known"
            ),
            models.CheckConstraint(
                condition=Q(asked__gt=0, amount__gte=F("asked")), name="wallet_topup_amounts"
            ),
            models.CheckConstraint(
                condition=Q(state=TopUpState.CONFIRMED, credited__gt=0, credited__isnull=False)
                | (~Q(state=TopUpState.CONFIRMED) & Q(credited__isnull=True)),
                name="wallet_topup_confirmed_is_credited",
            ),
            models.CheckConstraint(
                condition=Q(state=TopUpState.PENDING, ended_at__isnull=True)
                | (~Q(state=TopUpState.PENDING) & Q(ended_at__isnull=False)),
                name="wallet_topup_ended_knows_when",
            ),
            models.CheckConstraint(
                condition=~Q(state=TopUpState.REJECTED)
                | (~Q(reason="") & Q(decided_by__isnull=False)),
                name="wallet_topup_rejected_says_why",
            ),
            # One that neither a sweep nor a person looks at would be forgotten.
            models.CheckConstraint(
                condition=~Q(state=TopUpState.PENDING)
                | Q(next_check_at__isnull=False)
                | Q(is_manual=True, proof_count__gt=0)
                | ~Q(review=""),
                name="wallet_topup_pending_is_queued",
            ),
        ]
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["user", "-id"], name="wallet_topup_of_account"),
            models.Index(
                fields=["next_check_at"],
                condition=Q(next_check_at__isnull=False),
                name="wallet_topup_due",
            ),
            models.Index(
                fields=["mail_due_at"],
                condition=Q(mail_due_at__isnull=False),
                name="wallet_topup_mail_due",
            ),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def is_pending(self) -> bool:
        return self.state == TopUpState.PENDING

    @property
    def is_being_checked(self) -> bool:
        """Whether a person is looking at it, or will."""
        if self.state == TopUpState.CONFIRMED:
            return False
        return bool(self.review) or (self.is_pending and self.is_manual and self.proof_count > 0)

    @property
    def can_be_paid(self) -> bool:
        return self.is_pending and not self.is_being_checked

    @property
    def can_be_decided(self) -> bool:
        """Whether staff may say what came of it: what a gateway knows is not theirs to say."""
        return self.state != TopUpState.CONFIRMED and (self.is_manual or bool(self.review))

    @property
    def can_take_proof(self) -> bool:
        """A buyer who transferred late may still show that."""
        return self.is_manual and self.state in {
            TopUpState.PENDING,
            TopUpState.EXPIRED,
            TopUpState.CANCELLED,
        }

    @property
    def unique_digits(self) -> int:
        return self.amount - self.asked

    def seconds_left(self, now: datetime) -> int:
        return max(0, int((self.expires_at - now).total_seconds())) if self.is_pending else 0

    def move(self, to: TopUpState, *, now: datetime, **changes: Any) -> None:
        """Change the state of a row that the caller has locked. Raises IllegalTransition."""
        if to not in TRANSITIONS[TopUpState(self.state)]:
            raise IllegalTransition(f"{self.public_id}: {self.state} → {to}")
        self.note(state=to, ended_at=now, **changes)

    def note(self, **changes: Any) -> None:
        """Change fields of a row that the caller has locked."""
        for name, value in changes.items():
            setattr(self, name, value)
        self.save(update_fields=list(changes))


def _proof_path(proof: "Proof", _name: str) -> str:
    """Nothing of the name that the buyer's file had."""
    return f"proofs/{proof.top_up.public_id}/{new_id('file')}.{proof.kind}"


class ProofKind(models.TextChoices):
    """What a proof may be, by the ending of its name."""

    JPEG = "jpg", "JPEG"
    PNG = "png", "PNG"
    WEBP = "webp", "WebP"
    PDF = "pdf", "PDF"


class Proof(models.Model):
    """What a buyer sent to show that a transfer was made."""

    top_up = models.ForeignKey(TopUp, on_delete=models.PROTECT, related_name="proofs")
    kind = models.CharField(max_length=4, choices=ProofKind)
    file = models.FileField(upload_to=_proof_path, max_length=120)
    size = models.PositiveIntegerField(help_text=_("In bytes."))
    uploaded_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("proof of payment")
        verbose_name_plural = _("proofs of payment")
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(
                condition=Q(kind__in=ProofKind.values), name="wallet_proof_kind_known"
            ),
        ]

    def __str__(self) -> str:
        return self.file.name or "—"
