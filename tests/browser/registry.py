"""Every page that a person may open, one line each, and the shop in which they are looked at.

A new page gets its line in PAGES: the route as in the URLconf, then an address to look at, with
names from the scene in braces. Several lines may look at one route in several states.
"""

from dataclasses import dataclass
from datetime import timedelta

from django.urls import URLPattern
from django.utils import timezone

from accounts.models import ApiKey, User
from catalog.models import Supplier
from orders.actions import cancel_order, finish_order, keys_of, poll_supplier
from orders.models import Order
from orders.states import Status
from suppliers.simulator.remote import RemoteSimulator
from tests import cast
from tests.guards.test_wiring import pages
from tests.wallet.top_ups.scenes import bank_method, started
from wallet.actions import cancel_top_up
from webhooks.actions import create_endpoint, send_test

# When an order may be cancelled.
_PAST_THE_LOCK = timedelta(minutes=3)
TOGETHER = "bought_together"
STRANGER, CUSTOMER = "stranger", "customer"


@dataclass(frozen=True, slots=True)
class Shown:
    """One look at one page. `name` is the picture's."""

    name: str
    route: str
    address: str
    visitor: str = CUSTOMER


PAGES = (
    # the shop window
    Shown("landing", "", "/", STRANGER),
    Shown("landing-found", "", "/?q=what", STRANGER),
    Shown("landing-nothing", "", "/?q=nothing+is+called+like+this", STRANGER),
    Shown("prices", "prices/", "/prices/", STRANGER),
    Shown("prices-signed-in", "prices/", "/prices/"),
    Shown("service-prices", "prices/<slug:service_code>/", "/prices/whatsapp/", STRANGER),
    Shown("country-prices", "prices/in/<slug:country_code>/", "/prices/in/id/", STRANGER),
    Shown("terms", "terms/", "/terms/", STRANGER),
    Shown("sign-in", "sign-in/", "/sign-in/", STRANGER),
    Shown("sign-up", "sign-up/", "/sign-up/", STRANGER),
    Shown("forgot-password", "forgot-password/", "/forgot-password/", STRANGER),
    Shown("password-done", "forgot-password/done/", "/forgot-password/done/", STRANGER),
    Shown("closed", "sign-in/closed/", "/sign-in/closed/", STRANGER),
    Shown("not-found", "", "/nothing-here", STRANGER),
    Shown("not-found-signed-in", "", "/nothing-here"),
    # buying
    Shown("buy", "buy/", "/buy/"),
    Shown("buy-nothing", "buy/", "/buy/?q=nothing+is+called+like+this"),
    Shown("choose-country", "buy/<slug:service_code>/", "/buy/whatsapp/"),
    Shown("choose-no-country", "buy/<slug:service_code>/", "/buy/whatsapp/?q=atlantis"),
    Shown("confirm", "buy/<slug:service_code>/<slug:country_code>/", "/buy/whatsapp/id/"),
    Shown(
        "confirm-several",
        "buy/<slug:service_code>/<slug:country_code>/",
        "/buy/whatsapp/id/?quantity=3",
    ),
    # orders
    Shown("orders", "orders/", "/orders/"),
    Shown("together", "orders/together/<slug:key>", "/orders/together/{together}"),
    Shown("history", "orders/history/", "/orders/history/"),
    Shown("history-nothing", "orders/history/", "/orders/history/?q=nothing+like+this"),
    Shown("receipt", "orders/<slug:order_id>/receipt", "/orders/{order_success}/receipt"),
    *(
        Shown(f"order-{status}", "orders/<slug:order_id>", f"/orders/{{order_{status}}}")
        for status in Status
    ),
    # money
    Shown("wallet", "wallet/", "/wallet/"),
    Shown("top-up", "wallet/top-up/", "/wallet/top-up/"),
    Shown("transfer", "wallet/top-up/<slug:top_up_id>/", "/wallet/top-up/{transfer}/"),
    Shown("transfer-over", "wallet/top-up/<slug:top_up_id>/", "/wallet/top-up/{transfer_over}/"),
    # the account; what asks for the password again shows that question here
    Shown("account", "account/", "/account/"),
    Shown("confirm-password", "account/confirm/", "/account/confirm/"),
    Shown("delete-account", "account/delete/", "/account/delete/"),
    Shown("email", "account/email/", "/account/email/"),
    Shown("password", "account/password/", "/account/password/"),
    Shown("security", "account/security/", "/account/security/"),
    Shown("authenticator", "account/security/app/", "/account/security/app/"),
    Shown("passkeys", "account/security/passkeys/", "/account/security/passkeys/"),
    Shown("passkey-add", "account/security/passkeys/add/", "/account/security/passkeys/add/"),
    Shown("sessions", "account/sessions/", "/account/sessions/"),
    Shown("developers", "developers/", "/developers/"),
    Shown("key-add", "developers/keys/add/", "/developers/keys/add/"),
    Shown("usage", "developers/usage/", "/developers/usage/"),
    Shown("key", "developers/keys/<slug:key_id>/", "/developers/keys/{key}/"),
    Shown("key-rotate", "developers/keys/<slug:key_id>/rotate/", "/developers/keys/{key}/rotate/"),
    Shown("key-revoke", "developers/keys/<slug:key_id>/revoke/", "/developers/keys/{key}/revoke/"),
    # webhooks
    Shown("webhooks", "webhooks/", "/webhooks/"),
    Shown("webhooks-none", "webhooks/", "/webhooks/?mode=sandbox"),
    Shown("webhook-new", "webhooks/new", "/webhooks/new"),
    Shown("webhook", "webhooks/<slug:webhook_id>", "/webhooks/{webhook}"),
    Shown("delivery", "webhooks/deliveries/<slug:delivery_id>", "/webhooks/deliveries/{delivery}"),
    # the reference
    Shown("docs", "docs/", "/docs/"),
    Shown("docs-stranger", "docs/", "/docs/", STRANGER),
    Shown("docs-call", "docs/api/<slug:slug>/", "/docs/api/create-order/"),
    Shown("docs-guide", "docs/guides/<slug:slug>/", "/docs/guides/webhooks/"),
    Shown("docs-errors", "docs/errors/", "/docs/errors/"),
    Shown("docs-events", "docs/events/", "/docs/events/"),
    Shown("docs-search", "docs/search/", "/docs/search/?q=order"),
    Shown("docs-no-result", "docs/search/", "/docs/search/?q=zzzz"),
)

