"""Mails to people who wait for a page meanwhile: kept in rows, sent by a worker, tried again.

A mail server that is slow or away neither fails nor delays the page that writes.
"""

import json
from datetime import datetime, timedelta

import structlog
from celery import current_app
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from kombu.exceptions import OperationalError

from accounts.models import OutgoingMail
from nexotp.lib import secretbox
from nexotp.lib.afterwards import Afterwards
from nexotp.lib.db import release_connection
from nexotp.lib.queues import MAIL

logger = structlog.get_logger(__name__)

# More than a server may take to accept one mail (EMAIL_TIMEOUT for each answer of it).
_LEASE = timedelta(minutes=2)
# How long a server that does not answer is left alone, and the one mail that it does not take.
_SERVER_RESTS, _MAIL_RESTS = timedelta(seconds=15), timedelta(minutes=2)
# What says a day later "here is your code" is of no use.
_GIVE_UP = timedelta(days=1)


def post_mail(*, to: str, subject: str, text: str, now: datetime) -> OutgoingMail:
    """Have a mail sent as soon as the transaction has committed."""
    letter = secretbox.encrypt(json.dumps({"subject": subject, "text": text}))
    mail = OutgoingMail.objects.create(to=to, letter=letter, created_at=now, due_at=now)
    transaction.on_commit(_waker.ask, robust=True)
    return mail


def open_mail(mail: OutgoingMail) -> EmailMessage:
    """Return a mail as it is sent."""
    letter = json.loads(secretbox.decrypt(bytes(mail.letter)))
    return EmailMessage(letter["subject"], letter["text"], to=[mail.to])


def send_mails(*, now: datetime) -> int:
    """Send one mail whose time has come; return how many there were to send."""
    with transaction.atomic():
        due = OutgoingMail.objects.filter(due_at__lte=now).order_by("due_at")
        mail = due.select_for_update(skip_locked=True).first()
        if mail is None:
            return 0
        OutgoingMail.objects.filter(pk=mail.pk).update(due_at=now + _LEASE)
    release_connection()
    server = get_connection()
    try:
        server.open()
    except Exception as error:
        _put_off(mail, error, until=now + _SERVER_RESTS, now=now)
        OutgoingMail.objects.filter(due_at__lte=now).update(due_at=now + _SERVER_RESTS)
        return 1
    try:
        server.send_messages([open_mail(mail)])
    except Exception as error:
        _put_off(mail, error, until=now + _MAIL_RESTS, now=now)
    else:
        mail.delete()
    finally:
        server.close()
    return 1


def _put_off(mail: OutgoingMail, error: Exception, *, until: datetime, now: datetime) -> None:
    """Try a mail again later; give up one that is too old."""
    logger.warning("mail not sent", mail=mail.pk, error=f"{type(error).__name__}: {error}"[:200])
    if now - mail.created_at >= _GIVE_UP:
        logger.error("mail given up", mail=mail.pk)
        mail.delete()
    else:
        OutgoingMail.objects.filter(pk=mail.pk).update(due_at=until)


def _wake() -> None:
    # Called in no transaction, by a thread of its own.
    try:
        current_app.send_task("accounts.send_mails", queue=MAIL, expires=10, retry=False)
    except OperationalError as error:
        logger.warning("mails' sweep not woken", error=type(error).__name__)


_waker = Afterwards(_wake, name="mails waker", moment=0.1)
