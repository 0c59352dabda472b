"""Endpoints of customers, the events they are told of, and every delivery of one to another.

Rows are the queue: `next_attempt_at` says when a delivery must be sent, and a lease says who is
sending it. An event's payload is kept as the bytes that are sent and signed.
"""

from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import connection, models, transaction
from django.db.models import F, Prefetch, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Mode, User
from nexotp.lib import secretbox
from nexotp.lib.ids import new_id
from webhooks.states import (
    DeliveryState,
    DisabledBecause,
    EndpointState,
    EventType,
    Failure,
    PayloadFormat,
)

# Whoever took a delivery and did not finish with it in this time has died: an attempt ends in ten
# seconds, whatever the receiver does.
_LEASE = timedelta(seconds=30)
# So many requests are under way to an endpoint that answers; one that does not must not fill the
# hall, so it gets one at a time.
IN_FLIGHT, IN_FLIGHT_FAILING = 4, 1


class EndpointQuerySet(models.QuerySet["Endpoint"]):
    def kept(self) -> "EndpointQuerySet":
        """Endpoints that their owners have not deleted."""
        return self.exclude(state=EndpointState.DELETED)

    def for_account(self, user: User, mode: str) -> "EndpointQuerySet":
        return self.kept().filter(user=user, mode=mode)

    def locked(self, pk: int) -> "Endpoint":
        """Return the row, locked until the transaction ends; foreign keys to it need not wait."""
        assert transaction.get_connection().in_atomic_block, "a lock outside is none"
        return self.select_for_update(no_key=True).get(pk=pk)

    def with_notice_due(self, now: datetime) -> "EndpointQuerySet":
        """Endpoints whose owner must be told that they were disabled."""
        return self.filter(notice_due_at__lte=now)


def new_webhook_id() -> str:
    return new_id("whk")


class Endpoint(models.Model):
    """A URL of a customer's, and which events go there."""

    public_id = models.CharField(max_length=30, unique=True, default=new_webhook_id, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, db_index=False)
    mode = models.CharField(max_length=7, choices=Mode)
    url = models.CharField(max_length=2000)
    events = ArrayField(models.CharField(max_length=30))
    payload_format = models.CharField(
        max_length=11, choices=PayloadFormat, default=PayloadFormat.NEXOTP
    )
    state = models.CharField(max_length=8, choices=EndpointState, default=EndpointState.ACTIVE)
    disabled_because = models.CharField(max_length=7, choices=DisabledBecause, blank=True)
    # Whether the last attempt succeeded; changed only when that changes, so that a busy endpoint
    # is no hot row.
    is_answering = models.BooleanField(default=False)
    failing_since = models.DateTimeField(null=True)
    # Until when it asked to be left alone.
    rests_until = models.DateTimeField(null=True)
    notice_due_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = EndpointQuerySet.as_manager()

    class Meta:
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(
                condition=Q(state__in=EndpointState.values), name="webhooks_endpoint_state_known"
            ),
            models.CheckConstraint(
                condition=Q(mode__in=Mode.values), name="webhooks_endpoint_mode_known"
            ),
            models.CheckConstraint(
                condition=Q(events__len__gt=0), name="webhooks_endpoint_wants_events"
            ),
            models.CheckConstraint(
                condition=Q(payload_format=PayloadFormat.NEXOTP)
                | Q(
                    payload_format=PayloadFormat.SMSACTIVATE,
                    events=[EventType.ORDER_RECEIVED.value],
                ),
                name="webhooks_trade_form_is_of_codes",
            ),
            models.CheckConstraint(
                condition=~Q(state=EndpointState.DISABLED)
                | Q(disabled_because__in=DisabledBecause.values),
                name="webhooks_disabled_has_reason",
            ),
        ]
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["user", "mode"], name="webhooks_of_account"),
            models.Index(
                fields=["notice_due_at"],
                condition=Q(notice_due_at__isnull=False),
                name="webhooks_notice_due",
            ),
        ]

    def __str__(self) -> str:
        return self.url

    @property
    def is_active(self) -> bool:
        return self.state == EndpointState.ACTIVE

    @property
    def speaks_trade(self) -> bool:
        """Whether it is told of messages in SMS-Activate's form, and of nothing else."""
        return self.payload_format == PayloadFormat.SMSACTIVATE

    @property
    def is_disabled(self) -> bool:
        return self.state == EndpointState.DISABLED