# What answers GET with no page of ours, and why.
NOT_PAGES = {
    r"(?:/)?(?:(?P<path>hero|grizzly)/)?stubs/handler_api(?:\.php)?/?$": "for programs",
    "dev/mail/": "in development only",
    "terms/agree/": "for who agreed to older terms",
    "account/confirm/code/": "asks who has a second factor",
    "account/confirm/passkey/": "asks who has a passkey",
    "account/password/first/": "for who has no password yet",
    "account/security/app/remove/": "for who has a second factor",
    "account/security/passkeys/<int:pk>/": "for who has a passkey",
    "account/security/passkeys/<int:pk>/remove/": "for who has a passkey",
    "account/security/recovery/": "for who has a second factor",
    "account/security/recovery/new/": "for who has a second factor",
    "account/security/recovery/file/": "a file",
    "sign-in/passkey/": "for scripts",
    "sign-in/second-step/": "in the middle of signing in",
    "sign-up/code/": "in the middle of signing up",
    "forgot-password/code/": "in the middle of a new password",
    "forgot-password/new/": "in the middle of a new password",
    "healthz": "for balancers",
    "robots.txt": "for robots",
    "sitemap.xml": "for robots",
    "manifest.webmanifest": "for browsers",
    "hooks/supplier/<slug:code>/<str:token>": "for suppliers",
    "docs/swagger/": "Swagger UI, which somebody else wrote",
    "docs/redoc/": "Redoc, which somebody else wrote",
    "hooks/payment/<slug:code>": "for gateways",
    "orders/history.csv": "a file",
    "developers/keys/<slug:key_id>/dialect/": "leads to the key",
    "wallet/balance/": "a part of every page",
    "wallet/statement.csv": "a file",
    "wallet/proofs/<int:proof_id>": "a file",
    "wallet/fill-up/": "POST only",
    "wallet/alert/": "POST only",
    "wallet/top-up/<slug:top_up_id>/pay": "POST only",
    "wallet/top-up/<slug:top_up_id>/cancel": "POST only",
    "wallet/top-up/<slug:top_up_id>/proof": "POST only",
    "sign-out/": "POST only",
    "language/": "POST only",
    "theme/": "POST only",
    "mode/": "POST only",
    "webhooks/deliveries/<slug:delivery_id>/again": "POST only",
    "webhooks/<slug:webhook_id>/events": "POST only",
    "webhooks/<slug:webhook_id>/test": "POST only",
    "webhooks/<slug:webhook_id>/pause": "POST only",
    "webhooks/<slug:webhook_id>/enable": "POST only",
    "webhooks/<slug:webhook_id>/rotate": "POST only; its page shows a secret once",
    "webhooks/<slug:webhook_id>/again": "POST only",
    "webhooks/<slug:webhook_id>/delete": "POST only",
    "buy/<slug:service_code>/favorite": "POST only",
    "orders/<slug:order_id>/cancel": "leads to the order",
    "orders/<slug:order_id>/report": "leads to the order",
    "orders/<slug:order_id>/resend": "leads to the order",
    "orders/<slug:order_id>/finish": "leads to the order",
}


