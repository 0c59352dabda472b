"""What must not be so in production."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register


@register(Tags.security, deploy=True)
def loopback_is_closed(**_: Any) -> list[CheckMessage]:
    """Customers' webhooks must not reach services on our own machines."""
    if not settings.WEBHOOK_ALLOW_LOOPBACK:
        return []
    return [
        Error(
            "Webhooks may be sent to this machine itself.",
            hint="WEBHOOK_ALLOW_LOOPBACK is for development. Remove it.",
            id="webhooks.E001",
        )
    ]
