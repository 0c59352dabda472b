"""5sim's answers taken apart: its sentences, its orders and their messages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from suppliers import reading
from suppliers.base import (
    Activation,
    ActivationState,
    CancelOutcome,
    Goods,
    ReceivedMessage,
    RefusalReason,
)
from suppliers.reading import (
    Unreadable,
    clean_text,
    message,
    minor_units_or_none,
    name_of,
    phone_number_or_empty,
    zoned_time,
)

OPEN = (ActivationState.WAITING, ActivationState.RECEIVED)

STATES = {
    "PENDING": ActivationState.WAITING,
    "RECEIVED": ActivationState.WAITING,
    "FINISHED": ActivationState.FINISHED,
    "CANCELED": ActivationState.CANCELLED,
    "TIMEOUT": ActivationState.CANCELLED,
    "BANNED": ActivationState.CANCELLED,
}


class Sentence(NamedTuple):
    """What a sentence says of a request refused, and of a cancel."""

    refusal: RefusalReason | None = None
    cancel: CancelOutcome | None = None


_BAD_REQUEST = Sentence(RefusalReason.BAD_REQUEST)
_BUSY = Sentence(RefusalReason.BUSY)

#: what 5sim says instead of JSON, whatever the status; longer sentences begin with these words
SENTENCES: Mapping[str, Sentence] = {
    "no free phones": Sentence(RefusalReason.NO_NUMBERS),
    "no product": Sentence(RefusalReason.NO_NUMBERS),
    "not enough user balance": Sentence(RefusalReason.NO_BALANCE),
    "not enough rating": Sentence(RefusalReason.BANNED),
    "server offline": _BUSY,
    "api limit": _BUSY,
    "ip address limit": _BUSY,
    "select country": _BAD_REQUEST,
    "select operator": _BAD_REQUEST,
    "bad country": _BAD_REQUEST,
    "bad operator": _BAD_REQUEST,
    "country is incorrect": _BAD_REQUEST,
    "product is incorrect": _BAD_REQUEST,
    "incorrect number": _BAD_REQUEST,
    "order no sms": _BAD_REQUEST,
    "hosting order": _BAD_REQUEST,
    "order not found": Sentence(cancel=CancelOutcome.MISSING),
    "record not found": Sentence(cancel=CancelOutcome.MISSING),
    "order expired": Sentence(cancel=CancelOutcome.CLOSED),
    "order has sms": Sentence(cancel=CancelOutcome.CODE_ARRIVED),
    "you need to wait": Sentence(cancel=CancelOutcome.TOO_EARLY),
}


def sentence_in(text: str) -> Sentence | None:
    """Return what a bare sentence says, or None where it is not one of the table."""
    said = text.strip('"').lower()
    found = (sentence for words, sentence in SENTENCES.items() if said.startswith(words))
    return next(found, None)


def activations(rows: list[Any]) -> Iterator[Activation]:
    for row in rows:
        with suppress(Unreadable):
            yield activation(row)


def activation(order: Any) -> Activation:
    """Raises Unreadable."""
    if not isinstance(order, dict):
        raise Unreadable("not an order")
    messages = messages_in(order.get("sms"))
    state = STATES.get(str(order.get("status")), ActivationState.WAITING)
    if state is ActivationState.WAITING and messages:
        state = ActivationState.RECEIVED
    service, country = clean_text(order.get("product")), clean_text(order.get("country"))
    return Activation(
        reference=reading.reference(order.get("id")),
        state=state,
        messages=messages,
        goods=Goods(service, country) if service and country else None,
        phone_number=phone_number_or_empty(order.get("phone")),
        cost=minor_units_or_none(order.get("price")),
        started_at=zoned_time(order.get("created_at")),
    )


def messages_in(rows: Any) -> tuple[ReceivedMessage, ...]:
    """Return the messages, each with a name, since only the inbox has ids."""
    found = (
        message(
            clean_text(row.get("code")),
            clean_text(row.get("text")),
            message_id=name_of(row.get("created_at"), clean_text(row.get("text"))),
            sender=clean_text(row.get("sender")),
            received_at=zoned_time(row.get("created_at")),
        )
        for row in (rows if isinstance(rows, list) else [])
        if isinstance(row, dict)
    )
    return tuple(dict.fromkeys(one for one in found if one is not None))


def first_key(raw: Any) -> str:
    """Return the key of {"id": 1}."""
    return clean_text(next(iter(raw), "")) if isinstance(raw, dict) else ""