def routes() -> dict[str, URLPattern]:
    """The storefront's routes: what is neither the API nor the admin."""
    return {route: found for route, found in pages().items() if not route.startswith("admin/")}


def set_the_scene(user: User, simulator: RemoteSimulator) -> dict[str, str]:
    """Give a customer an order in every state and a webhook with a log; returns their names."""
    alpha = Supplier.objects.get(code="alpha")
    keys = keys_of(TOGETHER, 4)
    waiting, received, done, cancelled = (cast.buy(user, key=key) for key in keys)
    for order in (received, done):
        reference = cast.attempt_of(order).reference
        simulator.deliver(reference, text="Your WhatsApp code is 471-199. Don't share it.")
    poll_supplier(alpha, now=timezone.now())
    now = timezone.now()
    finish_order(Order.objects.get(pk=done.pk), by=user, now=now)
    cancel_order(Order.objects.get(pk=cancelled.pk), by=user, reason="", now=now + _PAST_THE_LOCK)
    reached = {
        Status.WAITING: waiting,
        Status.RECEIVED: received,
        Status.SUCCESS: done,
        Status.CANCELLED: cancelled,
    }
    orders = {
        status: reached.get(status) or cast.order_row(user, status=status) for status in Status
    }
    endpoint, _secret = create_endpoint(
        user=user,
        mode="live",
        url="https://hooks.example.test/nexotp/" + "a-very-long-path-without-a-break" * 3,
        events=["*"],
        now=now,
    )
    delivery = send_test(endpoint, now=now)
    cast.key_for(user, name="Robot")
    bank = bank_method()
    transfer, over = started(user, bank), started(user, bank, asked=75_000)
    cancel_top_up(over, now=now)
    return {
        **{f"order_{status}": order.public_id for status, order in orders.items()},
        "together": TOGETHER,
        "webhook": endpoint.public_id,
        "delivery": delivery.public_id,
        "key": ApiKey.objects.get(user=user).public_id,
        "transfer": transfer.public_id,
        "transfer_over": over.public_id,
    }


# Templates that stand alone: shown when no view could be asked.
TROUBLES = (
    *("400.html", "403.html", "403_csrf.html", "404.html", "429.html", "500.html", "503.html"),
    *("maintenance.html", "problem.html"),
)
