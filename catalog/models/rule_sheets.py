"""Tables of pricing rules that were uploaded and wait for somebody to carry them out."""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


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
