"""How webhooks and deliveries look to their owner, in the API's words."""

from collections.abc import Sequence
from typing import Any

from nexotp.lib.http import timestamp
from webhooks.models import Delivery, DeliveryAttempt, Endpoint

MOST_ATTEMPTS = 20


def webhook(endpoint: Endpoint) -> dict[str, Any]:
    return {
        "webhookId": endpoint.public_id,
        "id": endpoint.pk,
        "endpointUrl": endpoint.url,
        "events": endpoint.events,
        "payloadFormat": endpoint.payload_format,
        "status": endpoint.state,
        "failingSince": timestamp(endpoint.failing_since),
        "createdAt": timestamp(endpoint.created_at),
    }


def delivery(row: Delivery, latest: Sequence[DeliveryAttempt] = ()) -> dict[str, Any]:
    """Return a delivery with its latest attempts, given newest first and shown as they came."""
    return {
        "deliveryId": row.public_id,
        "eventId": row.event.public_id,
        "eventType": row.event.type,
        "status": row.state,
        "attempts": [_attempt(each) for each in reversed(latest)],
        "nextAttemptAt": timestamp(row.next_attempt_at),
        "createdAt": timestamp(row.created_at),
    }


def _attempt(row: DeliveryAttempt) -> dict[str, Any]:
    return {
        "at": timestamp(row.sent_at),
        "statusCode": row.status_code,
        "durationMs": row.duration_ms,
        "error": row.failure or None,
        "response": row.response,
    }
