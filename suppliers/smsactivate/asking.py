"""Asking one account's handler: the request, and what any answer to it may mean.

What an answer says is left to `answers.py` and `words.py`; here it is found out whether there is
an answer at all, and what follows where it is not the one hoped for.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta, timezone
from itertools import chain
from typing import Any

from suppliers import transport
from suppliers.base import (
    Credentials,
    OutcomeUnknown,
    RefusalReason,
    Refused,
    Supplier,
    SupplierError,
)
from suppliers.reading import (
    Unreadable,
    excerpt,
    items_of,
    local_time,
    minor_units_or_none,
    text_of,
    zoned_time,
)
from suppliers.smsactivate.answers import Reply
from suppliers.smsactivate.dialects import Dialect
from suppliers.smsactivate.words import NO_CONTENT


class HandlerSupplier(Supplier):
    """What every question to a handler has in common."""

    def __init__(self, credentials: Credentials, dialect: Dialect) -> None:
        super().__init__(credentials)
        self._dialect = dialect
        self.limits = dialect.limits
        self.has_active_list = bool(dialect.active)
        self.has_history = bool(dialect.history_limit)
        offset = int(credentials.options.get("utc_offset_minutes", dialect.utc_offset_minutes))
        self._zone = timezone(timedelta(minutes=offset))

    def _ask(
        self,
        action: str,
        params: dict[str, str] | None = None,
        *,
        seconds: float = transport.TOTAL_SECONDS,
        max_bytes: int = transport.SMALL_ANSWER,
    ) -> Reply:
        query = {"api_key": self.credentials.api_key, "action": action, **(params or {})}
        url = self.credentials.base_url
        answer = transport.get(url, query, seconds=seconds, max_bytes=max_bytes)
        return self._read(action, answer)

    def _ask_items(
        self, action: str, params: dict[str, str] | None = None, *, seconds: float
    ) -> Iterator[tuple[str, Any]]:
        """Yield the items of an object, one by one where it is large: errors never are.

        Raises Refused, Unreachable, OutcomeUnknown.
        """
        query = {"api_key": self.credentials.api_key, "action": action, **(params or {})}
        url = self.credentials.base_url
        opened = transport.open_answer("GET", url, params=query, seconds=seconds)
        with closing(opened):
            chunks = opened.chunks(transport.ENDLESS_ANSWER)
            start, has_more = _first_of(chunks)
            if not has_more:
                yield from self._items_in(action, transport.Answer(opened.status, start))
                return
            start = start.removeprefix(b"\xef\xbb\xbf").lstrip()
            if opened.status != 200 or not start.startswith(b"{"):
                words = self._excerpt(text_of(start))
                raise OutcomeUnknown(f"{action}: HTTP {opened.status}: {words}")
            try:
                yield from items_of(chain([start], chunks))
                return
            except Unreadable as error:
                why = str(error)
        raise OutcomeUnknown(f"{action}: {why}")

    def _items_in(self, action: str, answer: transport.Answer) -> Iterator[tuple[str, Any]]:
        reply = self._read(action, answer)
        if reply.word or not isinstance(reply.data, dict | list):
            raise self._failure(action, reply)
        # PHP prints an empty object as an empty list
        yield from reply.data.items() if isinstance(reply.data, dict) else ()

    def _read(self, action: str, answer: transport.Answer) -> Reply:
        """Take an answer apart, if it is one. Raises Refused, OutcomeUnknown."""
        text = text_of(answer.body)
        if answer.status == 204:
            return Reply(NO_CONTENT)
        if answer.status == 429:
            raise Refused(RefusalReason.BUSY, f"{action}: HTTP 429")
        if answer.status >= 500 or 300 <= answer.status < 400 or not text:
            raise OutcomeUnknown(f"{action}: HTTP {answer.status}: {self._excerpt(text)}")
        try:
            reply = Reply(text)
        except Unreadable:
            raise OutcomeUnknown(f"{action}: {self._excerpt(text)}") from None
        if not reply.word and reply.data is None and (reason := self._sentence(text)):
            raise Refused(reason, f"{action}: {self._excerpt(text)}")
        if answer.status >= 400 and not reply.word:
            raise OutcomeUnknown(f"{action}: HTTP {answer.status}: {self._excerpt(text)}")
        return reply

    def _rows(self, action: str, params: dict[str, str]) -> list[Any]:
        reply = self._ask(action, params, max_bytes=transport.LARGE_ANSWER)
        rows = reply.data
        if reply.word == "NO_ACTIVATIONS":
            return []
        for key in ("activeActivations", "data", "rows"):
            if isinstance(rows, dict) and key in rows:
                rows = rows[key]
        if not isinstance(rows, list) or reply.word:
            raise self._failure(action, reply)
        return rows

    def _failure(self, action: str, reply: Reply, *, now: datetime | None = None) -> SupplierError:
        """Return what an answer means that is not the one hoped for."""
        text = f"{action}: {self._excerpt(reply.text)}"
        reason = reply.meaning.refusal
        if reason is None:
            return OutcomeUnknown(text)
        until = minimum = None
        if reason is RefusalReason.BANNED:
            printed = reply.info.get("banned_until") or reply.rest.strip("' ")
            until = self._local_time(printed) or zoned_time(printed)
            if until is None and now is not None and reply.retry_after:
                until = now + timedelta(seconds=reply.retry_after)
        elif reason is RefusalReason.PRICE_MOVED:
            minimum = minor_units_or_none(reply.info.get("min") or reply.rest.strip())
        is_specific = reply.info.get("scope") == "specific"
        return Refused(reason, text, until=until, minimum=minimum, only_these_goods=is_specific)

    def _sentence(self, text: str) -> RefusalReason | None:
        said = text.lower()
        sentences = self._dialect.sentences.items()
        return next((reason for piece, reason in sentences if piece in said), None)

    def _excerpt(self, text: str) -> str:
        return excerpt(text, secret=self.credentials.api_key)

    def _local_time(self, raw: object) -> datetime | None:
        return local_time(raw, self._zone)


def _first_of(chunks: Iterator[bytes]) -> tuple[bytes, bool]:
    """Return what comes first, as much as a small answer may have, and whether there is more."""
    start = bytearray()
    for chunk in chunks:
        start += chunk
        if len(start) > transport.SMALL_ANSWER:
            return bytes(start), True
    return bytes(start), False
