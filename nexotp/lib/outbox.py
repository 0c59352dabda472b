"""Mail of a shop that runs on a developer's machine: kept in a folder, so that it can be read."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage as Parsed
from email.utils import parsedate_to_datetime
from itertools import count
from os import getpid
from pathlib import Path

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

_numbers = count()


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail as it would have been sent."""

    sent_at: datetime
    to: str
    subject: str
    text: str


class FolderBackend(BaseEmailBackend):
    """Keeps every mail as a file in MAIL_FOLDER."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        folder = Path(settings.MAIL_FOLDER)
        folder.mkdir(parents=True, exist_ok=True)
        for message in email_messages:
            name = f"{time.time_ns()}-{getpid()}-{next(_numbers)}.eml"
            (folder / name).write_bytes(message.message().as_bytes())
        return len(email_messages)


def newest_letters(most: int) -> list[Letter]:
    """Return the latest mails, the newest first."""
    files = sorted(Path(settings.MAIL_FOLDER).glob("*.eml"), reverse=True)
    return [_read(file) for file in files[:most]]


def _read(file: Path) -> Letter:
    parsed = message_from_bytes(file.read_bytes(), policy=policy.default)
    assert isinstance(parsed, Parsed)
    body = parsed.get_body(("plain",))
    return Letter(
        sent_at=parsedate_to_datetime(parsed["Date"]),
        to=parsed["To"],
        subject=parsed["Subject"],
        text=body.get_content().strip() if body else "",
    )
