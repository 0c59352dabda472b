"""Sums of what has happened, by hour and by day, kept so that pages need not read every row.

They hold whole spans that cannot change any more; what came later is read from the rows. `Fold`
says how far each is. They can be thrown away and made again.
"""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Fold(models.Model):
    """Up to when rows have been summed up; everything before is in the sums."""

    name = models.CharField(max_length=10, primary_key=True)
    until = models.DateTimeField()


class MoneyHour(models.Model):
    """Transfers of one hour, by kind and by the kinds of the two accounts; minor units."""

    hour = models.DateTimeField()
    kind = models.CharField(max_length=10)
    debit = models.CharField(max_length=20)
    credit = models.CharField(max_length=20)
    currency = models.CharField(max_length=3)
    mode = models.CharField(max_length=7)
    amount = models.BigIntegerField()
    count = models.BigIntegerField()

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["mode", "hour", "kind", "debit", "credit", "currency"],
                name="office_money_once",
            ),
        ]


class OrderHour(models.Model):
    """Orders placed in one hour, by how they ended and after how many seconds a code came.

    With a count for each second, a median is exact to the second over any span.
    """

    hour = models.DateTimeField()
    mode = models.CharField(max_length=7)
    status = models.CharField(max_length=10)
    wait = models.IntegerField(null=True)
    count = models.BigIntegerField()

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["mode", "hour", "status", "wait"],
                nulls_distinct=False,
                name="office_orders_once",
            ),
        ]


class SalesDay(models.Model):
    """What one day's transfers earned and cost, by supplier, service and country; minor units.

    `supplier` is 0 where an order never got as far as a purchase, `service` and `country` are
    empty for what belongs to no order. Days are the shop's.
    """

    day = models.DateField()
    mode = models.CharField(max_length=7)
    supplier_id = models.BigIntegerField()
    service = models.CharField(max_length=60)
    country = models.CharField(max_length=20)
    kind = models.CharField(max_length=10)
    currency = models.CharField(max_length=3)
    amount = models.BigIntegerField()
    count = models.BigIntegerField()

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=[
                    *("mode", "day", "supplier_id", "service", "country", "kind", "currency"),
                ],
                name="office_sales_once",
            ),
        ]


class BooksCheck(models.Model):
    """One run of the proof that ledger and orders agree, and what it found."""

    asked_at = models.DateTimeField(_("asked at"))
    ended_at = models.DateTimeField(_("ended at"), null=True)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("asked by"),
    )
    findings = models.JSONField(_("findings"), default=list)

    class Meta:
        verbose_name = _("check of the books")
        verbose_name_plural = _("checks of the books")
        permissions: ClassVar[list[Any]] = [
            ("view_books", _("May see the daily close, the profit and money on the home page")),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"
