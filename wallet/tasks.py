"""The periodic work of wallets; each task may run late, twice or never without harm."""

import time

from celery import shared_task
from django.utils import timezone

from wallet.actions import check_due_payments
from wallet.actions import send_mails as send_due_mails

# A sweep goes on while there is work, but not for longer than this: far below the time limit.
_SWEEP_SECONDS = 10.0


@shared_task(name="wallet.check_payments")
def check_payments() -> None:
    ends_at = time.monotonic() + _SWEEP_SECONDS
    while check_due_payments(now=timezone.now()) and time.monotonic() < ends_at:
        pass


@shared_task(name="wallet.send_mails")
def send_mails() -> None:
    while send_due_mails(now=timezone.now()):
        pass
