"""What the calls about webhooks take and answer, described for OpenAPI and the reference."""

import re
from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.description import PAGING, ULID, Example, describe
from nexotp.lib.errors import InvalidRequest
from webhooks.actions import TooManyWebhooks, WebhookDisabled, WebhookNotFound
from webhooks.forms import MOST_NAMES
from webhooks.lookup import DeliveryNotFound, DeliveryNotYours, WebhookNotYours
from webhooks.states import (
    ALL_EVENTS,
    DeliveryState,
    EndpointState,
    EventType,
    Failure,
    PayloadFormat,
)
from webhooks.transport import LONGEST_URL

_EVENTS = [*EventType.values, ALL_EVENTS]
_ONE_EVENT = "|".join(re.escape(name) for name in _EVENTS)
_WEBHOOK_ID = _("A `webhookId` (`whk_…`), or the `id` of one of your own webhooks.")


@extend_schema_field(
    {
        "oneOf": [
            {
                "type": "array",
                "items": {"type": "string", "enum": _EVENTS},
                "minItems": 1,
                "maxItems": MOST_NAMES,
            },
            {"type": "string", "pattern": rf"^ *({_ONE_EVENT})( *, *({_ONE_EVENT}))* *$"},
        ]
    }
)
class EventNames(serializers.Field[Any, Any, Any, Any]):
    """Names of events, in a list or with commas between them."""


class WebhookRequested(serializers.Serializer[None]):
    endpoint_url = serializers.RegexField(
        "^https://",
        max_length=LONGEST_URL,
        help_text=_("Where we send to: https, port 443, a public address."),
    )
    events = EventNames(
        help_text=_("A list of names, or a text with commas between them; `*` for all.")
    )
    payloadFormat = serializers.ChoiceField(
        PayloadFormat.values,
        required=False,
        help_text=_(
            "`nexotp` (the default) sends the events described here. `smsactivate` sends each"
            " message in SMS-Activate's form and nothing else, whatever events are named."
        ),
    )


class Webhook(serializers.Serializer[None]):
    webhookId = serializers.RegexField(f"^whk_{ULID}$", help_text=_("Names the webhook."))
    id = serializers.IntegerField(help_text=_("The same webhook as a plain number."))
    endpointUrl = serializers.CharField(help_text=_("Where we send to."))
    events = serializers.ListField(
        child=serializers.ChoiceField(_EVENTS), help_text=_("What is told there; `*` for all.")
    )
    payloadFormat = serializers.ChoiceField(
        PayloadFormat.values, help_text=_("What the bodies look like.")
    )
    status = serializers.ChoiceField(
        [state.value for state in EndpointState if state != EndpointState.DELETED],
        help_text=_("`active`, `paused` by you, or `disabled` after nothing but failures."),
    )
    failingSince = serializers.DateTimeField(
        allow_null=True, help_text=_("Since when nothing has been delivered, in UTC.")
    )
    createdAt = serializers.DateTimeField(help_text=_("When it was registered, in UTC."))


class NewWebhook(Webhook):
    secret = serializers.RegexField(
        "^whsec_", help_text=_("Signs what we send. Shown this once: keep it.")
    )


class RotatedWebhook(NewWebhook):
    previousSecretExpiresAt = serializers.DateTimeField(
        help_text=_("Until when the old secret signs beside the new one, in UTC.")
    )


class DeletedWebhook(serializers.Serializer[None]):
    webhookId = serializers.RegexField(f"^whk_{ULID}$", help_text=_("Names the webhook."))
    deleted = serializers.BooleanField(help_text=_("`true`."))


class DeliveryAttempted(serializers.Serializer[None]):
    at = serializers.DateTimeField(help_text=_("When it was sent, in UTC."))
    statusCode = serializers.IntegerField(
        allow_null=True, help_text=_("What your server answered; `null` where it did not.")
    )
    durationMs = serializers.IntegerField(help_text=_("How long it took, in milliseconds."))
    error = serializers.ChoiceField(
        Failure.values, allow_null=True, help_text=_("Why it failed, as a stable name.")
    )
    response = serializers.CharField(help_text=_("The first kilobyte of the answer."))


class WebhookDelivery(serializers.Serializer[None]):
    deliveryId = serializers.RegexField(f"^dlv_{ULID}$", help_text=_("Names the delivery."))
    eventId = serializers.RegexField(
        f"^evt_{ULID}$", help_text=_("The event's id, as in the `webhook-id` header.")
    )
    eventType = serializers.ChoiceField(EventType.values, help_text=_("What happened."))
    status = serializers.ChoiceField(
        DeliveryState.values, help_text=_("`queued`, `delivered`, or `failed` for good.")
    )
    attempts = DeliveryAttempted(many=True, help_text=_("The latest attempts, the oldest first."))
    nextAttemptAt = serializers.DateTimeField(
        allow_null=True, help_text=_("When it is sent next, in UTC; `null` when it is not.")
    )
    createdAt = serializers.DateTimeField(help_text=_("When it was queued, in UTC."))


