"""What an account does with its webhooks.

A secret is shown when it is made and never again. After a rotation the old one signs beside the
new one for a day, so that a receiver can change over without losing a delivery.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from nexotp.lib import secretbox
from nexotp.lib.errors import NotFound, Problem
from webhooks import signing
from webhooks.actions.emitting import queue_body, queue_event
from webhooks.models import Delivery, Endpoint, Secret
from webhooks.states import (
    DeliveryState,
    EndpointState,
    EventType,
    PayloadFormat,
    chosen_events,
)
from webhooks.waking import wake_on_commit

OVERLAP = timedelta(hours=24)
# Of secrets rotated away within a day, the newest so many still sign.
_MOST_OLD_SECRETS = 3
# More are sent again in several goes.
_MOST_REDELIVERED = 10_000


# A message that never came: no activation has the number 0.
_TRADE_EXAMPLE = {
    "activationId": 0,
    "service": "wa",
    "text": "Your code is 123456",
    "code": "123456",
    "country": 6,
    "receivedAt": "2026-06-22 06:01:10",
}


class TooManyWebhooks(Problem):
    code = "too_many_webhooks"
    message = _("You have as many webhooks as an account may have. Delete one first.")
    example_details = {"limit": 10}


class WebhookNotFound(NotFound):
    message = _("There is no such webhook.")


class WebhookDisabled(Problem):
    code = "webhook_disabled"
    message = _("This webhook is disabled. Enable it in your account first.")


@transaction.atomic
def create_endpoint(
    *,
    user: User,
    mode: str,
    url: str,
    events: list[str],
    payload_format: PayloadFormat = PayloadFormat.NEXOTP,
    now: datetime,
) -> tuple[Endpoint, str]:
    """Register a URL and return it with its secret, which is not shown again.

    One in SMS-Activate's form is told of messages, whatever events it chose.
    Raises TooManyWebhooks.
    """
    # Two at once must not both be the last.
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    if Endpoint.objects.for_account(user, mode).count() >= settings.WEBHOOK_MAX_ENDPOINTS:
        raise TooManyWebhooks(details={"limit": settings.WEBHOOK_MAX_ENDPOINTS})
    endpoint = Endpoint.objects.create(
        user=user,
        mode=mode,
        url=url,
        events=chosen_events(events, payload_format),
        payload_format=payload_format,
        created_at=now,
    )
    return endpoint, _add_secret(endpoint, now=now)


@transaction.atomic
def rotate_secret(endpoint: Endpoint, *, now: datetime) -> str:
    """Return a new secret; the one before it signs as well until a day has passed.

    Raises WebhookNotFound.
    """
    _locked(endpoint.pk)
    endpoint.secrets.filter(expires_at=None).update(expires_at=now + OVERLAP)
    kept = endpoint.secrets.in_use(now).values("pk")[:_MOST_OLD_SECRETS]
    endpoint.secrets.exclude(pk__in=list(kept.values_list("pk", flat=True))).delete()
    return _add_secret(endpoint, now=now)


def _locked(endpoint_id: int) -> Endpoint:
    """Return the row, locked, unless its owner has just deleted it. Raises WebhookNotFound."""
    try:
        return Endpoint.objects.kept().locked(endpoint_id)
    except Endpoint.DoesNotExist:
        raise WebhookNotFound from None


def _add_secret(endpoint: Endpoint, *, now: datetime) -> str:
    secret = signing.new_secret()
    Secret.objects.create(endpoint=endpoint, encrypted=secretbox.encrypt(secret), created_at=now)
    return secret


@transaction.atomic
def delete_endpoint(endpoint: Endpoint) -> None:
    """Send nothing to it any more; its log goes when it is a month old, its secrets now."""
    Endpoint.objects.filter(pk=endpoint.pk).update(state=EndpointState.DELETED, notice_due_at=None)
    endpoint.secrets.all().delete()
    drop_queue(endpoint.pk)


def drop_queue(endpoint_id: int) -> None:
    """Give up what is queued for an endpoint; what is under way is recorded when it ends."""
    Delivery.objects.filter(
        endpoint_id=endpoint_id, state=DeliveryState.QUEUED, lease_until=None
    ).update(state=DeliveryState.FAILED, next_attempt_at=None)


@transaction.atomic
def send_test(endpoint: Endpoint, *, now: datetime) -> Delivery:
    """Queue a test event for one endpoint, whatever events it chose.

    Raises WebhookNotFound, WebhookDisabled.
    """
    endpoint = _locked(endpoint.pk)
    if endpoint.is_disabled:
        raise WebhookDisabled
    if endpoint.speaks_trade:
        return queue_body(EventType.WEBHOOK_TEST, _TRADE_EXAMPLE, endpoint=endpoint, now=now)
    [delivery] = queue_event(
        EventType.WEBHOOK_TEST,
        endpoints=[endpoint],
        user_id=endpoint.user_id,
        mode=endpoint.mode,
        data={"webhookId": endpoint.public_id, "endpointUrl": endpoint.url},
        now=now,
    )
    return delivery


@transaction.atomic
def redeliver(delivery: Delivery, *, now: datetime) -> Delivery:
    """Send an event once more, from the beginning of the schedule.

    Raises WebhookNotFound, WebhookDisabled.
    """
    if _locked(delivery.endpoint_id).is_disabled:
        raise WebhookDisabled
    Delivery.objects.filter(pk=delivery.pk).update(
        state=DeliveryState.QUEUED, failure_count=0, next_attempt_at=now
    )
    wake_on_commit()
    delivery.refresh_from_db()
    return delivery


@transaction.atomic
def redeliver_range(
    endpoint: Endpoint, *, since: datetime, until: datetime, only_failed: bool, now: datetime
) -> int:
    """Send again what happened in a span of time, the oldest first; return how many.

    What is queued already stays so. Raises WebhookNotFound, WebhookDisabled.
    """
    if _locked(endpoint.pk).is_disabled:
        raise WebhookDisabled
    ended = Delivery.objects.filter(endpoint=endpoint, created_at__range=(since, until))
    states = [DeliveryState.FAILED, *([] if only_failed else [DeliveryState.DELIVERED])]
    pks = ended.filter(state__in=states).order_by("pk").values("pk")[:_MOST_REDELIVERED]
    count = Delivery.objects.filter(pk__in=pks).update(
        state=DeliveryState.QUEUED, failure_count=0, next_attempt_at=now
    )
    wake_on_commit()
    return count


def choose_events(endpoint: Endpoint, events: list[str]) -> None:
    """Change which events go to an endpoint from now on."""
    chosen = chosen_events(events, endpoint.payload_format)
    Endpoint.objects.filter(pk=endpoint.pk).update(events=chosen)


def pause_endpoint(endpoint: Endpoint) -> None:
    """Keep what happens from now on until it goes on."""
    Endpoint.objects.filter(pk=endpoint.pk, state=EndpointState.ACTIVE).update(
        state=EndpointState.PAUSED
    )


@transaction.atomic
def enable_endpoint(endpoint: Endpoint) -> None:
    """Let a paused or disabled endpoint go on, with a clean record."""
    Endpoint.objects.filter(
        pk=endpoint.pk, state__in=[EndpointState.PAUSED, EndpointState.DISABLED]
    ).update(
        state=EndpointState.ACTIVE,
        disabled_because="",
        failing_since=None,
        rests_until=None,
        notice_due_at=None,
    )
    wake_on_commit()
