"""What staff did that no changed row of an audited table tells of."""

from typing import Any

from django.db import models

from accounts.models import User
from office.models import Act, AuditEntry


def note(act: Act, row: models.Model, *, by: User, reason: str = "", **changes: Any) -> None:
    """Note an act in the audit; call it in the transaction of what was done."""
    AuditEntry.objects.create(
        act=act,
        subject=row._meta.db_table,
        row_id=str(row.pk),
        label=str(row)[:200],
        changes=changes,
        by=by,
        reason=reason[:200],
    )
