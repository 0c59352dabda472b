"""What the document does not say: titles of its tags, and what to do about an error."""

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Scope

_TAGS: dict[str, Promise] = {
    "account": gettext_lazy("Account and wallet"),
    "catalogue": gettext_lazy("Catalogue"),
    "orders": gettext_lazy("Orders"),
    "webhooks": gettext_lazy("Webhooks"),
}

# What to do about a code. One that is not here is told by its status.
_ADVICE: dict[str, Promise] = {
    "invalid_request": gettext_lazy(
        "Read `fields`: it names everything that is wrong, at once. Without `fields`, the body as a"
        " whole is no JSON object."
    ),
    "missing_api_key": gettext_lazy(
        "Send the key as `Authorization: Bearer KEY` or as `X-NexOTP-API-Key: KEY`."
    ),
    "invalid_api_key": gettext_lazy(
        "Check for a missing character or a stray space; else the key was revoked: make a new one."
    ),
    "key_expired": gettext_lazy("Make a new key; the time of this one is over."),
    "conflicting_api_keys": gettext_lazy("Send one header only, or the same key in both."),
    "ip_not_allowed": gettext_lazy(
        "Call from an address in the key's list, or add this one to it."
    ),
    "scope_missing": gettext_lazy("Use a key that has the scope in `details.scope`."),
    "insufficient_balance": gettext_lazy(
        "Top up the wallet. Nothing was bought and nothing was charged."
    ),
    "forbidden": gettext_lazy("Ask with a key of the account that it belongs to."),
    "not_found": gettext_lazy(
        "Check the address and the id. A sandbox key never finds a live order, nor the other way"
        " round."
    ),
    "method_not_allowed": gettext_lazy("Use one of the methods in the `Allow` header."),
    "idempotency_key_reused": gettext_lazy(
        "Take a new key for a new order, and repeat a lost one with exactly the same body."
    ),
    "idempotency_in_progress": gettext_lazy(
        "Wait as long as `Retry-After` says and repeat: you get the answer of the first request."
    ),
    "price_above_max": gettext_lazy(
        "Accept `details.currentPrice` by raising `max_price`, or choose another country."
    ),
    "rate_unavailable": gettext_lazy(
        "Order without `max_price`, or wait until there is a current exchange rate."
    ),
    "too_many_open_orders": gettext_lazy(
        "Finish or cancel some of `details.openOrders` orders; your plan sets the limit."
    ),
    "account_closed": gettext_lazy("The owner or the shop has closed the account; stop calling."),
    "account_frozen": gettext_lazy(
        "Stop ordering and write to us; reading goes on, and open orders do."
    ),
    "account_cooling_down": gettext_lazy(
        "Wait until `details.until`, then order only what you will wait for; open orders go on."
    ),
    "no_numbers": gettext_lazy(
        "Try again in a minute, another country, or `provider` set to `any`. You were not charged."
    ),
    "supplier_unavailable": gettext_lazy(
        "Repeat the call, an order with the same `idempotencyKey`. A failed order is refunded."
    ),
    "catalog_unavailable": gettext_lazy("Use the list that you kept, and ask again in a moment."),
    "order_not_cancellable": gettext_lazy(
        "Read `details.status`: with `received` a code came first, and it is yours; with"
        " `cancelled` it was cancelled before."
    ),
    "cancel_too_early": gettext_lazy(
        "Cancel at `details.cancelAvailableAt`; the order goes on waiting until then."
    ),
    "order_not_active": gettext_lazy("Nothing: the order stands as `details.status` says."),
    "resend_not_supported": gettext_lazy(
        "Order another number; ask only where `canResend` is `true`."
    ),
    "not_offered": gettext_lazy(
        "Ask for another country or without a `provider`, or again in a few minutes."
    ),
    "too_many_webhooks": gettext_lazy(
        "Delete one that you no longer need; `details.limit` says how many there may be."
    ),
    "webhook_disabled": gettext_lazy(
        "Enable it on the page of webhooks in your account, once its server answers again."
    ),
    "payload_too_large": gettext_lazy("Keep the body below 64 KiB."),
    "unsupported_media_type": gettext_lazy("Send `Content-Type: application/json`."),
    "rate_limited": gettext_lazy(
        "Wait as long as `Retry-After` says. A webhook spares you most of the asking."
    ),
    "internal": gettext_lazy(
        "Repeat, an order with the same `idempotencyKey`. If it stays, send us the `requestId`."
    ),
    "service_unavailable": gettext_lazy("Repeat after `Retry-After`, with growing pauses."),
}


def tag_title(tag: str) -> str:
    """Return a tag as a heading; one that is not known, by its name."""
    return str(_TAGS.get(tag) or tag.replace("-", " ").capitalize())


def advice(code: str, *, is_retryable: bool) -> str:
    """Return what to do about an error."""
    if code in _ADVICE:
        return str(_ADVICE[code])
    if is_retryable:
        return _("Repeat the same call after a pause.")
    return _("Change the request; the same one will fail again.")


def has_advice(code: str) -> bool:
    """Whether there are words of its own for an error, as there are for every one."""
    return code in _ADVICE


def scope_label(scope: str) -> str:
    """Return what a scope allows, in words."""
    return str(Scope(scope).label) if scope in Scope.values else scope
