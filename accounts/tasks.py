"""The periodic work of accounts."""

from celery import shared_task
from django.core.management import call_command

from accounts import usage


@shared_task(name="accounts.fold_usage")
def fold_usage() -> None:
    usage.fold_usage()


@shared_task(name="accounts.clear_sessions")
def clear_sessions() -> None:
    """Forget browser sessions that have ended; visitors who never signed in have one, too."""
    call_command("clearsessions")
