"""What an owner reads about webhooks and deliveries in the browser, in the page's language."""

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from webhooks.models import Delivery, DeliveryAttempt, Endpoint
from webhooks.states import (
    ALL_EVENTS,
    DeliveryState,
    DisabledBecause,
    EndpointState,
    EventType,
    Failure,
)

# Colors say it a second time: `good`, `busy`, `calm` or `bad`.
_DELIVERY_TONES = {DeliveryState.DELIVERED: "good", DeliveryState.FAILED: "bad"}


def endpoint_tone(endpoint: Endpoint) -> str:
    if endpoint.is_disabled or (endpoint.is_active and endpoint.failing_since):
        return "bad"
    return "good" if endpoint.is_active else "calm"


def endpoint_label(endpoint: Endpoint) -> str:
    if endpoint.is_active and endpoint.failing_since:
        return _("Failing")
    return str(EndpointState(endpoint.state).label)


def disabled_label(endpoint: Endpoint) -> "str | Promise":
    """Return why nothing is sent there any more."""
    return DisabledBecause(endpoint.disabled_because).label


def events_label(endpoint: Endpoint) -> str:
    if endpoint.speaks_trade:
        return _("Messages in SMS-Activate's form")
    if ALL_EVENTS in endpoint.events:
        return _("All events")
    return ", ".join(endpoint.events)


def event_label(event_type: str) -> "str | Promise":
    return EventType(event_type).label


def delivery_tone(delivery: Delivery) -> str:
    return _DELIVERY_TONES.get(DeliveryState(delivery.state), "busy")


def delivery_label(delivery: Delivery) -> str:
    if delivery.state == DeliveryState.QUEUED and delivery.failure_count:
        return _("To be tried again")
    return str(DeliveryState(delivery.state).label)


def attempt_label(attempt: DeliveryAttempt) -> str:
    """Return what came back, a status or the reason why there is none."""
    if attempt.status_code:
        return str(attempt.status_code)
    return str(Failure(attempt.failure).label)
