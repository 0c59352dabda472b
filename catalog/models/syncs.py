"""The log of reading suppliers' price lists."""

import math
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from catalog.models.suppliers import Supplier


class SyncState(models.TextChoices):
    ASKED = "asked", _("Waiting for a worker")
    READING = "reading", _("Reading")
    STORING = "storing", _("Storing")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")
    CUT_OFF = "cut_off", _("Cut off")


_UNDER_WAY = [SyncState.ASKED, SyncState.READING, SyncState.STORING]


class SyncRunQuerySet(models.QuerySet["SyncRun"]):
    def under_way(self) -> "SyncRunQuerySet":
        return self.filter(ended_at=None)


class SyncRun(models.Model):
    """One reading of a supplier's price list: its log, and the lease of whoever reads."""

    supplier = models.ForeignKey(Supplier, on_delete=models.CASCADE, verbose_name=_("supplier"))
    state = models.CharField(_("state"), max_length=8, choices=SyncState, default=SyncState.READING)
    began_at = models.DateTimeField(_("began"))
    ended_at = models.DateTimeField(_("ended"), null=True)
    lease_until = models.DateTimeField()
    read_count = models.PositiveIntegerField(_("listings"), default=0)
    unreadable_count = models.PositiveIntegerField(_("unreadable"), default=0)
    added_count = models.PositiveIntegerField(_("added"), default=0)
    changed_count = models.PositiveIntegerField(_("changed"), default=0)
    vanished_count = models.PositiveIntegerField(_("vanished"), default=0)
    dearer_count = models.PositiveIntegerField(_("dearer"), default=0)
    cheaper_count = models.PositiveIntegerField(_("cheaper"), default=0)
    held_count = models.PositiveIntegerField(_("held back"), default=0)
    unmapped_count = models.PositiveIntegerField(_("unknown codes"), default=0)
    is_too_short = models.BooleanField(default=False)
    error = models.CharField(_("error"), max_length=200, blank=True)
    # How far costs moved: the mean of the logarithms over all that stayed in stock. They add up.
    cost_shift = models.FloatField(_("cost moved"), default=0)
    # The largest changes, as `SyncChanges` reads them.
    largest = models.JSONField(default=dict, editable=False)
    # Who asked for it; nobody, where its time had come.
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("asked by"),
    )
    peak_memory = models.BigIntegerField(_("memory"), null=True)

    objects = SyncRunQuerySet.as_manager()

    class Meta:
        verbose_name = _("sync run")
        verbose_name_plural = _("sync runs")
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["supplier"], condition=Q(ended_at=None), name="catalog_one_sync_at_a_time"
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None, state__in=_UNDER_WAY)
                | (
                    Q(ended_at__isnull=False)
                    & Q(state__in=[SyncState.DONE, SyncState.FAILED, SyncState.CUT_OFF])
                ),
                name="catalog_sync_ended_or_under_way",
            ),
        ]
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["supplier", "-began_at"], name="catalog_sync_newest"),
            models.Index(fields=["-began_at"], name="catalog_sync_began"),
        ]

    def __str__(self) -> str:
        return f"{self.supplier} {self.began_at:%Y-%m-%d %H:%M}"

    @property
    def is_under_way(self) -> bool:
        return self.ended_at is None

    @property
    def cost_shift_percent(self) -> float:
        """How far costs moved in the mean, in percent."""
        return 100 * math.expm1(self.cost_shift)

    @property
    def written_count(self) -> int:
        """Offers that were written."""
        return self.added_count + self.changed_count + self.vanished_count

    @property
    def summary(self) -> str:
        """What it did, in a line for people."""
        if self.error:
            return self.error
        counts = {
            _("listings"): self.read_count,
            _("added"): self.added_count,
            _("changed"): self.changed_count,
            _("vanished"): self.vanished_count,
            _("held back"): self.held_count,
            _("unknown codes"): self.unmapped_count,
        }
        return ", ".join(f"{count:,} {name}" for name, count in counts.items())
