"""Telling owners what was disabled, and forgetting what is old."""

from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from nexotp.lib.db import release_connection
from webhooks.models import Endpoint, Event
from webhooks.states import DisabledBecause, EndpointState

logger = structlog.get_logger(__name__)

# A notice that could not be sent is tried again after this long.
_TRY_AGAIN = timedelta(minutes=5)
_NOTICES = 50
_PRUNED_AT_ONCE = 2_000


def send_notices(*, now: datetime) -> int:
    """Write to the owners of endpoints that were disabled; return how many were due."""
    claimed = _claim_notices(now)
    release_connection()
    for endpoint in claimed:
        try:
            _write_to_owner(endpoint)
        except Exception:
            # Its time has been moved on: tried again then.
            logger.exception("notice not sent", webhook=endpoint.public_id)
        else:
            Endpoint.objects.filter(pk=endpoint.pk).update(notice_due_at=None)
            release_connection()
    return len(claimed)


@transaction.atomic
def _claim_notices(now: datetime) -> list[Endpoint]:
    due = Endpoint.objects.with_notice_due(now).order_by("notice_due_at")
    claimed = list(due.select_for_update(skip_locked=True, no_key=True, of=("self",))[:_NOTICES])
    pks = [each.pk for each in claimed]
    Endpoint.objects.filter(pk__in=pks).update(notice_due_at=now + _TRY_AGAIN)
    return list(Endpoint.objects.filter(pk__in=pks).select_related("user"))


def _write_to_owner(endpoint: Endpoint) -> None:
    with translation.override(settings.LANGUAGE_CODE):
        words = {"url": endpoint.url, "reason": _reason(endpoint)}
        send_mail(
            _("Your webhook was disabled"),
            _(
                "We no longer send events to %(url)s: %(reason)s.\n\n"
                "Once it works again, enable it in your account under Webhooks. "
                "There you can also send again what was missed.\n"
            )
            % words,
            from_email=None,
            recipient_list=[endpoint.user.email],
        )


def _reason(endpoint: Endpoint) -> str:
    if endpoint.disabled_because == DisabledBecause.GONE:
        return _("it answered 410 Gone, which asks us to stop")
    return _("nothing but failures came back for five days")


def prune_log(*, now: datetime) -> int:
    """Forget old events with their deliveries and attempts, some at a time; return how many."""
    oldest = now - timedelta(days=settings.WEBHOOK_LOG_DAYS)
    pks = Event.objects.order_by("pk").values_list("pk", "created_at")[:_PRUNED_AT_ONCE]
    old = [pk for pk, created_at in pks if created_at < oldest]
    Event.objects.filter(pk__in=old).delete()
    if not old:
        Endpoint.objects.filter(state=EndpointState.DELETED, delivery=None).delete()
    return len(old)
