"""Finding what a caller names: a webhook or a delivery, and whose it is."""

from django.utils.translation import gettext_lazy as _

from accounts.models import User
from nexotp.lib.errors import NotFound, Problem
from webhooks.models import Delivery, Endpoint

_LARGEST_NUMBER = 2**63 - 1


class WebhookNotFound(NotFound):
    message = _("There is no such webhook.")


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
    if webhook_id.isascii() and webhook_id.isdigit():
        # Python refuses to read numbers of thousands of digits; ours have nineteen at most.
        number = int(webhook_id) if len(webhook_id) < 20 else _LARGEST_NUMBER
        found = Endpoint.objects.for_account(account, mode).filter(pk=number).first()
    else:
        found = Endpoint.objects.kept().filter(public_id=_searchable(webhook_id), mode=mode).first()
    if found is None:
        raise WebhookNotFound
    if found.user_id != account.pk:
        raise WebhookNotYours
    return found


def find_delivery(delivery_id: str, account: User, mode: str) -> Delivery:
    """Return the caller's delivery by its id. Raises DeliveryNotFound, DeliveryNotYours."""
    found = (
        Delivery.objects.filter(endpoint__in=Endpoint.objects.kept())
        .filter(public_id=_searchable(delivery_id), event__mode=mode)
        .select_related("event")
        .first()
    )
    if found is None:
        raise DeliveryNotFound
    if found.event.user_id != account.pk:
        raise DeliveryNotYours
    return found


def _searchable(named: str) -> str:
    """Return the id, or nothing where no id could look like that: a text has no NUL."""
    return named if len(named) <= 30 and named.isprintable() else ""
