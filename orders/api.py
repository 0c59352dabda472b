"""Orders through the API."""

from typing import Any

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import KEY_SQL, ApiKeyAuthentication, joined
from accounts.door import ApiView
from accounts.models import ApiKey, Plan, Scope, User
from nexotp.lib.db import PreparedRead
from orders import presentation, schema
from orders.actions import cancel_order, finish_order, place_order, resend_code
from orders.forms import read_order_request, read_reason
from orders.lookup import find_order, owned, searchable
from orders.models import Order


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


def _detail(order: Order) -> dict[str, Any]:
    messages = order.messages.filter(is_late=False).order_by("pk") if order.message_count else ()
    return presentation.detail(order, messages, now=timezone.now())
