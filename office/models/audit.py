"""Who changed what, from what to what; written by the database, and never changed."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Act(models.TextChoices):
    """What was done."""

    INSERT = "insert", _("Added")
    UPDATE = "update", _("Changed")
    DELETE = "delete", _("Deleted")
    SIGN_IN = "sign_in", _("Signed in")
    FAILED = "failed", _("Failed to sign in")
    STEP_OFF = "step_off", _("Took off a second step")
    VIEW_BEGAN = "view_began", _("Began to look as a customer")
    VIEW_ENDED = "view_ended", _("Ended looking as a customer")
    SETTINGS = "settings", _("Settings changed")
    CHECKED = "checked", _("Checked an order")
    CANCELLED = "cancelled", _("Cancelled an order")
    ASKED = "asked", _("Asked for approval")
    APPROVED = "approved", _("Approved")
    REFUSED = "refused", _("Refused")
    REFUNDED = "refunded", _("Refunded an order")
    ADJUSTED = "adjusted", _("Corrected a wallet")
    SETTLED = "settled", _("Settled a purchase")
    PAUSED = "paused", _("Paused")
    LIFTED = "lifted", _("Lifted a pause")
    TESTED = "tested", _("Tested a supplier")
    AUDITED = "audited", _("Checked the books")


class AuditEntry(models.Model):
    """One change of one row, or one act of staff.

    `changes` maps a column to what it was and what it became; a secret's values are not kept.
    """

    at = models.DateTimeField(_("time"), default=timezone.now)
    act = models.CharField(_("act"), max_length=10, choices=Act)
    # The table that was changed, and the row's key as text: rows may be gone.
    subject = models.CharField(_("subject"), max_length=40)
    row_id = models.CharField(_("row"), max_length=40)
    label = models.CharField(_("name"), max_length=200, blank=True)
    changes = models.JSONField(_("changes"), default=dict)
    # Empty where no person at a browser did it: the API, a task, the command line.
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.DO_NOTHING,
        null=True,
        db_constraint=False,
        related_name="+",
        verbose_name=_("by"),
    )
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    request_id = models.CharField(_("request"), max_length=30, blank=True)
    path = models.CharField(_("page"), max_length=200, blank=True)
    address = models.CharField(_("address"), max_length=45, blank=True)

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit entries")
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["subject", "row_id"], name="office_audit_subject"),
            models.Index(fields=["request_id"], name="office_audit_request"),
        ]

    def __str__(self) -> str:
        return f"{self.get_act_display()}: {self.subject} {self.label or self.row_id}"


class KnownSetting(models.Model):
    """What a setting of this deployment was at the last start; of a secret its keyed hash."""

    name = models.CharField(max_length=60, primary_key=True)
    value = models.TextField()

    class Meta:
        default_permissions = ()