_WEBHOOK = {
    "webhookId": "whk_01JDA7Q2S5W8X1Z3B6C9E0G4HK",
    "id": 12,
    "endpointUrl": "https://example.com/nexotp",
    "events": ["order.received", "order.expired"],
    "payloadFormat": "nexotp",
    "status": "active",
    "failingSince": None,
    "createdAt": "2026-06-22T06:00:00.000Z",
}
_SECRET = {"secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="}
_QUEUED = {
    "deliveryId": "dlv_01JDA7S4T6V8X0Z2B4D6F8H0JM",
    "eventId": "evt_01JDA7S4T6V8X0Z2B4D6F8H0JN",
    "eventType": "webhook.test",
    "status": "queued",
    "attempts": [],
    "nextAttemptAt": "2026-06-22T06:01:00.000Z",
    "createdAt": "2026-06-22T06:01:00.000Z",
}
_DELIVERED = _QUEUED | {
    "eventType": "order.received",
    "status": "delivered",
    "attempts": [
        {
            "at": "2026-06-22T06:01:00.120Z",
            "statusCode": 200,
            "durationMs": 84,
            "error": None,
            "response": "ok",
        }
    ],
    "nextAttemptAt": None,
}
_OF_ONE_WEBHOOK = (WebhookNotYours, WebhookNotFound)

list_webhooks = describe(
    name="listWebhooks",
    tag="webhooks",
    title=_("List webhooks"),
    purpose=_("The endpoints that your account has registered, the newest first."),
    answer=Webhook,
    is_list=True,
    example=[_WEBHOOK],
)

create_webhook = describe(
    name="createWebhook",
    tag="webhooks",
    title=_("Create a webhook"),
    purpose=_(
        "Registers an endpoint of yours and returns the secret that signs what is sent there."
    ),
    notes=(
        _("The secret is shown this once. Rotate it if it is lost or was seen by somebody."),
        _("A sandbox key registers a webhook for sandbox orders, a live key one for live orders."),
        _("Answer with any 2xx within ten seconds; what fails is sent again for two days."),
    ),
    body=WebhookRequested,
    body_examples=(
        Example(
            "list",
            _("Two events"),
            {
                "endpoint_url": "https://example.com/nexotp",
                "events": ["order.received", "order.expired"],
            },
        ),
        Example(
            "trade",
            _("In SMS-Activate's form"),
            {
                "endpoint_url": "https://example.com/sms",
                "events": ["order.received"],
                "payloadFormat": "smsactivate",
            },
        ),
        Example(
            "all", _("Everything"), {"endpoint_url": "https://example.com/nexotp", "events": "*"}
        ),
    ),
    answer=NewWebhook,
    example=_WEBHOOK | _SECRET,
    links={
        "deleteWebhook": "webhookId",
        "testWebhook": "webhookId",
        "rotateWebhookSecret": "webhookId",
        "listWebhookDeliveries": "webhookId",
    },
    problems=(TooManyWebhooks,),
)

delete_webhook = describe(
    name="deleteWebhook",
    tag="webhooks",
    title=_("Delete a webhook"),
    purpose=_("Stops sending to an endpoint at once, and forgets what was still queued for it."),
    path_parameter=_WEBHOOK_ID,
    answer=DeletedWebhook,
    example={"webhookId": _WEBHOOK["webhookId"], "deleted": True},
    problems=_OF_ONE_WEBHOOK,
)

test_webhook = describe(
    name="testWebhook",
    tag="webhooks",
    title=_("Send a test event"),
    purpose=_("Queues a `webhook.test` event for one endpoint, whatever events it has chosen."),
    notes=(_("See what became of it with the list of deliveries, a moment later."),),
    path_parameter=_WEBHOOK_ID,
    answer=WebhookDelivery,
    example=_QUEUED,
    problems=(*_OF_ONE_WEBHOOK, WebhookDisabled),
)

rotate_webhook_secret = describe(
    name="rotateWebhookSecret",
    tag="webhooks",
    title=_("Rotate a webhook's secret"),
    purpose=_("Makes a new secret and returns it, this once."),
    notes=(
        _(
            "For 24 hours every delivery carries two signatures, one with each secret, so that your"
            " server can change over without losing one."
        ),
    ),
    path_parameter=_WEBHOOK_ID,
    answer=RotatedWebhook,
    example=_WEBHOOK | _SECRET | {"previousSecretExpiresAt": "2026-06-23T06:00:00.000Z"},
    problems=_OF_ONE_WEBHOOK,
)

list_webhook_deliveries = describe(
    name="listWebhookDeliveries",
    tag="webhooks",
    title=_("List a webhook's deliveries"),
    purpose=_("What was sent to an endpoint and what it answered, the newest first."),
    notes=(_("Attempts are kept for 30 days."),),
    path_parameter=_WEBHOOK_ID,
    parameters=PAGING,
    answer=WebhookDelivery,
    is_list=True,
    is_paged=True,
    example=[_DELIVERED],
    problems=(InvalidRequest, *_OF_ONE_WEBHOOK),
)

redeliver_webhook = describe(
    name="redeliverWebhook",
    tag="webhooks",
    title=_("Deliver an event again"),
    purpose=_("Queues a delivery once more: the same event, the same bytes, a new signature."),
    path_parameter=_("A `deliveryId` (`dlv_…`)."),
    answer=WebhookDelivery,
    example=_DELIVERED | {"status": "queued", "nextAttemptAt": "2026-06-22T07:00:00.000Z"},
    problems=(DeliveryNotYours, DeliveryNotFound, WebhookDisabled),
)
