"""Telling a customer's servers how an order stands, in the transaction that changed it."""

from datetime import datetime
from typing import Any

from orders import presentation
from orders.models import Order
from orders.states import Status
from webhooks.actions import emit
from webhooks.states import EventType

# PURCHASING and CLOSING are shown to customers as waiting, so entering them is no news.
_NEWS = {
    Status.WAITING: EventType.ORDER_WAITING,
    Status.RECEIVED: EventType.ORDER_RECEIVED,
    Status.SUCCESS: EventType.ORDER_SUCCESS,
    Status.EXPIRED: EventType.ORDER_EXPIRED,
    Status.CANCELLED: EventType.ORDER_CANCELLED,
    Status.FAILED: EventType.ORDER_FAILED,
}


def tell_customer(order: Order, *, now: datetime, message_count: int = 0) -> None:
    """Tell what has just happened to a locked order; call it before the wallet is locked.

    `message_count` is how many messages have just come.
    """

    def data() -> dict[str, Any]:
        return presentation.detail(order, order.shown_messages(), now=now)

    def trade_bodies() -> list[dict[str, Any]]:
        fresh = list(order.shown_messages())[-message_count:] if message_count else []
        return [presentation.trade_message(order, message) for message in fresh]

    emit(
        _NEWS[Status(order.status)],
        user_id=order.user_id,
        mode=order.mode,
        data=data,
        trade_bodies=trade_bodies,
        now=now,
    )
