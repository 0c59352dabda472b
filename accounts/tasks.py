"""The periodic work of accounts."""

import time

from celery import shared_task
from django.core.management import call_command
from django.utils import timezone

from accounts import mails, usage
from accounts.actions import delete_unconfirmed

# A sweep goes on while there is work, but not for longer than this: far below the time limit.
_SWEEP_SECONDS = 10.0


@shared_task(name="accounts.fold_usage")
def fold_usage() -> None:
    usage.fold_usage()


@shared_task(name="accounts.clear_sessions")
def clear_sessions() -> None:
    """Forget browser sessions that have ended; visitors who never signed in have one, too."""
    call_command("clearsessions")


@shared_task(name="accounts.send_mails")
def send_mails() -> None:
    ends_at = time.monotonic() + _SWEEP_SECONDS
    while mails.send_mails(now=timezone.now()) and time.monotonic() < ends_at:
        pass


@shared_task(name="accounts.forget_unconfirmed")
def forget_unconfirmed() -> None:
    """Forget sign-ups that nobody confirmed."""
    ends_at = time.monotonic() + _SWEEP_SECONDS
    while delete_unconfirmed(now=timezone.now()) and time.monotonic() < ends_at:
        pass
