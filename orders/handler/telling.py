"""How orders, amounts and times are written in the handler protocol."""

import re
from collections.abc import Iterable, Sequence
from typing import TypeVar

from orders.models import Order, OrderMessage
from orders.states import Status

T = TypeVar("T")

# ISO 4217, as numbers.
CURRENCIES = {"IDR": 360, "USD": 840, "EUR": 978, "RUB": 643, "CNY": 156}

_CLOSED = {
    Status.SUCCESS: "6",
    Status.CANCELLED: "8",
    Status.EXPIRED: "8",
    Status.FAILED: "8",
}
_DIGITS_OF_A_CODE = re.compile(r"\d{4,8}")


def numeral(order: Order) -> str:
    """Return the order's status as a number of the protocol."""
    if order.status == Status.RECEIVED:
        return "3" if awaits_another(order) else "2"
    return _CLOSED.get(Status(order.status), "4")


def awaits_another(order: Order) -> bool:
    """Whether another code has been asked for and has not come."""
    return order.status == Status.RECEIVED and order.resend_requested_at is not None


def digits_of(phone_number: str) -> str:
    return phone_number.removeprefix("+")


def operator_of(order: Order) -> str:
    """Return the operator of whoever served; `any` where it sells by none."""
    return order.provider_code.partition(".")[2] or "any"


def code_of(message: OrderMessage) -> str:
    """Return a message's code in one word, since clients part answers at colons and lines.

    Where only a text came, its digits: those that look most like a code, else all.
    """
    if message.code:
        return plain(message.code)
    found = _DIGITS_OF_A_CODE.search(message.text)
    digits = found[0] if found else "".join(filter(str.isdecimal, message.text))
    return digits or plain(message.text)


def plain(text: str) -> str:
    return " ".join(text.replace(":", " ").split())


def text_of(message: OrderMessage) -> str:
    """Return what the message said, or its code where only that is known."""
    return message.text or message.code or ""


def last(rows: Sequence[T]) -> T | None:
    return rows[-1] if rows else None


def by_order(orders: Iterable[Order]) -> dict[int, list[OrderMessage]]:
    """Return the messages of each order, the oldest first; one query for all of them."""
    orders = list(orders)
    messages: dict[int, list[OrderMessage]] = {order.pk: [] for order in orders}
    if with_messages := [order.pk for order in orders if order.message_count]:
        for message in OrderMessage.objects.shown().filter(order__in=with_messages):
            messages[message.order_id].append(message)
    return messages
