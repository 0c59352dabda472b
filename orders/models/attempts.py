"""Purchases asked of suppliers, each for one order."""

from datetime import datetime
from typing import Any, ClassVar

from django.contrib.postgres.indexes import BrinIndex
from django.db import models, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from catalog.models import Offer, Supplier, provider_code
from orders.models.order import Order, lease_from
from orders.states import (
    AttemptState,
    Status,
)
from suppliers.base import Goods

# In these there is an activation upstream, known by its reference.
_BOUGHT_STATES = [
    AttemptState.BOUGHT,
    AttemptState.ORPHANED,
    AttemptState.CANCELLED,
    AttemptState.FINISHED,
    AttemptState.LOST,
]


class AttemptQuerySet(models.QuerySet["PurchaseAttempt"]):
    def open_at(self, supplier: Supplier) -> "AttemptQuerySet":
        """Purchases whose order still waits for a message, or may get another."""
        return self.filter(
            supplier=supplier,
            state=AttemptState.BOUGHT,
            order__status__in=[Status.WAITING, Status.CLOSING, Status.RECEIVED],
        )

    def unknown_at(self, supplier: Supplier) -> "AttemptQuerySet":
        return self.filter(supplier=supplier, state=AttemptState.UNKNOWN)

    def on_same_site(self, supplier: Supplier) -> "AttemptQuerySet":
        """Purchases at this supplier, under whichever of our names for it.

        Two of our suppliers may be one account of theirs, and share its list.
        """
        site = {"protocol": supplier.protocol, "base_url": supplier.base_url}
        return self.filter(**{f"supplier__{name}": value for name, value in site.items()})

    def bought(self) -> "AttemptQuerySet":
        """Purchases that exist upstream and may need something done there."""
        return self.filter(
            state__in=[AttemptState.BOUGHT, AttemptState.ORPHANED, AttemptState.REVIEW]
        ).exclude(reference="")

    def locked(self, pk: int) -> "PurchaseAttempt":
        """Return the row, locked until the transaction ends; lock its order before."""
        return self.select_for_update(no_key=True).get(pk=pk)

    def claim_due(self, now: datetime, *, limit: int) -> list["PurchaseAttempt"]:
        """Lease the attempts whose time has come, by moving their time past the lease."""
        due = self.filter(next_action_at__lte=now).order_by("next_action_at")
        with transaction.atomic():
            pks = due.select_for_update(skip_locked=True, no_key=True)
            claimed = list(pks.values_list("pk", flat=True)[:limit])
            self.filter(pk__in=claimed).update(next_action_at=lease_from(now))
        return list(self.filter(pk__in=claimed).select_related("order", "supplier"))


class PurchaseAttempt(models.Model):
    """One purchase asked of one supplier. `cost` is in the supplier's currency."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="attempts")
    supplier = models.ForeignKey(Supplier, on_delete=models.PROTECT)
    offer = models.ForeignKey(Offer, on_delete=models.SET_NULL, null=True)
    supplier_service = models.CharField(max_length=40)
    supplier_country = models.CharField(max_length=40)
    operator = models.CharField(max_length=40, blank=True)
    # An operator without stock may be replaced silently.
    reported_operator = models.CharField(max_length=40, blank=True)
    state = models.CharField(max_length=11, choices=AttemptState, default=AttemptState.SENT)
    cost = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    reference = models.CharField(max_length=80, blank=True)
    sent_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=200, blank=True)
    # What was seen of this activation last, so that a poll writes only what changed.
    seen = models.CharField(max_length=64, blank=True)
    checked_at = models.DateTimeField(null=True)
    # The supplier pushed that something came, and it has not been read since.
    hinted_at = models.DateTimeField(null=True)
    look_count = models.PositiveSmallIntegerField(default=0)
    next_action_at = models.DateTimeField(null=True)
    # The supplier gave the cost back although the purchase was used, or booked as a loss.
    returned_at = models.DateTimeField(null=True, editable=False)
    # With the order's first purchase: who could have served, and why this one was asked.
    route = models.JSONField(null=True, editable=False)

    objects = AttemptQuerySet.as_manager()

    class Meta:
        verbose_name = _("purchase attempt")
        verbose_name_plural = _("purchase attempts")
        permissions: ClassVar[list[Any]] = [
            ("decide_attempt", _("May say what became of a purchase")),
        ]
        constraints: ClassVar[list[Any]] = [
            # Two customers must never share a number, whatever else happens.
            models.UniqueConstraint(
                fields=["supplier", "reference"],
                condition=~Q(reference=""),
                name="orders_activation_once",
            ),
            models.UniqueConstraint(
                fields=["order"],
                condition=Q(state__in=[AttemptState.SENT, AttemptState.BOUGHT]),
                name="orders_one_live_attempt",
            ),
            models.CheckConstraint(
                condition=Q(state__in=AttemptState.values), name="orders_attempt_state_known"
            ),
            models.CheckConstraint(condition=Q(cost__gte=0), name="orders_cost_not_negative"),
            models.CheckConstraint(
                condition=~Q(state__in=_BOUGHT_STATES) | ~Q(reference=""),
                name="orders_activation_has_reference",
            ),
            # What may have been bought and belongs to nobody would be forgotten.
            models.CheckConstraint(
                condition=~Q(state__in=[AttemptState.UNKNOWN, AttemptState.ORPHANED])
                | Q(next_action_at__isnull=False),
                name="orders_loose_end_is_queued",
            ),
        ]
        indexes: ClassVar[list[Any]] = [
            models.Index(
                fields=["supplier", "state"],
                condition=Q(
                    state__in=[AttemptState.SENT, AttemptState.BOUGHT, AttemptState.UNKNOWN]
                ),
                name="orders_attempt_live",
            ),
            models.Index(
                fields=["next_action_at"],
                condition=Q(next_action_at__isnull=False),
                name="orders_attempt_due",
            ),
            models.Index(
                fields=["supplier"],
                condition=Q(hinted_at__isnull=False),
                name="orders_attempt_hinted",
            ),
            # What somebody must look at is counted on every page of staff's.
            models.Index(
                fields=["state"],
                condition=Q(
                    state__in=[AttemptState.UNKNOWN, AttemptState.ORPHANED, AttemptState.REVIEW]
                ),
                name="orders_attempt_loose",
            ),
            BrinIndex(fields=["sent_at"], autosummarize=True, name="orders_attempt_recent"),
        ]

    def __str__(self) -> str:
        return f"{self.supplier} {self.reference or self.state}"

    @property
    def goods(self) -> Goods:
        return Goods(self.supplier_service, self.supplier_country, self.operator)

    @property
    def provider_code(self) -> str:
        """What customers see of the supplier that was asked."""
        return provider_code(self.supplier.code, self.operator)
