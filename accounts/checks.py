"""What must not be so in production."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register


@register(Tags.security, deploy=True)
def mail_is_sent(**_: Any) -> list[CheckMessage]:
    """A page that shows everybody's mail to everybody is for a developer's own machine."""
    if not settings.MAIL_FOLDER:
        return []
    return [
        Error(
            "Mail is kept in a folder and shown at /dev/mail/ to whoever asks.",
            hint="MAIL_FOLDER is for development. Remove it, and set EMAIL_URL.",
            id="accounts.E001",
        )
    ]
