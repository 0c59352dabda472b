"""What reached the numbers."""

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from orders.models.order import Order


class MessageQuerySet(models.QuerySet["OrderMessage"]):
    def shown(self) -> "MessageQuerySet":
        """What customers were charged for, the oldest first."""
        return self.filter(is_late=False).order_by("pk")


class OrderMessage(models.Model):
    """One message that reached the number. `fingerprint` keeps it from being stored twice."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="messages")
    public_id = models.CharField(max_length=30, unique=True, editable=False)
    fingerprint = models.CharField(max_length=64)
    code = models.CharField(max_length=40, null=True)
    text = models.TextField(blank=True)
    sender = models.CharField(max_length=60, blank=True)
    # Came after the end: kept for support, neither shown nor charged.
    is_late = models.BooleanField(default=False)
    received_at = models.DateTimeField()

    objects = MessageQuerySet.as_manager()

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["order", "fingerprint"], name="orders_message_once"),
        ]

    def __str__(self) -> str:
        return self.code or self.text[:40]
