"""What a webhook tells of, in words; it sends the order or the wallet as calls show them."""

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from webhooks.states import EventType

_MEANINGS: dict[str, Promise] = {
    EventType.ORDER_WAITING: _("A number was bought; the order waits for its code."),
    EventType.ORDER_RECEIVED: _("A code came: the first, or another after a resend."),
    EventType.ORDER_SUCCESS: _("The order ended with a code."),
    EventType.ORDER_EXPIRED: _("The time was over without a code. The price went back."),
    EventType.ORDER_CANCELLED: _("The order was cancelled. The price went back."),
    EventType.ORDER_FAILED: _("No number could be had. The price went back."),
    EventType.WALLET_CREDITED: _("Money came into the wallet."),
    EventType.WALLET_LOW_BALANCE: _("An order took the balance below the shop's warning line."),
    EventType.WEBHOOK_TEST: _("You asked for a test. It tells of nothing that happened."),
}

# One that has no words of its own yet is told by its label.
EVENTS: dict[str, Promise | str] = {
    event.value: _MEANINGS.get(event, event.label) for event in EventType
}

_AT = "2026-06-22T06:01:10.000Z"
_DATA: dict[str, Mapping[str, Any]] = {
    EventType.WALLET_CREDITED: {
        "transactionId": "txn_01JDA7S4T6V8X0Z2B4D6F8H0JM",
        "kind": "top_up",
        "amount": 50_000,
        "balanceAfter": 2_450_000,
        "currency": "IDR",
        "orderId": None,
        "createdAt": _AT,
    },
    EventType.WALLET_LOW_BALANCE: {"balance": 18_500, "threshold": 20_000, "currency": "IDR"},
}


# How an order differs from one that has just received its code.
_WITHOUT_CODE: dict[str, Any] = {
    "otp": None,
    "messages": [],
    "canResend": False,
    "canFinish": False,
}
_ENDED = {"remainingSeconds": 0, "canCancel": False, "canResend": False, "canFinish": False}


def example_of(event: str, order: Mapping[str, Any]) -> dict[str, Any]:
    """Return a whole body; `order` is a received one as `GET /order/{id}` shows it."""
    return {
        "id": "evt_01JDA7S4T6V8X0Z2B4D6F8H0JN",
        "type": event,
        "createdAt": _AT,
        "mode": "sandbox",
        "data": _order(event, order) if event.startswith("order.") else _DATA.get(event, {}),
    }


def _order(event: str, order: Mapping[str, Any]) -> dict[str, Any]:
    shown = {**order, "status": event.partition(".")[2]}
    refund = {"refunded": True, "refundAmount": order["price"]}
    match event:
        case EventType.ORDER_WAITING:
            return shown | _WITHOUT_CODE | {"remainingSeconds": 890, "version": 2}
        case EventType.ORDER_SUCCESS:
            return shown | _ENDED | {"version": 4}
        case EventType.ORDER_EXPIRED | EventType.ORDER_CANCELLED:
            return shown | _WITHOUT_CODE | _ENDED | refund | {"version": 4}
        case EventType.ORDER_FAILED:
            nothing = {"phoneNumber": None, "expiresAt": None, "cancelAvailableAt": None}
            return shown | _WITHOUT_CODE | _ENDED | refund | nothing | {"version": 2}
    return shown
