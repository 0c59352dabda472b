"""What can be told, and where endpoints, deliveries and attempts can stand."""

from django.db import models
from django.utils.translation import gettext_lazy as _

ALL_EVENTS = "*"


class EventType(models.TextChoices):
    """What a customer's server can be told of."""

    ORDER_WAITING = "order.waiting", _("A number was bought")
    ORDER_RECEIVED = "order.received", _("A code came")
    ORDER_SUCCESS = "order.success", _("An order was finished")
    ORDER_EXPIRED = "order.expired", _("An order expired")
    ORDER_CANCELLED = "order.cancelled", _("An order was cancelled")
    ORDER_FAILED = "order.failed", _("No number could be had")
    WALLET_CREDITED = "wallet.credited", _("Money came to the wallet")
    WALLET_LOW_BALANCE = "wallet.low_balance", _("The balance is low")
    WEBHOOK_TEST = "webhook.test", _("A test")


class PayloadFormat(models.TextChoices):
    """What a webhook's bodies look like. SMS-Activate's tells of codes, and of nothing else."""

    NEXOTP = "nexotp", _("Ours: every event, the whole order")
    SMSACTIVATE = "smsactivate", _("SMS-Activate's: each message that comes, and nothing else")


class EndpointState(models.TextChoices):
    """Whether an endpoint gets events. A paused one gets them when it goes on."""

    ACTIVE = "active", _("Active")
    PAUSED = "paused", _("Paused")
    DISABLED = "disabled", _("Disabled")
    DELETED = "deleted", _("Deleted")


class DisabledBecause(models.TextChoices):
    """Why we stopped sending to an endpoint."""

    GONE = "gone", _("It answered 410 Gone")
    FAILING = "failing", _("It failed for five days")


class DeliveryState(models.TextChoices):
    """Where a delivery stands; a queued one is sent when its time comes."""

    QUEUED = "queued", _("Queued")
    DELIVERED = "delivered", _("Delivered")
    FAILED = "failed", _("Failed")


class Failure(models.TextChoices):
    """Why an attempt failed, in words that tell a customer enough and a spy nothing."""

    DNS = "dns", _("The host name leads to no address")
    ADDRESS = "address_not_public", _("The address is not in the public internet")
    CONNECT = "connect", _("No connection could be made")
    TLS = "tls", _("The certificate was not accepted")
    TIMEOUT = "timeout", _("No answer within ten seconds")
    BROKEN = "broken_answer", _("The answer broke off or was no HTTP")
    STATUS = "status", _("The answer was no success")
    INTERNAL = "internal", _("Our own fault")


def chosen_events(wanted: list[str], payload_format: str = PayloadFormat.NEXOTP) -> list[str]:
    """Return the choice without repetition; with `*` among them, nothing else matters.

    SMS-Activate's form leaves no choice.
    """
    if payload_format == PayloadFormat.SMSACTIVATE:
        return [EventType.ORDER_RECEIVED.value]
    return [ALL_EVENTS] if ALL_EVENTS in wanted else list(dict.fromkeys(wanted))
