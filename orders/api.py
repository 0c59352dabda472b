"""Orders through the API."""

from collections.abc import Mapping
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.door import ApiView
from accounts.models import Scope, User
from nexotp.lib.db import PreparedRead
from nexotp.lib.errors import FieldProblem, InvalidRequest, NotFound, Problem
from orders import presentation
from orders.actions import cancel_order, finish_order, place_order, resend_code
from orders.forms import read_order_request
from orders.models import Order

_LARGEST_NUMBER = 2**63 - 1


class OrderNotFound(NotFound):
    message = _("There is no such order.")


class OrderNotYours(Problem):
    code = "forbidden"
    status = 403
    message = _("This order belongs to another account.")


class PlaceOrderView(ApiView):
    scope = Scope.ORDER_WRITE
    bucket = "ORDER"

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


class OrderView(ApiView):
    scope = Scope.ORDER_READ
    bucket = "POLL"

    def get(self, request: Request, order_id: str) -> Response:
        return Response(_detail(_find(order_id, self.account, self.mode)))


class CancelView(ApiView):
    scope = Scope.ORDER_WRITE
    bucket = "ORDER"

    def post(self, request: Request, order_id: str) -> Response:
        order = _find(order_id, self.account, self.mode)
        order = cancel_order(
            order, by=self.account, reason=_reason(request.data), now=timezone.now()
        )
        return Response(presentation.cancelled(order))


class ResendView(ApiView):
    scope = Scope.ORDER_WRITE
    bucket = "ORDER"

    def post(self, request: Request, order_id: str) -> Response:
        order = _find(order_id, self.account, self.mode)
        return Response(_detail(resend_code(order, now=timezone.now())))


class FinishView(ApiView):
    scope = Scope.ORDER_WRITE
    bucket = "ORDER"

    def post(self, request: Request, order_id: str) -> Response:
        order = _find(order_id, self.account, self.mode)
        return Response(_detail(finish_order(order, by=self.account, now=timezone.now())))


def _find(order_id: str, account: User, mode: str) -> Order:
    """Return the caller's order by its id or its number. Raises OrderNotFound, OrderNotYours.

    A number finds only the caller's own orders, so it reveals nothing about others'.
    """
    if order_id.isascii() and order_id.isdigit():
        number = int(order_id[:20])
        mine = Order.objects.for_account(account, mode)
        found = mine.filter(pk=number).first() if number <= _LARGEST_NUMBER else None
    else:
        found = _read_order(order_id, mode)
        if found is not None and found.user_id != account.pk:
            raise OrderNotYours
    if found is None:
        raise OrderNotFound
    return found


_ORDER = PreparedRead(
    "SELECT {0} FROM orders_order placed WHERE placed.public_id = %s AND placed.mode = %s",
    placed=Order,
)


def _read_order(public_id: str, mode: str) -> Order | None:
    if len(public_id) > 30 or not public_id.isprintable():
        return None
    found = _ORDER.one((public_id, mode))
    return found[0] if found else None


def _detail(order: Order) -> dict[str, Any]:
    messages = order.messages.filter(is_late=False).order_by("pk") if order.message_count else ()
    return presentation.detail(order, messages, now=timezone.now())


def _reason(data: Any) -> str:
    """Raises InvalidRequest."""
    if not isinstance(data, Mapping):
        raise InvalidRequest(_("The body must be a JSON object."))
    reason = data.get("reason") or ""
    if not isinstance(reason, str) or len(reason) > 200 or "\x00" in reason:
        raise InvalidRequest(
            fields=[FieldProblem("reason", "invalid", _("A text of at most 200 characters."))]
        )
    return reason
