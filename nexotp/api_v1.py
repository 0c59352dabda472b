"""Every route of API v1, in one list, mounted at two addresses. v1 is frozen once published."""

from typing import NoReturn

from django.http import HttpRequest
from django.urls import path

from catalog import api as catalog
from nexotp.lib.errors import NotFound
from orders import api as orders
from wallet import api as wallet
from webhooks import api as webhooks

v1 = [
    path("balance", wallet.BalanceView.as_view()),
    path("account", orders.AccountView.as_view()),
    path("account/transactions", wallet.TransactionsView.as_view()),
    path("services", catalog.ServicesView.as_view()),
    path("countries", catalog.CountriesView.as_view()),
    path("providers", catalog.ProvidersView.as_view()),
    path("price", catalog.PriceView.as_view()),
    path("order", orders.PlaceOrderView.as_view()),
    path("orders", orders.OrdersView.as_view()),
    path("order/<str:order_id>", orders.OrderView.as_view()),
    path("order/<str:order_id>/cancel", orders.CancelView.as_view()),
    path("order/<str:order_id>/resend", orders.ResendView.as_view()),
    path("order/<str:order_id>/finish", orders.FinishView.as_view()),
    path("webhooks", webhooks.WebhooksView.as_view()),
    path("webhooks/deliveries/<str:delivery_id>/redeliver", webhooks.RedeliverView.as_view()),
    path("webhooks/<str:webhook_id>", webhooks.WebhookView.as_view()),
    path("webhooks/<str:webhook_id>/test", webhooks.TestView.as_view()),
    path("webhooks/<str:webhook_id>/rotate", webhooks.RotateView.as_view()),
    path("webhooks/<str:webhook_id>/deliveries", webhooks.DeliveriesView.as_view()),
]


def not_found(request: HttpRequest, rest: str = "") -> NoReturn:
    raise NotFound
