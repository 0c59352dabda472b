"""What people look at about pricing rules: tables that were uploaded, and what each rule does."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from catalog.models.prices import PricingRule
from catalog.models.suppliers import Supplier


class RuleSheet(models.Model):
    """What somebody uploaded, as text; nothing of it holds before it is carried out.

    It is read anew each time it is shown, so that it tells what it would do to the rules there
    are by then.
    """

    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", verbose_name=_("by")
    )
    name = models.CharField(_("file"), max_length=100)
    uploaded_at = models.DateTimeField(_("uploaded at"), default=timezone.now)
    #: names of the columns, in their order
    header: Any = models.JSONField(default=list)
    #: by the numbers that a spreadsheet shows, column by column
    rows: Any = models.JSONField(default=dict)
    #: row, column and what is wrong with the cell, in the words of whoever uploaded it
    problems: Any = models.JSONField(default=list)
    replaces = models.BooleanField(_("replace everything"), default=False)
    carried_out_at = models.DateTimeField(_("carried out at"), null=True)

    class Meta:
        verbose_name = _("uploaded rules")
        verbose_name_plural = _("uploaded rules")

    def __str__(self) -> str:
        return self.name


class RuleCount(models.Model):
    """How many offers a rule made the price of when they were last counted.

    Or, in rows of suppliers instead, for how many of its offers there was no rule. Counting reads
    every offer, so it is done now and then; what it says may be some minutes old.
    """

    rule = models.OneToOneField(PricingRule, on_delete=models.CASCADE, null=True)
    supplier = models.OneToOneField(Supplier, on_delete=models.CASCADE, null=True)
    offer_count = models.BigIntegerField(_("offers"))
    #: of these, how many would not leave the floor margin, and so are not sold
    below_count = models.BigIntegerField(_("offers under cost"), default=0)
    counted_at = models.DateTimeField(_("counted at"))

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(
                condition=Q(rule=None) ^ Q(supplier=None), name="catalog_rule_count_of_one"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rule or self.supplier}: {self.offer_count}"
