"""How cost becomes price: rules and exchange rates."""

from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils import formats, timezone
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Tier
from catalog.models.goods import Country, Service
from catalog.models.suppliers import Supplier
from nexotp.lib.money import EXPONENTS


def _moment(at: datetime) -> str:
    return formats.date_format(timezone.localtime(at), "j M Y H:i")


class PricingRuleQuerySet(models.QuerySet["PricingRule"]):
    def in_force(self, now: datetime) -> "PricingRuleQuerySet":
        """Active rules whose window is open at this moment."""
        return self.filter(
            Q(starts_at=None) | Q(starts_at__lte=now),
            Q(ends_at=None) | Q(ends_at__gt=now),
            is_active=True,
        )

    def most_specific_first(self) -> "PricingRuleQuerySet":
        """In the order in which rules are tried: the first that matches an offer holds.

        Service and country, the service, the country, everything; of two alike the supplier's
        own, then the newest. `priced_sql` says the same to the database.
        """
        named = [F(name).asc(nulls_last=True) for name in ("service", "country", "supplier")]
        return self.order_by(*named, "-pk")

    def of_offers(self) -> "PricingRuleQuerySet":
        """Rules that make an offer's price, the same for everybody, of its cost."""
        return self.filter(tier=None)


class PricingRule(models.Model):
    """How cost becomes price. The most specific rule that matches wins; ties by the newest.

    Amounts are in minor units of the shop's currency, `markup_percent` in percent of the cost.
    A rule with a tier makes of an offer's price the price for accounts of that tier: there the
    percent is of the price, and may lower it.
    """

    service = models.ForeignKey(
        Service, on_delete=models.CASCADE, null=True, blank=True, verbose_name=_("service")
    )
    country = models.ForeignKey(
        Country, on_delete=models.CASCADE, null=True, blank=True, verbose_name=_("country")
    )
    supplier = models.ForeignKey(
        Supplier, on_delete=models.CASCADE, null=True, blank=True, verbose_name=_("supplier")
    )
    tier = models.ForeignKey(
        Tier, on_delete=models.CASCADE, null=True, blank=True, verbose_name=_("tier")
    )
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

    objects = PricingRuleQuerySet.as_manager()

    class Meta:
        verbose_name = _("pricing rule")
        verbose_name_plural = _("pricing rules")
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(
                condition=Q(markup_percent__gte=-100, floor__gt=0, rounding__gt=0)
                & (Q(ceiling=None) | Q(ceiling__gte=F("floor"))),
                name="catalog_rule_sane",
            ),
            # So a tier never changes which of two offers of the same goods is the dearer one.
            models.CheckConstraint(
                condition=Q(tier=None) | Q(supplier=None), name="catalog_rule_tier_of_any_supplier"
            ),
        ]

    def __str__(self) -> str:
        named = (self.tier, self.service, self.country, self.supplier)
        parts = [str(part) for part in named if part]
        percent = Decimal(self.markup_percent or 0).normalize()
        return f"{' × '.join(parts) or gettext('everything')}: {percent:+f} %"

    def standing(self, now: datetime) -> "str | Promise":
        """Return whether it holds, and when it begins or ends, in words."""
        if not self.is_active:
            return _("switched off")
        if self.ends_at and self.ends_at <= now:
            return _("ended %(when)s") % {"when": _moment(self.ends_at)}
        if self.starts_at and self.starts_at > now:
            return _("begins %(when)s") % {"when": _moment(self.starts_at)}
        if self.ends_at:
            return _("until %(when)s") % {"when": _moment(self.ends_at)}
        return _("holds")

    def clean(self) -> None:
        """Raises ValidationError naming each field that cannot be so."""
        wrong: dict[str, Any] = {}
        # What a form could not read is None here, and complained about there.
        percent: Decimal | None = self.markup_percent
        floor: int | None = self.floor
        rounding: int | None = self.rounding
        if self.tier_id and self.supplier_id:
            wrong["supplier"] = _("A rule for a tier holds for all suppliers.")
        if self.starts_at and self.ends_at and self.ends_at <= self.starts_at:
            wrong["ends_at"] = _("It would end before it begins.")
        if percent is not None and percent < -100:
            wrong["markup_percent"] = _("Nothing is sold for less than nothing.")
        if floor is not None and floor < 1:
            wrong["floor"] = _("A price is more than nothing.")
        if rounding is not None and rounding < 1:
            wrong["rounding"] = _("1 leaves the price as it is.")
        if floor is not None and self.ceiling is not None and self.ceiling < floor:
            wrong["ceiling"] = _("This is below the lowest price.")
        if wrong:
            raise ValidationError(wrong)


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
