"""The actions about orders, which are activations to the protocol."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from catalog.trade import trade_code, trade_id
from nexotp.lib.money import to_json
from orders.actions import cancel_order, finish_order, resend_code
from orders.handler.asking import Asked
from orders.handler.telling import (
    CURRENCIES,
    awaits_another,
    by_order,
    code_of,
    digits_of,
    last,
    numeral,
    operator_of,
    text_of,
)
from orders.handler.words import CLOSED, WRONG_DATE, Refusal
from orders.models import Order, OrderMessage
from orders.presentation import trade_time
from orders.states import OPEN, Status

_LONGEST_SPAN = timedelta(days=30)
_MOST_ROWS, _USUAL_ROWS, _MOST_OFFSET = 100, 50, 10**6


def status(asked: Asked) -> str:
    order = asked.order
    if order.status == Status.RECEIVED:
        word = "STATUS_WAIT_RETRY" if awaits_another(order) else "STATUS_OK"
        newest = OrderMessage.objects.shown().filter(order=order).last()
        assert newest is not None, "received means that a message came"
        return f"{word}:{code_of(newest)}"
    return "STATUS_WAIT_CODE" if order.is_open else "STATUS_CANCEL"


def status_v2(asked: Asked) -> dict[str, Any]:
    """The last message; none while one is waited for, or clients take the old for the new."""
    order = asked.order
    message = None if awaits_another(order) else last(list(order.shown_messages()))
    sms = message and {
        "dateTime": trade_time(message.received_at),
        "code": code_of(message),
        "text": text_of(message),
    }
    return {"verificationType": 0, "sms": sms, "call": None}


def full_sms(asked: Asked) -> str:
    message = None if awaits_another(asked.order) else last(list(asked.order.shown_messages()))
    return f"FULL_SMS:{text_of(message)}" if message else status(asked)


def all_sms(asked: Asked) -> dict[str, Any]:
    order = asked.order
    data = [
        {
            "id": message.public_id,
            "phoneFrom": message.sender,
            "code": code_of(message),
            "text": text_of(message),
            "service": trade_code(order.service_id),
            "date": trade_time(message.received_at),
            "type": "sms",
        }
        for message in order.shown_messages()
    ]
    return {"data": data, "meta": {"total": len(data)}}


def active(asked: Asked) -> Any:
    """Every order that has not ended, with what came, the newest first."""
    start = asked.number("start", usual=0, most=_MOST_OFFSET)
    limit = asked.number("limit", usual=_MOST_ROWS, most=_MOST_ROWS)
    bought = Order.objects.for_account(asked.account, asked.mode).open()
    orders = bought.exclude(status=Status.PURCHASING).newest_first().select_related("country")
    page = list(orders[start : start + limit])
    messages = by_order(page)
    rows = [_active_row(order, messages[order.pk], asked) for order in page]
    if asked.manner.active_is_list:
        return rows
    # Half of the clients look for one name, half for the other.
    return {"status": "success", "activeActivations": rows, "data": rows}


def _active_row(order: Order, messages: Sequence[OrderMessage], asked: Asked) -> dict[str, Any]:
    codes = [code_of(message) for message in messages]
    if asked.manner.codes_are_lists:
        shown: Any = codes or None
    else:
        shown = last(codes)
    newest = last(messages)
    return {
        "activationId": order.pk,
        "serviceCode": trade_code(order.service_id),
        "phoneNumber": digits_of(order.phone_number),
        "activationCost": to_json(order.price, order.currency),
        "activationStatus": numeral(order),
        "smsCode": shown,
        "smsText": text_of(newest) if newest else None,
        "activationTime": trade_time(order.created_at),
        "activationEndTime": trade_time(order.expires_at),
        "activationOperator": operator_of(order),
        "discount": "0",
        "repeated": "0",
        "countryCode": str(order.country.trade_number),
        "countryName": order.country.name_en,
        "canGetAnotherSms": "1" if order.can_resend else "0",
        "currency": CURRENCIES[order.currency],
    }


def history(asked: Asked) -> list[dict[str, Any]]:
    """Orders of at most 30 days, the newest first; `cost` is what was charged in the end."""
    until = asked.moment("end") or asked.now
    since = asked.moment("start") or until - _LONGEST_SPAN
    if not since <= until <= since + _LONGEST_SPAN:
        raise Refusal(WRONG_DATE)
    offset = asked.number("offset", usual=0, most=_MOST_OFFSET)
    size = asked.number("size", usual=_USUAL_ROWS, most=_MOST_ROWS)
    limit = asked.number("limit", usual=size, most=_MOST_ROWS)
    orders = Order.objects.for_account(asked.account, asked.mode).exclude(
        status__in=[Status.PURCHASING, Status.FAILED]
    )
    page = list(orders.filter(created_at__range=(since, until)).newest_first()[offset:][:limit])
    messages = by_order(page)
    return [_past_row(order, last(messages[order.pk]), asked) for order in page]


def _past_row(order: Order, message: OrderMessage | None, asked: Asked) -> dict[str, Any]:
    return {
        "id": str(order.pk) if asked.manner.ids_are_texts else order.pk,
        "date": trade_time(order.created_at),
        "phone": digits_of(order.phone_number),
        "sms": text_of(message) if message else None,
        "service": trade_code(order.service_id),
        "country": str(trade_id(order.country_id)),
        "operator": operator_of(order),
        "cost": to_json(order.price - order.refund_amount, order.currency),
        "status": numeral(order),
        "currency": CURRENCIES[order.currency],
    }


def ready(asked: Asked) -> str:
    """Programs say that they are ready in any state that is open; we always are."""
    _check_open(asked.order)
    return "ACCESS_READY"


def resend(asked: Asked) -> str:
    """Programs ask for "another" code before the first as well, and mean no more than to wait."""
    if asked.order.status == Status.RECEIVED:
        resend_code(asked.order, now=asked.now)
    else:
        _check_open(asked.order)
    return "ACCESS_RETRY_GET"


def finish(asked: Asked) -> str:
    finish_order(asked.order, by=asked.account, now=asked.now)
    return "ACCESS_ACTIVATION"


def cancel(asked: Asked) -> str:
    cancel_order(asked.order, by=asked.account, reason="", now=asked.now)
    return "ACCESS_CANCEL"


def finish_silently(asked: Asked) -> str | None:
    token = finish(asked)
    return None if asked.manner.is_silent else token


def cancel_silently(asked: Asked) -> str | None:
    token = cancel(asked)
    return None if asked.manner.is_silent else token


def _check_open(order: Order) -> None:
    if order.status not in OPEN:
        raise Refusal(CLOSED)
