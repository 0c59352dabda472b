"""How the handler protocol prints numbers and prices."""

from __future__ import annotations

from typing import Any

import orjson

from suppliers.reading import decimal_text
from suppliers.simulator.books import Message, Number, State, utc_text
from suppliers.simulator.catalogue import Line
from suppliers.simulator.manners import Shape
from suppliers.simulator.speaking import amount

_NUMERALS = {
    State.RECEIVED: "2",
    State.RETRY: "3",
    State.WAITING: "4",
    State.FINISHED: "6",
    State.CANCELLED: "8",
    State.BANNED: "8",
    State.TIMED_OUT: "8",
    State.REFUNDED: "10",
}


def row(number: Number, *, all_codes: bool) -> bytes:
    """Print a line of the active list."""
    codes = [message.code for message in number.messages if message.code]
    last = codes[-1] if codes else None
    return orjson.dumps(
        {
            "activationId": str(number.id),
            "serviceCode": number.service.code,
            "phoneNumber": number.phone,
            "activationCost": amount(number.cost),
            "activationStatus": _NUMERALS[number.state],
            "smsCode": (codes or None) if all_codes else last,
            "smsText": number.messages[-1].text if number.messages else None,
            "activationTime": utc_text(number.bought_at),
            "discount": "0",
            "repeated": "0",
            "countryCode": number.country.id,
            "countryName": number.country.name,
            "activationOperator": number.operator,
            "canGetAnotherSms": "1",
            "currency": 840,
        }
    )


def line(offers: list[tuple[str, Line]], shape: Shape) -> dict[str, Any]:
    if shape is Shape.LADDER:
        return {decimal_text(line.cost): line.stock for _operator, line in offers}
    if shape is Shape.PROVIDERS:
        return {
            operator or "1": {
                "count": line.stock,
                "price": amount(line.cost),
                "provider_id": operator or "1",
            }
            for operator, line in offers
        }
    stock = sum(line.stock for _operator, line in offers)
    return {"cost": amount(offers[0][1].cost), "count": stock, "physicalCount": stock // 2}


def status(number: Number) -> str:
    if number.state is State.WAITING:
        return "STATUS_WAIT_CODE"
    if number.state is State.RETRY:
        return f"STATUS_WAIT_RETRY:{_said(number.messages[-1])}"
    if number.state is State.RECEIVED:
        return f"STATUS_OK:{_said(number.messages[-1])}"
    return "STATUS_CANCEL"


def _said(message: Message) -> str:
    """Return the code, or the whole text where the supplier recognized none in it."""
    return message.code or message.text


def past(number: Number) -> dict[str, object]:
    return {
        "id": str(number.id),
        "date": utc_text(number.bought_at),
        "phone": number.phone,
        "sms": [message.text for message in number.messages] or None,
        "service": number.service.code,
        "country": number.country.id,
        "operator": number.operator,
        "cost": amount(number.cost),
        "status": _NUMERALS[number.state],
        "currency": 840,
    }
