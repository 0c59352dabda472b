"""Taking the protocol's answers apart: a token or JSON, then its rows, value by value.

A row that makes no sense is left out, so that one broken line does not hide the others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from suppliers.base import Goods, Listing, NamedCode, ReceivedMessage
from suppliers.reading import (
    Unreadable,
    clean_text,
    message,
    minor_units,
    read_json,
    reference,
    whole_number,
)
from suppliers.smsactivate.words import WORDS, Word

_LONGEST_LIFETIME = 24 * 60 * 60

_TOKEN = re.compile(r"[A-Z][A-Z0-9_]+")


class Reply:
    """An answer taken apart: JSON in `data`, a token in `word` and what follows it in `rest`."""

    def __init__(self, text: str) -> None:
        """Raise Unreadable where it begins like JSON but is none."""
        self.text = text
        self.rest = ""
        self.data: Any = None
        if text.startswith(("{", "[")):
            self.data = read_json(text)
            self.word = _word_in(self.data)
        else:
            word, _, self.rest = text.partition(":")
            self.word = word if _TOKEN.fullmatch(word) else ""

    @property
    def meaning(self) -> Word:
        return WORDS.get(self.word, Word())

    @property
    def info(self) -> dict[str, Any]:
        """What an error wrapped in JSON tells about itself."""
        info = self.data.get("info") if isinstance(self.data, dict) else None
        return info if isinstance(info, dict) else {}

    @property
    def lock(self) -> int | None:
        """How old an activation must be to be cancelled, in seconds."""
        return _seconds(self.info.get("minActivationTime"))

    @property
    def retry_after(self) -> int | None:
        return _seconds(self.info.get("retry_after_seconds"))


def named_codes(rows: list[Any], *, code: str, name: str) -> list[NamedCode]:
    found = (row for row in rows if isinstance(row, dict) and row.get(code) is not None)
    return [NamedCode(clean_text(row[code]), clean_text(row.get(name))) for row in found]


def listings(country: str, services: Any) -> Iterator[Listing]:
    """Yield a country's lines of {service: line}, in each of the shapes a line has."""
    # PHP prints an empty object as an empty list
    for service, line in services.items() if isinstance(services, dict) else ():
        for operator, cost, count in _offers(line):
            try:
                listing = Listing(
                    Goods(clean_text(service), clean_text(country), clean_text(operator)),
                    minor_units(cost),
                    whole_number(count),
                )
            except Unreadable:
                continue
            if listing.cost > 0:
                yield listing


def _offers(line: Any) -> Iterator[tuple[str, Any, Any]]:
    """Yield operator, cost and count of {cost, count}, {price: count} or {provider: {…}}."""
    if not isinstance(line, dict):
        return
    if "cost" in line:
        yield "", line["cost"], line.get("count")
        return
    providers = {name: one for name, one in line.items() if isinstance(one, dict)}
    for name, one in providers.items():
        yield name, one.get("price"), one.get("count")
    # Of a ladder of prices the lowest step is listed, with the stock that there is for it.
    steps = [(price, count) for price, count in line.items() if price not in providers]
    cheapest = min(steps, key=_step, default=None)
    if cheapest is not None:
        yield "", *cheapest


def _step(step: tuple[Any, Any]) -> tuple[bool, int]:
    """Sort what is in stock first, then what is cheap, and last what makes no sense."""
    price, count = step
    try:
        return whole_number(count) == 0, minor_units(price)
    except Unreadable:
        return True, 10**12


def is_activation(row: object) -> bool:
    return isinstance(row, dict) and _is_reference(row.get("activationId"))


def reference_in(row: dict[str, Any]) -> str:
    """Return the activation's id. Raises Unreadable."""
    return reference(row.get("activationId"))


def messages_in(row: dict[str, Any]) -> tuple[ReceivedMessage, ...]:
    """Return the messages of a row of the active list.

    Where it gives several codes but one text, that is the newest message; the others have been
    reported with their own text before, and would look like new ones without it.
    """
    codes, texts = _list_of(row.get("smsCode")), _list_of(row.get("smsText"))
    if len(codes) != len(texts):
        codes, texts = codes[-1:], texts[-1:]
    pairs = zip(codes or [""], texts or [""], strict=True)
    found = (message(clean_text(code), clean_text(text)) for code, text in pairs)
    return tuple(dict.fromkeys(one for one in found if one is not None))


def all_messages(rows: list[Any]) -> tuple[ReceivedMessage, ...]:
    """Return the messages of getAllSms, the oldest first, named as the active list names them."""
    found = (
        message(clean_text(row.get("code")), clean_text(row.get("text")))
        for row in rows
        if isinstance(row, dict)
    )
    return tuple(dict.fromkeys(one for one in found if one is not None))


def is_past(row: object) -> bool:
    return isinstance(row, dict) and _is_reference(row.get("id"))


def past_messages(raw: object) -> tuple[ReceivedMessage, ...]:
    """Return the messages of a row of the history, which gives their texts."""
    found = (message("", clean_text(text)) for text in _list_of(raw))
    return tuple(one for one in found if one is not None)


def newest_text(data: Any) -> str | None:
    """Return the text of the last message of getAllSms or getStatusV2, or None in other answers."""
    if not isinstance(data, dict):
        return None
    rows = data["data"] if isinstance(data.get("data"), list) else [data.get("sms")]
    texts = [clean_text(row.get("text")) for row in rows if isinstance(row, dict)]
    return texts[-1] if texts else None


def goods_in(row: dict[str, Any]) -> Goods | None:
    service, country = clean_text(row.get("serviceCode")), clean_text(row.get("countryCode"))
    if not service or not country:
        return None
    return Goods(service, country, clean_text(row.get("activationOperator")))


def seconds_between(start: datetime | None, end: datetime | None) -> int | None:
    """Return a period of the supplier's as it reports it, or None where that makes no sense."""
    if start is None or end is None:
        return None
    seconds = int((end - start).total_seconds())
    return seconds if 0 <= seconds <= _LONGEST_LIFETIME else None


def _seconds(raw: object) -> int | None:
    try:
        return whole_number(raw) or None
    except Unreadable:
        return None


def _is_reference(raw: object) -> bool:
    try:
        return bool(reference(raw))
    except Unreadable:
        return False


def _word_in(data: Any) -> str:
    """Return the token of an error that is wrapped in JSON, or nothing."""
    if isinstance(data, dict):
        for key in ("title", "error", "message", "msg"):
            if isinstance(data.get(key), str) and data[key] in WORDS:
                return str(data[key])
    return ""


def _list_of(raw: object) -> list[Any]:
    if isinstance(raw, list):
        return raw
    return [] if raw is None or raw == "" else [raw]
