"""What staff writes down about accounts, and when it looked at the shop as one of them."""

from datetime import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class AccountNote(models.Model):
    """What one colleague tells the others about an account; its owner never sees it.

    Written once: the database refuses changes.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="account_notes",
        verbose_name=_("account"),
    )
    text = models.TextField(_("note"), max_length=2_000)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("by")
    )
    at = models.DateTimeField(_("time"), default=timezone.now)

    class Meta:
        verbose_name = _("note")
        verbose_name_plural = _("notes")

    def __str__(self) -> str:
        return f"#{self.pk}"


class CustomerViewQuerySet(models.QuerySet["CustomerView"]):
    def running(self) -> "CustomerViewQuerySet":
        return self.filter(ended_at=None)

    def overdue(self, now: datetime) -> "CustomerViewQuerySet":
        """Views whose time is over and that nobody has ended."""
        return self.running().filter(until__lte=now)


class CustomerView(models.Model):
    """One time that staff looked at the shop as a customer sees it."""

    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="customer_views"
    )
    began_at = models.DateTimeField()
    until = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    objects = CustomerViewQuerySet.as_manager()

    class Meta:
        # Made by an action only; there is no page of its own.
        default_permissions = ()
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(condition=~Q(by=F("user")), name="office_view_of_another"),
            models.CheckConstraint(
                condition=Q(until__gt=F("began_at")), name="office_view_ends_later"
            ),
        ]
        indexes: ClassVar[list[Any]] = [
            models.Index(
                fields=["until"], condition=Q(ended_at__isnull=True), name="office_views_running"
            ),
        ]
