"""What stands between a supplier's books and ours, other than the purchases for orders."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from catalog.models import Supplier


class SupplierTopUp(models.Model):
    """Money that we paid to a supplier in advance, in the supplier's currency."""

    supplier = models.ForeignKey(Supplier, on_delete=models.PROTECT)
    amount = models.BigIntegerField(_("amount"))
    currency = models.CharField(max_length=3)
    note = models.CharField(_("note"), max_length=200, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("supplier top-up")
        verbose_name_plural = _("supplier top-ups")
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="orders_top_up_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.supplier} {self.amount} {self.currency}"


class StrayState(models.TextChoices):
    """Whether somebody has said what a stray purchase was."""

    REVIEW = "review", _("For a person to look at")
    LOST = "lost", _("Booked as a loss")
    NOT_OURS = "not_ours", _("Not bought by the shop")
    ASSIGNED = "assigned", _("Given to an order")


class StrayPurchase(models.Model):
    """An activation in a supplier's history that no attempt of ours owns."""

    supplier = models.ForeignKey(Supplier, on_delete=models.PROTECT)
    reference = models.CharField(max_length=80)
    phone_number = models.CharField(max_length=20, blank=True)
    cost = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    state = models.CharField(max_length=8, choices=StrayState, default=StrayState.REVIEW)
    started_at = models.DateTimeField(null=True)
    found_at = models.DateTimeField(default=timezone.now)
    settled_at = models.DateTimeField(null=True)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )

    # The purchase of ours that it turned out to be.
    attempt = models.ForeignKey(
        "orders.PurchaseAttempt", on_delete=models.PROTECT, null=True, related_name="+"
    )
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name = _("stray purchase")
        verbose_name_plural = _("stray purchases")
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["supplier", "reference"], name="orders_stray_once"),
            models.CheckConstraint(
                condition=Q(state__in=StrayState.values), name="orders_stray_state_known"
            ),
            models.CheckConstraint(
                condition=Q(state=StrayState.REVIEW) | Q(settled_at__isnull=False),
                name="orders_stray_settled_has_time",
            ),
            models.CheckConstraint(
                condition=Q(state=StrayState.ASSIGNED, attempt__isnull=False)
                | (~Q(state=StrayState.ASSIGNED) & Q(attempt=None)),
                name="orders_stray_assigned_to_one",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.supplier} {self.reference}"


class SupplierDay(models.Model):
    """What a supplier says of one day of the shop's, and how its balance stood that day.

    Costs are in the supplier's currency. What it says is as of `compared_until`; None where its
    history was not read for all of the day, or it keeps none.
    """

    supplier = models.ForeignKey(Supplier, on_delete=models.CASCADE)
    day = models.DateField()
    count = models.PositiveIntegerField(default=0)
    cost = models.BigIntegerField(default=0)
    # Of the cost, what it has given back.
    given_back = models.BigIntegerField(default=0)
    compared_until = models.DateTimeField(null=True)
    balance = models.BigIntegerField(null=True)
    drift = models.BigIntegerField(null=True)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["supplier", "day"], name="orders_supplier_day_once"),
        ]

    def __str__(self) -> str:
        return f"{self.supplier} {self.day}"
