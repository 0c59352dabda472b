"""What one member of staff asks for and another one must agree to."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Mode, User
from nexotp.lib.amounts import signed_amount_text
from orders.models import Order


class ApprovalKind(models.TextChoices):
    """What is asked for."""

    REFUND = "refund", _("Refund")
    ADJUSTMENT = "adjustment", _("Correction of a wallet")


class ApprovalState(models.TextChoices):
    """Whether somebody has decided."""

    PENDING = "pending", _("Waiting")
    APPROVED = "approved", _("Approved")
    REFUSED = "refused", _("Refused")


class ApprovalQuerySet(models.QuerySet["Approval"]):
    def pending(self) -> "ApprovalQuerySet":
        return self.filter(state=ApprovalState.PENDING)

    def locked(self, pk: int) -> "Approval":
        """Return the row, locked until the transaction ends; lock its order afterwards."""
        assert transaction.get_connection().in_atomic_block, "a lock outside is none"
        return self.select_for_update(no_key=True).get(pk=pk)


class Approval(models.Model):
    """Money for a customer that waits for a second person's word.

    `amount` is in minor units, and negative where it is taken from the wallet.
    """

    kind = models.CharField(_("what"), max_length=10, choices=ApprovalKind)
    state = models.CharField(
        _("state"), max_length=8, choices=ApprovalState, default=ApprovalState.PENDING
    )
    user = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="+", verbose_name=_("account")
    )
    order = models.ForeignKey(
        Order, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("order")
    )
    amount = models.BigIntegerField(_("amount"))
    currency = models.CharField(_("currency"), max_length=3)
    mode = models.CharField(_("mode"), max_length=7, choices=Mode)
    reason = models.CharField(_("reason"), max_length=200)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("asked by"),
    )
    asked_at = models.DateTimeField(_("asked at"), default=timezone.now)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("decided by"),
    )
    decided_at = models.DateTimeField(_("decided at"), null=True)

    objects = ApprovalQuerySet.as_manager()

    class Meta:
        verbose_name = _("approval")
        verbose_name_plural = _("approvals")
        permissions: ClassVar[list[Any]] = [
            ("decide_approval", _("May approve what a colleague asked for")),
        ]
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(
                condition=~Q(decided_by=F("asked_by")), name="office_approval_by_another"
            ),
            models.CheckConstraint(
                condition=Q(
                    state=ApprovalState.PENDING, decided_by__isnull=True, decided_at__isnull=True
                )
                | Q(
                    state__in=[ApprovalState.APPROVED, ApprovalState.REFUSED],
                    decided_by__isnull=False,
                    decided_at__isnull=False,
                ),
                name="office_approval_decided_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(kind=ApprovalKind.REFUND, order__isnull=False, amount__gt=0)
                | (Q(kind=ApprovalKind.ADJUSTMENT, order__isnull=True) & ~Q(amount=0)),
                name="office_approval_fits_its_kind",
            ),
            models.UniqueConstraint(
                fields=["order"],
                condition=Q(state=ApprovalState.PENDING),
                name="office_one_question_per_order",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {signed_amount_text(self.amount, self.currency)}"

    @property
    def is_pending(self) -> bool:
        return self.state == ApprovalState.PENDING
