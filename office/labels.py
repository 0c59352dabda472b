"""What staff reads for a column whose model does not say: the same word wherever it stands."""

from typing import Any, cast

from django.apps import apps
from django.db.models import Field
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from office.roles import OURS

LABELS: dict[str, "str | Promise"] = {
    "allowed_networks": _("allowed networks"),
    "answered_at": _("answered at"),
    "cancel_available_at": _("can be cancelled from"),
    "category": _("category"),
    "checked_at": _("checked at"),
    "closed_at": _("ended at"),
    "closing_as": _("closing as"),
    "closing_reason": _("reason for closing"),
    "closing_since": _("closing since"),
    "code": _("code"),
    "cooling_reason": _("why it cools down"),
    "cost": _("cost"),
    "country": _("country"),
    "created_at": _("created at"),
    "credit": _("credit"),
    "currency": _("currency"),
    "debit": _("debit"),
    "disabled_because": _("disabled because"),
    "endpoint": _("webhook"),
    "ended_at": _("ended at"),
    "error": _("error"),
    "event": _("event"),
    "events": _("events"),
    "expires_at": _("expires at"),
    "failing_since": _("failing since"),
    "failure": _("failure"),
    "failure_count": _("failures in a row"),
    "found_at": _("found at"),
    "idempotency_key": _("idempotency key"),
    "is_answering": _("is answering"),
    "is_late": _("came late"),
    "kind": _("kind"),
    "last_four": _("last four"),
    "last_used_at": _("last used at"),
    "lease_until": _("leased until"),
    "mode": _("mode"),
    "name": _("name"),
    "next_action_at": _("next action at"),
    "next_attempt_at": _("next attempt at"),
    "number_reported_at": _("number reported at"),
    "opened_at": _("opened at"),
    "operator": _("operator"),
    "order": _("order"),
    "owner": _("owner"),
    "phone_number": _("phone number"),
    "price": _("price"),
    "provider": _("provider asked for"),
    "provider_code": _("provider"),
    "public_id": _("public number"),
    "reason": _("reason"),
    "received_at": _("received at"),
    "reference": _("reference"),
    "reported_operator": _("operator as reported"),
    "request_id": _("request"),
    "returned_at": _("given back at"),
    "revoked_at": _("revoked at"),
    "scopes": _("scopes"),
    "sender": _("sender"),
    "sent_at": _("sent at"),
    "service": _("service"),
    "settled_at": _("settled at"),
    "settled_by": _("settled by"),
    "started_at": _("started at"),
    "state": _("state"),
    "status": _("status"),
    "stock": _("stock"),
    "supplier": _("supplier"),
    "supplier_country": _("the supplier's country"),
    "supplier_service": _("the supplier's service"),
    "text": _("text"),
    "updated_at": _("changed at"),
    "url": _("address"),
    "user": _("account"),
    "version": _("version"),
}


def name_columns() -> None:
    """Put these words wherever Django would make one out of the column's name.

    What a migration knows of a column stays as it is.
    """
    for app in OURS:
        for model in apps.get_app_config(app).get_models():
            for field in model._meta.get_fields():
                if isinstance(field, Field) and field.name in LABELS and not _is_named(field):
                    # Both are lazy texts; the type checker knows only one of them.
                    field.verbose_name = cast(Any, LABELS[field.name])


def _is_named(field: "Field[Any, Any]") -> bool:
    """Whether its model names the column itself; only then does a migration know of it."""
    return "verbose_name" in field.deconstruct()[3]
