"""Mails that tell of a low balance, waiting to be sent."""

from datetime import datetime

from django.db import models
from django.utils.translation import gettext_lazy as _

from wallet.models.ledger import LedgerAccount


class LowBalanceNoticeQuerySet(models.QuerySet["LowBalanceNotice"]):
    def due(self, now: datetime) -> "LowBalanceNoticeQuerySet":
        return self.filter(due_at__lte=now)


class LowBalanceNotice(models.Model):
    """The one mail about a wallet that may be under way; the threshold is the wallet's own."""

    wallet = models.OneToOneField(LedgerAccount, on_delete=models.CASCADE, primary_key=True)
    language = models.CharField(max_length=5, blank=True)
    balance = models.BigIntegerField(default=0)
    due_at = models.DateTimeField(null=True, db_index=True)
    mailed_at = models.DateTimeField(null=True)

    objects = LowBalanceNoticeQuerySet.as_manager()

    class Meta:
        verbose_name = _("low balance notice")
        verbose_name_plural = _("low balance notices")

    def __str__(self) -> str:
        return str(self.wallet)
