"""What pages know of the shop they are in."""

from django.conf import settings
from django.http import HttpRequest


def mail(request: HttpRequest) -> dict[str, bool]:
    """Whether mail is kept in a folder, and can be read at /dev/mail/."""
    return {"mail_is_kept": bool(settings.MAIL_FOLDER)}
