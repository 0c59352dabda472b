"""Finding what a caller names: a webhook or a delivery, and whose it is."""

from django.utils.translation import gettext_lazy as _

from accounts.models import User
from nexotp.lib.errors import NotFound, Problem
from nexotp.lib.ids import number_in, searchable
from webhooks.actions import WebhookNotFound
from webhooks.models import Delivery, Endpoint


class WebhookNotYours(Problem):
    code = "forbidden"
    status = 403
    message = _("This webhook belongs to another account.")


class DeliveryNotFound(NotFound):
    message = _("There is no such delivery.")


class DeliveryNotYours(Problem):
    code = "forbidden"
    status = 403
    message = _("This delivery belongs to another account.")


def find_endpoint(webhook_id: str, account: User, mode: str) -> Endpoint:
    """Return the caller's webhook by its id or its number.

    A number finds only the caller's own, so it reveals nothing about others'.
    Raises WebhookNotFound, WebhookNotYours.
    """
    number = number_in(webhook_id)
    if number is not None:
        found = Endpoint.objects.for_account(account, mode).filter(pk=number).first()
    else:
        found = Endpoint.objects.kept().filter(public_id=searchable(webhook_id), mode=mode).first()
    if found is None:
        raise WebhookNotFound
    if found.user_id != account.pk:
        raise WebhookNotYours
    return found


def find_delivery(delivery_id: str, account: User, mode: str) -> Delivery:
    """Return the caller's delivery by its id. Raises DeliveryNotFound, DeliveryNotYours."""
    found = (
        Delivery.objects.filter(endpoint__in=Endpoint.objects.kept())
        .filter(public_id=searchable(delivery_id), event__mode=mode)
        .select_related("event")
        .first()
    )
    if found is None:
        raise DeliveryNotFound
    if found.event.user_id != account.pk:
        raise DeliveryNotYours
    return found
