"""The periodic work of webhooks; each task may run late, twice or never without harm."""

from celery import shared_task
from django.utils import timezone

from webhooks import actions

# For so long one sweep goes on looking, and after so long without anything to do it ends.
_SWEEP_SECONDS = 20.0
_LINGER_SECONDS = 0.5


@shared_task(name="webhooks.deliver_due")
def deliver_due() -> None:
    actions.deliver_due(clock=timezone.now, seconds=_SWEEP_SECONDS, linger=_LINGER_SECONDS)


@shared_task(name="webhooks.send_notices")
def send_notices() -> None:
    actions.send_notices(now=timezone.now())


@shared_task(name="webhooks.prune_log")
def prune_log() -> None:
    while actions.prune_log(now=timezone.now()):
        pass