class SecretQuerySet(models.QuerySet["Secret"]):
    def in_use(self, now: datetime) -> "SecretQuerySet":
        """Secrets that sign at this moment, the newest first."""
        return self.filter(Q(expires_at=None) | Q(expires_at__gt=now)).order_by("-pk")


class Secret(models.Model):
    """What an endpoint's deliveries are signed with, encrypted; an old one runs out."""

    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="secrets")
    encrypted = models.BinaryField()
    expires_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects = SecretQuerySet.as_manager()

    class Meta:
        verbose_name = _("secret")
        verbose_name_plural = _("secrets")
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["endpoint"],
                condition=Q(expires_at__isnull=True),
                name="webhooks_one_current_secret",
            ),
        ]

    @property
    def plain(self) -> str:
        return secretbox.decrypt(bytes(self.encrypted))


def new_event_id() -> str:
    return new_id("evt")


class Event(models.Model):
    """Something that happened to an account, as it is told."""

    public_id = models.CharField(max_length=30, unique=True, default=new_event_id, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    mode = models.CharField(max_length=7, choices=Mode)
    type = models.CharField(max_length=30, choices=EventType)
    payload = models.BinaryField()
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(
                condition=Q(type__in=EventType.values), name="webhooks_event_type_known"
            ),
            models.CheckConstraint(
                condition=Q(mode__in=Mode.values), name="webhooks_event_mode_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.public_id}"


# Endpoints with something queued, found by leaping from one to the next in the index: a long
# queue costs no more than a short one. Locked, so that nobody else counts what is under way there.
_LOCK_ENDPOINTS = """
WITH RECURSIVE queued(endpoint_id) AS (
    (SELECT min(endpoint_id) FROM webhooks_delivery WHERE next_attempt_at IS NOT NULL)
    UNION ALL
    SELECT (SELECT min(following.endpoint_id) FROM webhooks_delivery following
            WHERE following.next_attempt_at IS NOT NULL
            AND following.endpoint_id > queued.endpoint_id)
    FROM queued WHERE queued.endpoint_id IS NOT NULL
)
SELECT endpoint.id FROM queued JOIN webhooks_endpoint endpoint ON endpoint.id = queued.endpoint_id
WHERE endpoint.state = 'active'
AND (endpoint.rests_until IS NULL OR endpoint.rests_until <= %(now)s)
AND EXISTS (SELECT 1 FROM webhooks_delivery due WHERE due.endpoint_id = endpoint.id
    AND due.next_attempt_at <= %(now)s
    AND (due.lease_until IS NULL OR due.lease_until <= %(now)s))
FOR NO KEY UPDATE OF endpoint SKIP LOCKED
"""
# Every endpoint's first delivery goes before anybody's second, and those that answer go first.
_CHOOSE = """
SELECT due.id, endpoint.is_answering
FROM webhooks_endpoint endpoint
CROSS JOIN LATERAL (SELECT count(*) AS count FROM webhooks_delivery
    WHERE endpoint_id = endpoint.id AND lease_until > %(now)s) under_way
CROSS JOIN LATERAL (
    SELECT id, next_attempt_at, row_number() OVER (ORDER BY next_attempt_at) AS place
    FROM webhooks_delivery
    WHERE endpoint_id = endpoint.id AND next_attempt_at <= %(now)s
    AND (lease_until IS NULL OR lease_until <= %(now)s)
    ORDER BY next_attempt_at
    LIMIT greatest(0, CASE WHEN endpoint.is_answering THEN %(most)s ELSE %(most_failing)s END
        - under_way.count)
) due
WHERE endpoint.id = ANY(%(endpoints)s)
ORDER BY endpoint.is_answering DESC, due.place + under_way.count, due.next_attempt_at
"""


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def for_account(self, user: User, mode: str) -> "DeliveryQuerySet":
        return self.filter(event__user=user, event__mode=mode)

    def with_log(self, *, most: int) -> "DeliveryQuerySet":
        """With the event and, as `latest_attempts`, some of each one's, the newest first."""
        latest = DeliveryAttempt.objects.order_by("-pk")[:most]
        attempts = Prefetch("attempts", latest, to_attr="latest_attempts")
        return self.select_related("event").prefetch_related(attempts)

    def claim_due(self, now: datetime, *, limit: int, limit_failing: int) -> list["Delivery"]:
        """Lease deliveries whose time has come, each with all that is needed to send it.

        At most `limit` of them, and at most `limit_failing` to endpoints that do not answer.
        """
        with transaction.atomic():
            chosen = self._choose(now, limit=limit, limit_failing=limit_failing)
            if not chosen:
                return []
            self.filter(pk__in=chosen).update(
                lease_until=now + _LEASE, lease_token=F("lease_token") + 1
            )
            secrets = Prefetch("endpoint__secrets", Secret.objects.in_use(now))
            leased = self.filter(pk__in=chosen).select_related("event", "endpoint")
            return list(leased.prefetch_related(secrets))

    def _choose(self, now: datetime, *, limit: int, limit_failing: int) -> list[int]:
        with connection.cursor() as cursor:
            cursor.execute(_LOCK_ENDPOINTS, {"now": now})
            endpoints = [pk for (pk,) in cursor.fetchall()]
            if not endpoints:
                return []
            # A statement of its own, so that it sees what was leased before we got the locks.
            cursor.execute(
                _CHOOSE,
                {
                    "now": now,
                    "endpoints": endpoints,
                    "most": IN_FLIGHT,
                    "most_failing": IN_FLIGHT_FAILING,
                },
            )
            due = cursor.fetchall()
        answering = [pk for pk, is_answering in due if is_answering][:limit]
        failing = [pk for pk, is_answering in due if not is_answering]
        return answering + failing[: max(0, min(limit_failing, limit - len(answering)))]


def new_delivery_id() -> str:
    return new_id("dlv")


class Delivery(models.Model):
    """One event on its way to one endpoint."""

    public_id = models.CharField(
        max_length=30, unique=True, default=new_delivery_id, editable=False
    )
    event = models.ForeignKey(Event, on_delete=models.CASCADE, db_index=False)
    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, db_index=False)
    state = models.CharField(max_length=9, choices=DeliveryState, default=DeliveryState.QUEUED)
    # How many attempts of the schedule are behind it.
    failure_count = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    lease_token = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["event", "endpoint"], name="webhooks_delivered_once"),
            models.CheckConstraint(
                condition=Q(state__in=DeliveryState.values), name="webhooks_delivery_state_known"
            ),
            # One that is queued for no time would be forgotten.
            models.CheckConstraint(
                condition=Q(state=DeliveryState.QUEUED, next_attempt_at__isnull=False)
                | (~Q(state=DeliveryState.QUEUED) & Q(next_attempt_at__isnull=True)),
                name="webhooks_queued_has_its_time",
            ),
            models.CheckConstraint(
                condition=Q(lease_until__isnull=True) | Q(state=DeliveryState.QUEUED),
                name="webhooks_only_queued_is_leased",
            ),
        ]
        indexes: ClassVar[list[Any]] = [
            models.Index(
                fields=["endpoint", "next_attempt_at"],
                condition=Q(next_attempt_at__isnull=False),
                name="webhooks_due",
            ),
            models.Index(
                fields=["endpoint"],
                condition=Q(lease_until__isnull=False),
                name="webhooks_under_way",
            ),
            models.Index(fields=["endpoint", "-id"], name="webhooks_log"),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def shown_attempts(self) -> "list[DeliveryAttempt]":
        """What `with_log` has read along, the newest first."""
        latest: list[DeliveryAttempt] = vars(self)["latest_attempts"]
        return latest


class DeliveryAttempt(models.Model):
    """One request for a delivery, and what came back."""

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="attempts")
    sent_at = models.DateTimeField()
    duration_ms = models.PositiveIntegerField()
    status_code = models.PositiveSmallIntegerField(null=True)
    failure = models.CharField(max_length=20, blank=True, choices=Failure)
    signature = models.CharField(max_length=300, blank=True)
    response = models.TextField(blank=True)

    class Meta:
        verbose_name = _("delivery attempt")
        verbose_name_plural = _("delivery attempts")

    def __str__(self) -> str:
        return f"{self.sent_at:%Y-%m-%d %H:%M:%S} {self.status_code or self.failure}"
