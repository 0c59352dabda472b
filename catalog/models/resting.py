"""What is not sold: blocked for good, or paused for a while."""

from datetime import datetime
from typing import Any, ClassVar

from django.db import models
from django.db.models import OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from catalog.models.suppliers import PauseReason, Supplier


class BlockQuerySet(models.QuerySet["Block"]):
    def goods(self) -> Q:
        """The condition for an offer to be on the list. Read first: the list is short."""
        listed = Q(pk__in=[])
        for service, country in self.values_list("service_id", "country_id"):
            named: dict[str, int | None] = {"service_id": service, "country_id": country}
            listed |= Q(**{name: value for name, value in named.items() if value is not None})
        return listed


class Block(models.Model):
    """Goods that are not sold, whoever has them; without a service or a country, all of them.

    The sandbox sells them all the same: nothing real is bought there.
    """

    service = models.ForeignKey("catalog.Service", on_delete=models.CASCADE, null=True, blank=True)
    country = models.ForeignKey("catalog.Country", on_delete=models.CASCADE, null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=200)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = BlockQuerySet.as_manager()

    class Meta:
        verbose_name = _("blocked goods")
        verbose_name_plural = _("blocked goods")
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["service", "country"], nulls_distinct=False, name="catalog_block_once"
            ),
            # Everything is blocked by switching the suppliers off.
            models.CheckConstraint(
                condition=Q(service__isnull=False) | Q(country__isnull=False),
                name="catalog_block_names_something",
                violation_error_message=_("Name a service, a country, or both."),
            ),
        ]

    def __str__(self) -> str:
        return " × ".join(str(part) for part in (self.service, self.country) if part)


class PauseQuerySet(models.QuerySet["Pause"]):
    def on(self, now: datetime) -> "PauseQuerySet":
        """Pauses that hold at this moment."""
        return self.filter(until__gt=now)

    def of_offer(self) -> "PauseQuerySet":
        """The pause of the offer of an outer query."""
        goods = {name: OuterRef(name) for name in ("supplier", "service", "country")}
        return self.filter(**goods)


class Pause(models.Model):
    """Nothing is bought of one supplier's service in one country until a moment.

    Also where failures in a row are counted, so that a row may be there whose time is not yet.
    """

    supplier = models.ForeignKey(Supplier, on_delete=models.CASCADE)
    service = models.ForeignKey("catalog.Service", on_delete=models.CASCADE)
    country = models.ForeignKey("catalog.Country", on_delete=models.CASCADE)
    until = models.DateTimeField(_("paused until"), null=True)
    reason = models.CharField(_("paused because"), max_length=15, choices=PauseReason, blank=True)
    failure_count = models.PositiveIntegerField(default=0, editable=False)

    objects = PauseQuerySet.as_manager()

    class Meta:
        verbose_name = _("pause")
        verbose_name_plural = _("pauses")
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["supplier", "service", "country"], name="catalog_pause_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.supplier} {self.service} {self.country}"
