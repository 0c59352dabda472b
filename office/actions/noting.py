"""What staff did that no changed row of an audited table tells of."""

from datetime import datetime, timedelta
from typing import Any

from django.db import models

from accounts.models import User
from nexotp.lib.acting import from_where
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
        **from_where(),
    )


# Somebody who tries words at a colleague's door must not fill the audit.
_MOST_FAILURES = 20
_FAILURES_OF = timedelta(hours=1)


def note_failed_sign_in(user: User, *, step: str, address: str, path: str, now: datetime) -> bool:
    """Note that somebody failed to sign in as a colleague; whether it was noted.

    `step` is `password` or `code`. No more than some in an hour for each colleague.
    """
    lately = AuditEntry.objects.filter(
        subject=user._meta.db_table,
        row_id=str(user.pk),
        act=Act.FAILED,
        at__gt=now - _FAILURES_OF,
    )
    if lately.count() >= _MOST_FAILURES:
        return False
    AuditEntry.objects.create(
        at=now,
        act=Act.FAILED,
        subject=user._meta.db_table,
        row_id=str(user.pk),
        label=str(user)[:200],
        changes={"step": [None, step]},
        path=path[:200],
        address=address[:45],
    )
    return True
