"""Orders through the API."""

from datetime import datetime
from typing import Any

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import KEY_SQL, ApiKeyAuthentication, joined
from accounts.door import ApiView
from accounts.models import ApiKey, Plan, Scope, User
from accounts.usage import BUCKETS, requests_by_day
from nexotp.lib.db import PreparedRead
from nexotp.lib.http import Page
from nexotp.lib.ids import searchable
from nexotp.lib.money import to_json
from nexotp.lib.pagination import NumberedPage
from orders import presentation, schema
from orders.actions import cancel_order, finish_order, place_order, resend_code
from orders.forms import ACTIVE, read_list_request, read_order_request, read_reason
from orders.lookup import find_order, owned
from orders.models import Order, OrderMessage, OrderQuerySet
from orders.reports import order_usage
from wallet.actions import open_wallet


class AccountView(ApiView):
    scope = Scope.BALANCE_READ
    bucket = "GENERAL"

    @schema.get_account
    def get(self, request: Request) -> Response:
        wallet = open_wallet(user=self.account, mode=self.mode)
        return Response(
            {
                "accountId": self.account.public_id,
                "email": self.account.email,
                "mode": self.mode,
                "balance": to_json(wallet.balance or 0, wallet.currency),
                "currency": wallet.currency,
                "plan": _plan(self.account.plan),
                "usage": self._usage(wallet.currency, now=timezone.now()),
            }
        )

    def _usage(self, currency: str, *, now: datetime) -> dict[str, Any]:
        today = timezone.localdate(now)
        month = today.replace(day=1)
        requests = requests_by_day(self.account, self.mode, since=month, until=today)
        orders = order_usage(self.account, self.mode, now=now)
        return {
            "requestsToday": sum(
                count for (day, _bucket), count in requests.items() if day == today
            ),
            "requestsThisMonth": requests.total(),
            "ordersToday": orders.today,
            "ordersThisMonth": orders.this_month,
            "spentThisMonth": to_json(orders.spent_this_month, currency),
            "successRate30d": orders.success_rate,
        }


class PlaceOrderView(ApiView):
    scope = Scope.ORDER_WRITE
    bucket = "ORDER"

    @schema.create_order
    def post(self, request: Request) -> Response:
        wanted = read_order_request(
            request.data, header_key=request.headers.get("Idempotency-Key"), mode=self.mode
        )
        placement = place_order(
            wanted,
            user=self.account,
            mode=self.mode,
            now=timezone.now(),
            request_id=request.request_id,  # type: ignore[attr-defined]
        )
        headers = {"Idempotent-Replayed": "true"} if placement.is_replay else {}
        return Response(presentation.placed(placement.order), headers=headers)


class KeyAndOrder(ApiKeyAuthentication):
    """Reads the order along with the key: polling is the call made most, and this halves it."""

    def read_key(self, request: Request, public_id: str, mode: str) -> ApiKey | None:
        order_id = request.parser_context["kwargs"]["order_id"]
        found = _KEY_AND_ORDER.one((searchable(order_id), public_id, mode))
        if found is None:
            return None
        *key, request._request.order = found  # type: ignore[attr-defined]
        return joined(*key)


_KEY_AND_ORDER = PreparedRead(
    "SELECT {0}, {1}, {2}, {3} "
    + KEY_SQL.format(
        join="LEFT JOIN orders_order placed ON placed.public_id = %s AND placed.mode = key.mode"
    ),
    key=ApiKey,
    account=User,
    plan=Plan,
    placed=Order,
)


class OrderView(ApiView):
    scope = Scope.ORDER_READ
    bucket = "POLL"
    authentication_classes = (KeyAndOrder,)

    @schema.get_order
    def get(self, request: Request, order_id: str) -> Response:
        order = request._request.order  # type: ignore[attr-defined]
        if order is None:
            order = find_order(order_id, self.account, self.mode)
        return Response(_detail(owned(order, self.account)))


class OrdersView(ApiView):
    scope = Scope.ORDER_READ
    bucket = "POLL"

    @schema.list_orders
    def get(self, request: Request) -> Response:
        wanted = read_list_request(request.GET)
        orders = Order.objects.for_account(self.account, self.mode).newest_first()
        if wanted.status == ACTIVE:
            page = self._everything(orders.open())
        else:
            page = wanted.page.of(orders.shown_as(wanted.status) if wanted.status else orders)
        return Response(Page(_details(page.rows), page))

    def _everything(self, orders: OrderQuerySet) -> NumberedPage[Order]:
        """Return all of an account's open orders, of which its plan allows so many, as one page."""
        rows = list(orders)
        size = max(self.account.plan.max_open_orders, len(rows), 1)
        return NumberedPage(rows, page=1, per_page=size, total=len(rows))


class CancelView(ApiView):
    scope = Scope.ORDER_WRITE
    bucket = "ORDER"

    @schema.cancel_order
    def post(self, request: Request, order_id: str) -> Response:
        order = find_order(order_id, self.account, self.mode)
        order = cancel_order(
            order, by=self.account, reason=read_reason(request.data), now=timezone.now()
        )
        return Response(presentation.cancelled(order))


class ResendView(ApiView):
    scope = Scope.ORDER_WRITE
    bucket = "ORDER"

    @schema.resend_order
    def post(self, request: Request, order_id: str) -> Response:
        order = find_order(order_id, self.account, self.mode)
        return Response(_detail(resend_code(order, now=timezone.now())))


class FinishView(ApiView):
    scope = Scope.ORDER_WRITE
    bucket = "ORDER"

    @schema.finish_order
    def post(self, request: Request, order_id: str) -> Response:
        order = find_order(order_id, self.account, self.mode)
        return Response(_detail(finish_order(order, by=self.account, now=timezone.now())))


def _plan(plan: Plan) -> dict[str, Any]:
    buckets = [plan.bucket(name) for name in BUCKETS]
    return {
        "code": plan.code,
        "name": plan.name,
        "limits": {
            each.name.lower(): {"perMinute": each.per_minute, "burst": each.burst}
            for each in buckets
        },
        "maxOpenOrders": plan.max_open_orders,
    }


def _detail(order: Order) -> dict[str, Any]:
    return _details([order])[0]


def _details(orders: list[Order]) -> list[dict[str, Any]]:
    """Show orders with their messages, which one query finds for all that have any."""
    messages: dict[int, list[OrderMessage]] = {order.pk: [] for order in orders}
    if with_messages := [order.pk for order in orders if order.message_count]:
        for message in OrderMessage.objects.shown().filter(order__in=with_messages):
            messages[message.order_id].append(message)
    now = timezone.now()
    return [presentation.detail(order, messages[order.pk], now=now) for order in orders]
