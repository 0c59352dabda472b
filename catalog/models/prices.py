"""How cost becomes price: rules and exchange rates."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from catalog.models.goods import Country, Service
from catalog.models.suppliers import Supplier
from nexotp.lib.money import EXPONENTS


class PricingRule(models.Model):
    """How cost becomes price. The most specific rule that matches wins; ties by the newest.

    Amounts are in minor units of the shop's currency, `markup_percent` in percent of the cost.
    """

    service = models.ForeignKey(Service, on_delete=models.CASCADE, null=True, blank=True)
    country = models.ForeignKey(Country, on_delete=models.CASCADE, null=True, blank=True)
    supplier = models.ForeignKey(Supplier, on_delete=models.CASCADE, null=True, blank=True)
    starts_at = models.DateTimeField(_("from"), null=True, blank=True)
    ends_at = models.DateTimeField(_("until"), null=True, blank=True)
    markup_percent = models.DecimalField(_("markup in percent"), max_digits=6, decimal_places=2)
    markup_fixed = models.BigIntegerField(_("fixed markup"), default=0)
    floor = models.BigIntegerField(_("lowest price"), default=1)
    ceiling = models.BigIntegerField(_("highest price"), null=True, blank=True)
    rounding = models.PositiveIntegerField(
        _("rounded up to a multiple of"), default=1, help_text=_("100 makes 6,500 out of 6,412.")
    )
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("pricing rule")
        verbose_name_plural = _("pricing rules")
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(
                condition=Q(markup_percent__gte=-100, floor__gt=0, rounding__gt=0)
                & (Q(ceiling=None) | Q(ceiling__gte=F("floor"))),
                name="catalog_rule_sane",
            ),
        ]

    def __str__(self) -> str:
        parts = [str(part) for part in (self.service, self.country, self.supplier) if part]
        return f"{' × '.join(parts) or '*'}: +{self.markup_percent} %"


class ExchangeRate(models.Model):
    """How much of the shop's currency one unit of another currency is worth.

    One that needs review moved too far to be believed without a person's word; it prices nothing.
    """

    currency = models.CharField(max_length=3, choices=[(c, c) for c in EXPONENTS])
    rate = models.DecimalField(_("rate"), max_digits=18, decimal_places=8)
    as_of = models.DateTimeField(_("as of"), default=timezone.now)
    source = models.CharField(_("source"), max_length=40, default="manual")
    needs_review = models.BooleanField(_("needs review"), default=False, editable=False)

    class Meta:
        verbose_name = _("exchange rate")
        verbose_name_plural = _("exchange rates")
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(condition=Q(rate__gt=0), name="catalog_rate_positive"),
        ]
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["currency", "-as_of"], name="catalog_rate_newest"),
        ]

    def __str__(self) -> str:
        return f"1 {self.currency} = {self.rate} {settings.SHOP_CURRENCY}"
