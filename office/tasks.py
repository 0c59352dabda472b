"""The office's periodic work; each task may run late, twice or never without harm."""

import time

from celery import shared_task
from django.utils import timezone

from office import actions
from office.models import BooksCheck

_FOLD_SECONDS = 20.0


@shared_task(name="office.fold_sums")
def fold_sums() -> None:
    ends_at = time.monotonic() + _FOLD_SECONDS
    while actions.fold_sums(now=timezone.now()) and time.monotonic() < ends_at:
        pass


@shared_task(name="office.end_overdue_views")
def end_overdue_views() -> None:
    actions.end_overdue_views(now=timezone.now())


@shared_task(name="office.note_settings")
def note_settings() -> None:
    """Asked for by every worker that starts; the first one finds what there is."""
    actions.note_settings(now=timezone.now())


@shared_task(name="office.check_books", time_limit=600, soft_time_limit=580)
def check_books() -> None:
    """Do the checks that staff asked for; nobody asks for several at once."""
    for check in BooksCheck.objects.filter(ended_at=None).order_by("pk"):
        actions.check_books(check, ended_at=timezone.now())
