"""The periodic work of accounts."""

from celery import shared_task

from accounts import usage


@shared_task(name="accounts.fold_usage")
def fold_usage() -> None:
    usage.fold_usage()
