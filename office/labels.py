"""What staff reads for a column whose model does not say: the same word wherever it stands."""

from typing import Any, cast

from django.apps import apps
from django.db.models import Field
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from office.roles import OURS

LABELS: dict[str, "str | Promise"] = {
    "allowed_networks": _("allowed networks"),
    "amount": _("amount"),
    "answered_at": _("answered at"),
    "arrival": _("next free at"),
    "asked": _("asked for"),
    "attempt": _("purchase"),
    "balance": _("balance"),
    "balance_after": _("balance after it"),
    "balance_at": _("balance read at"),
    "by": _("by"),
    "can_resend": _("can send another code"),
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
    "credited": _("credited"),
    "currency": _("currency"),
    "debit": _("debit"),
    "decided_by": _("decided by"),
    "delivered_count": _("orders with a code"),
    "disabled_because": _("disabled because"),
    "ended_at": _("ended at"),
    "ended_count": _("ended orders"),
    "endpoint": _("webhook"),
    "error": _("error"),
    "event": _("event"),
    "events": _("events"),
    "expires_at": _("expires at"),
    "failing_since": _("failing since"),
    "failure": _("failure"),
    "failure_count": _("failures in a row"),
    "fingerprint": _("fingerprint"),
    "found_at": _("found at"),
    "gateway_reference": _("reference at the gateway"),
    "general_burst": _("calls at once"),
    "general_per_minute": _("calls a minute"),
    "hinted_at": _("hinted at"),
    "idempotency_key": _("idempotency key"),
    "is_answering": _("is answering"),
    "is_late": _("came late"),
    "is_manual": _("by hand"),
    "is_too_short": _("came too short"),
    "key": _("key"),
    "kind": _("kind"),
    "language": _("language"),
    "largest": _("largest list so far"),
    "last_four": _("last four"),
    "last_used_at": _("last used at"),
    "lease_until": _("leased until"),
    "look_count": _("looks taken"),
    "low_balance_at": _("low balance told at"),
    "max_open_orders": _("open orders at most"),
    "message_count": _("messages"),
    "method": _("way to pay"),
    "mode": _("mode"),
    "name": _("name"),
    "next_action_at": _("next action at"),
    "next_attempt_at": _("next attempt at"),
    "next_check_at": _("next check at"),
    "notice_due_at": _("mail due at"),
    "number_reported_at": _("number reported at"),
    "offer": _("offer"),
    "opened_at": _("opened at"),
    "operator": _("operator"),
    "order": _("order"),
    "order_burst": _("orders at once"),
    "order_per_minute": _("orders a minute"),
    "owner": _("owner"),
    "paid_amount": _("amount paid"),
    "payload_format": _("format"),
    "payment_url": _("payment page"),
    "phone_number": _("phone number"),
    "poll_burst": _("status calls at once"),
    "poll_per_minute": _("status calls a minute"),
    "price": _("price"),
    "price_usd": _("price in dollars"),
    "proof_count": _("proofs"),
    "provider": _("provider asked for"),
    "provider_code": _("provider"),
    "public_id": _("public number"),
    "reason": _("reason"),
    "received_at": _("received at"),
    "reference": _("reference"),
    "refund_amount": _("given back"),
    "replaced_at": _("replaced at"),
    "reported_operator": _("operator as reported"),
    "request_id": _("request"),
    "resend_requested_at": _("another code asked for at"),
    "rests_until": _("rests until"),
    "returned_at": _("given back at"),
    "review": _("to look at"),
    "revoked_at": _("revoked at"),
    "route": _("route"),
    "scopes": _("scopes"),
    "seen": _("seen at the supplier"),
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
    "sync_error": _("error of the last list"),
    "terms_accepted_at": _("agreed to the terms at"),
    "terms_version": _("agreed terms"),
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
