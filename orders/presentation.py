"""How an order looks to its customer, in the API's words."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from catalog.trade import trade_code, trade_id
from nexotp.lib.http import timestamp
from nexotp.lib.money import to_json
from orders.models import Order, OrderMessage
from orders.states import Status


def placed(order: Order) -> dict[str, Any]:
    """Return the answer to placing an order; a replay of the request returns it again."""
    return _essentials(order) | {"status": Status.WAITING.value}


def detail(order: Order, messages: Iterable[OrderMessage], *, now: datetime) -> dict[str, Any]:
    """Return an order as it stands, with every message that it was charged for."""
    shown = [
        {
            "messageId": message.public_id,
            "code": message.code,
            "text": message.text,
            "sender": message.sender or None,
            "receivedAt": timestamp(message.received_at),
        }
        for message in messages
    ]
    codes = [message["code"] for message in shown if message["code"]]
    return _essentials(order) | {
        "otp": codes[-1] if codes else None,
        "messages": shown,
        "remainingSeconds": order.seconds_left(now),
        "canCancel": order.can_cancel(now),
        "canResend": order.can_ask_resend(now),
        "canFinish": order.can_finish(),
        "refunded": order.refund_amount > 0,
        "refundAmount": to_json(order.refund_amount, order.currency),
        "version": order.version,
        "updatedAt": timestamp(order.updated_at),
    }


def cancelled(order: Order) -> dict[str, Any]:
    """Return the answer to a cancel."""
    return {
        "orderId": order.public_id,
        "status": order.public_status,
        "refunded": order.refund_amount > 0,
        "refundAmount": to_json(order.refund_amount, order.currency),
    }


def trade_message(order: Order, message: OrderMessage) -> dict[str, Any]:
    """Return the body of a webhook in SMS-Activate's form: one message."""
    return {
        "activationId": order.pk,
        "service": trade_code(order.service_id),
        "text": message.text or message.code,
        "code": message.code,
        "country": trade_id(order.country_id),
        "receivedAt": trade_time(message.received_at),
    }


def trade_time(moment: datetime | None) -> str:
    """Return UTC as SMS-Activate's protocol writes times, without a zone."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}" if moment else ""


def _essentials(order: Order) -> dict[str, Any]:
    return {
        "orderId": order.public_id,
        "orderNumber": order.pk,
        "status": order.public_status,
        "phoneNumber": order.phone_number or None,
        "price": to_json(order.price, order.currency),
        "currency": order.currency,
        "priceUsd": None if order.price_usd is None else to_json(order.price_usd, "USD"),
        "serviceCode": order.service_id,
        "countryCode": order.country_id,
        "providerCode": order.provider_code or order.provider,
        "expiresAt": timestamp(order.expires_at),
        "cancelAvailableAt": timestamp(order.cancel_available_at),
        "createdAt": timestamp(order.created_at),
    }
