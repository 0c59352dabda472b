"""Suppliers' listings, their sums, and changes of them that are not believed yet."""

from datetime import datetime
from typing import Any, ClassVar

from django.db import models
from django.db.models import Exists, F, Q, Sum
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Mode
from catalog.models.goods import Country, Service
from catalog.models.resting import Block, Pause
from catalog.models.suppliers import BALANCE_AGE, Supplier
from suppliers.base import Goods


def provider_code(supplier: str, operator: str) -> str:
    """Return what customers see: the supplier's code, with the operator if it sells by one."""
    return f"{supplier}.{operator}" if operator else supplier


class OfferQuerySet(models.QuerySet["Offer"]):
    def on_sale(self, mode: str, now: datetime) -> "OfferQuerySet":
        """Offers a customer in this mode can buy at this moment."""
        on_sale = self.filter(
            ~Exists(Pause.objects.of_offer().on(now)),
            Q(supplier__balance=None)
            | Q(supplier__balance_at__lte=now - BALANCE_AGE)
            | Q(cost__lte=F("supplier__balance")),
            stock__gt=0,
            price__isnull=False,
            supplier__in=Supplier.objects.selling(mode, now),
        )
        return on_sale.exclude(Block.objects.goods()) if mode == Mode.LIVE else on_sale

    def for_goods(self, service: Service, country: Country) -> "OfferQuerySet":
        return self.filter(service=service, country=country)

    def deliveries_by_country(self, service: Service, mode: str) -> dict[int, tuple[int, int]]:
        """Return how many orders got a code, and how many ended, of each country with any."""
        counted = self.filter(service=service, supplier__mode=mode, ended_count__gt=0)
        summed = counted.values_list("country_id").annotate(
            delivered=Sum("delivered_count"), ended=Sum("ended_count")
        )
        return {country: (delivered, ended) for country, delivered, ended in summed}


class Offer(models.Model):
    """One supplier's listing. Without a price (no rate, no rule) it is not on sale."""

    # The indexes below begin with each of the three; more of them would only slow syncs down.
    supplier = models.ForeignKey(Supplier, on_delete=models.CASCADE, db_index=False)
    service = models.ForeignKey(Service, on_delete=models.PROTECT, db_index=False)
    country = models.ForeignKey(Country, on_delete=models.PROTECT, db_index=False)
    operator = models.CharField(max_length=40, blank=True)
    supplier_service = models.CharField(max_length=40)
    supplier_country = models.CharField(max_length=40)
    cost = models.BigIntegerField(_("cost"))
    price = models.BigIntegerField(_("price"), null=True)
    stock = models.PositiveIntegerField(_("stock"))
    delivered_count = models.PositiveIntegerField(default=0)
    ended_count = models.PositiveIntegerField(default=0)
    updated_at = models.DateTimeField(default=timezone.now)

    objects = OfferQuerySet.as_manager()

    # Set by reads that ask for it: what is known of these goods' failures and bans.
    pause: "Pause | None" = None

    class Meta:
        verbose_name = _("offer")
        verbose_name_plural = _("offers")
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["supplier", "service", "country", "operator"], name="catalog_offer_once"
            ),
            models.CheckConstraint(condition=Q(cost__gt=0), name="catalog_offer_cost_positive"),
            models.CheckConstraint(
                condition=Q(price=None) | Q(price__gt=0), name="catalog_offer_price_positive"
            ),
        ]
        indexes: ClassVar[list[Any]] = [
            models.Index(
                fields=["service", "country", "price"],
                condition=Q(stock__gt=0, price__isnull=False),
                include=["stock", "supplier"],
                name="catalog_offer_by_service",
            ),
            models.Index(
                fields=["country", "service", "price"],
                condition=Q(stock__gt=0, price__isnull=False),
                include=["stock", "supplier"],
                name="catalog_offer_by_country",
            ),
            # Counting deliveries sets back the few offers that have a count.
            models.Index(
                fields=["id"], condition=Q(ended_count__gt=0), name="catalog_offer_counted"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.supplier} {self.service} {self.country} {self.operator}".strip()

    @property
    def goods(self) -> Goods:
        return Goods(self.supplier_service, self.supplier_country, self.operator)

    @property
    def provider_code(self) -> str:
        """What customers see of the supplier."""
        return provider_code(self.supplier.code, self.operator)

    @property
    def success_rate(self) -> float | None:
        """Share of ended orders that got a code, from our own orders; None without any."""
        return round(self.delivered_count / self.ended_count, 3) if self.ended_count else None


class AvailabilityQuerySet(models.QuerySet["Availability"]):
    def on_sale(self, mode: str, now: datetime) -> "AvailabilityQuerySet":
        """Sums of suppliers that sell at this moment."""
        return self.filter(supplier__in=Supplier.objects.selling(mode, now))

    def of(self, service: Service | None, country: Country | None) -> "AvailabilityQuerySet":
        """Sums over a service, over a country, or over everything."""
        return self.filter(service=service, country=country)


class Availability(models.Model):
    """What one provider has on sale in all, of a service, in a country, or of everything.

    Kept by syncs and repricing, so that questions about many goods need not read all offers; what
    is blocked is left out, what is paused for a moment is not. Whether the supplier as a whole
    sells at this moment is asked when it is read.
    """

    supplier = models.ForeignKey(Supplier, on_delete=models.CASCADE, db_index=False)
    operator = models.CharField(max_length=40, blank=True)
    service = models.ForeignKey(Service, on_delete=models.CASCADE, null=True)
    country = models.ForeignKey(Country, on_delete=models.CASCADE, null=True)
    price = models.BigIntegerField()
    stock = models.BigIntegerField()
    delivered_count = models.BigIntegerField()
    ended_count = models.BigIntegerField()

    objects = AvailabilityQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["supplier", "operator", "service", "country"],
                nulls_distinct=False,
                name="catalog_availability_once",
            ),
            models.CheckConstraint(
                condition=Q(service=None) | Q(country=None), name="catalog_availability_is_a_sum"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.supplier} {self.operator} {self.service or self.country or '*'}"


class HeldChange(models.Model):
    """What a supplier's list says about an offer and what we do not believe yet.

    The offer keeps its last cost until the list has said so often enough, or staff agrees.
    Without a cost it is that the offer is gone, together with most of its kind.
    """

    offer = models.OneToOneField(Offer, on_delete=models.CASCADE, primary_key=True)
    cost = models.BigIntegerField(_("new cost"), null=True)
    seen_count = models.PositiveIntegerField(_("syncs that said so"))
    since = models.DateTimeField(_("since"))

    class Meta:
        verbose_name = _("held change")
        verbose_name_plural = _("held changes")
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(
                condition=Q(cost=None) | Q(cost__gt=0), name="catalog_held_cost_positive"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.offer}: {self.offer.cost} → {self.cost or '∅'}"
