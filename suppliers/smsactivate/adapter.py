"""The adapter: each question of the interface in the protocol's words, each answer in ours.

Options, each in place of what the dialect says: `utc_offset_minutes` (the supplier prints local
times without a zone), `lifetime_seconds` and `cancel_lock_seconds` (where answers do not say).
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from suppliers import transport
from suppliers.base import (
    Activation,
    ActivationState,
    Cancellation,
    CancelOutcome,
    Credentials,
    Goods,
    Listing,
    NamedCode,
    OutcomeUnknown,
    Purchase,
    ReceivedMessage,
    RefusalReason,
    Refused,
)
from suppliers.reading import (
    Unreadable,
    balance_left,
    clean_text,
    decimal_text,
    message,
    minor_units_or_none,
    phone_number,
    phone_number_or_empty,
)
from suppliers.smsactivate import answers
from suppliers.smsactivate.answers import Reply
from suppliers.smsactivate.asking import HandlerSupplier
from suppliers.smsactivate.dialects import CLASSIC, Dialect
from suppliers.smsactivate.words import FINISHED, UNKNOWN_ACTION

_CATALOGUE_SECONDS = 120.0
# what is done with each line is counted in
_PRICES_SECONDS = 600.0

# a list that does not end is broken
_MOST_PAGES = 1_000
_HISTORY_PAGE = 100
_HISTORY_SPAN = timedelta(days=30)

_STATES = {
    "2": ActivationState.RECEIVED,
    "3": ActivationState.WAITING,
    "6": ActivationState.FINISHED,
    "8": ActivationState.CANCELLED,
    "10": ActivationState.CANCELLED,  # refunded by the supplier of its own accord
}
_CURRENCIES = {"156": "CNY", "643": "RUB", "840": "USD", "978": "EUR"}


class SmsActivate(HandlerSupplier):
    """One account at a supplier of the family, in the classic dialect unless another is given."""

    vocabulary = "smsactivate"

    def __init__(self, credentials: Credentials, *, dialect: Dialect = CLASSIC) -> None:
        super().__init__(credentials, dialect)
        options = credentials.options
        self._lifetime = int(options.get("lifetime_seconds", 0))
        self._cancel_lock = int(options.get("cancel_lock_seconds", dialect.cancel_lock_seconds))

    def balance(self) -> int:
        """Return what is left on the account, in minor units; an overdrawn account has nothing.

        Raises Refused, Unreachable, OutcomeUnknown.
        """
        reply = self._ask("getBalance")
        if reply.word != "ACCESS_BALANCE":
            raise self._failure("getBalance", reply)
        try:
            return balance_left(reply.rest)
        except Unreadable:
            raise self._failure("getBalance", reply) from None

    def countries(self) -> list[NamedCode]:
        """Return the supplier's countries. Raises Refused, Unreachable, OutcomeUnknown."""
        reply = self._ask_catalogue("getCountries")
        rows = list(reply.data.values()) if isinstance(reply.data, dict) else reply.data
        return answers.named_codes(rows, code="id", name="eng")

    def services(self) -> list[NamedCode]:
        """Return the supplier's services. Raises Refused, Unreachable, OutcomeUnknown."""
        reply = self._ask_catalogue("getServicesList")
        rows = reply.data.get("services") if isinstance(reply.data, dict) else reply.data
        if not isinstance(rows, list):
            raise self._failure("getServicesList", reply)
        return answers.named_codes(rows, code="code", name="name")

    def listings(self) -> Iterator[Listing]:
        """Yield the price list, without the lines that make no sense.

        Raises Refused, Unreachable, OutcomeUnknown.
        """
        parts: list[dict[str, str]] = [{}]
        if self._dialect.prices_by_country:
            parts = [{"country": country.code} for country in self.countries()]
        for part in parts:
            prices = self._ask_items(self._dialect.prices, part, seconds=_PRICES_SECONDS)
            for country, services in prices:
                yield from answers.listings(country, services)

    def buy(
        self, goods: Goods, *, max_cost: int, reference: str, now: datetime, end_user: str = ""
    ) -> Purchase:
        """Buy one number for at most `max_cost`; some members refuse to repeat a `reference`.

        Raises Refused, Unreachable, OutcomeUnknown.
        """
        dialect = self._dialect
        asked = {
            "service": goods.service,
            "country": goods.country,
            **dict.fromkeys(dialect.max_price, decimal_text(max_cost)),
            dialect.reference: reference,
            dialect.end_user: end_user,
            dialect.operator: goods.operator,
        }
        asked = {name: value for name, value in asked.items() if name and value}
        ends_at = time.monotonic() + transport.TOTAL_SECONDS
        reply = self._ask(dialect.buy, asked)
        if reply.word in UNKNOWN_ACTION:
            # An older clone: it did not even understand, so asking in its words buys only once.
            reply = self._ask("getNumber", asked, seconds=ends_at - time.monotonic())
        try:
            if reply.word == "ACCESS_NUMBER":
                number_id, _, phone = reply.rest.partition(":")
                bought = {"activationId": number_id, "phoneNumber": phone}
                return self._purchase(goods, bought)
            if isinstance(reply.data, dict) and not reply.word:
                return self._purchase(goods, reply.data)
        except Unreadable:
            pass  # something was bought, but what?
        raise self._failure("getNumber", reply, now=now)

    def active(self) -> list[Activation]:
        """Return every open activation, all pages of them.

        Raises Refused, Unreachable, OutcomeUnknown.
        """
        page = self._dialect.page
        if not self.has_active_list:
            raise Refused(RefusalReason.BAD_REQUEST, "this supplier lists no activations")
        if not page:
            return [self._activation(row) for row in self._active_rows({})]
        found: dict[str, Activation] = {}
        for number in range(_MOST_PAGES):
            start = {"start": str(number * page), "limit": str(page)}
            rows = self._active_rows(start)
            fresh = {one.reference: one for one in map(self._activation, rows)}
            # a supplier that knows no pages gives the same one again
            if len(rows) < page or fresh.keys() <= found.keys():
                return list({**found, **fresh}.values())
            found.update(fresh)
        raise OutcomeUnknown(f"{self._dialect.active}: too many pages")

    def status(self, reference: str, *, now: datetime) -> Activation:
        """Read one activation, with the text where a code came.

        Raises Refused, Unreachable, OutcomeUnknown.
        """
        reply, state = self._state(reference)
        if state is not ActivationState.RECEIVED:
            return Activation(reference, state)
        found = message(clean_text(reply.rest), self._text_of(reference))
        if found is None:
            raise self._failure("getStatus", reply)
        return Activation(reference, state, (found,))

    def closed_messages(self, reference: str) -> Sequence[ReceivedMessage]:
        """Return what had come to a closed activation; nothing where clones do not tell.

        STATUS_CANCEL stands for cancelled and finished alike; only a finished one has messages.
        Raises Unreachable, OutcomeUnknown.
        """
        reply = self._ask("getAllSms", {"id": reference})
        if reply.meaning.state is ActivationState.MISSING:
            # It proves nothing: not that nothing came, either.
            raise self._failure("getAllSms", reply)
        rows = reply.data.get("data") if isinstance(reply.data, dict) and not reply.word else None
        return answers.all_messages(rows if isinstance(rows, list) else [])

    def cancel(self, reference: str, *, now: datetime) -> Cancellation:
        """Ask for cancellation and refund. Raises Refused, Unreachable, OutcomeUnknown."""
        call = self._dialect.cancel
        reply = self._ask(call.action, {"id": reference, **call.params})
        return self._cancellation(call.action, reply)

    def finish(self, reference: str, *, now: datetime) -> None:
        """Tell the supplier that the code was used; what is closed or gone already is fine.

        Raises Refused, Unreachable, OutcomeUnknown.
        """
        call = self._dialect.finish
        reply = self._ask(call.action, {"id": reference, **call.params})
        gone = (CancelOutcome.CLOSED, CancelOutcome.MISSING)
        if reply.word in FINISHED or reply.meaning.cancel in gone:
            return
        # BAD_STATUS stands for "already finished" as well as for "no code yet".
        if reply.meaning.cancel is CancelOutcome.CODE_ARRIVED:
            state = self._ask("getStatus", {"id": reference}).meaning.state
            if state in (ActivationState.CLOSED, ActivationState.MISSING):
                return
        raise self._failure(call.action, reply)

    def resend(self, reference: str, *, now: datetime) -> str:
        """Ask for another code on the same activation.

        Raises Refused, Unreachable, OutcomeUnknown.
        """
        reply = self._ask("setStatus", {"id": reference, "status": "3"})
        if reply.word in ("ACCESS_RETRY_GET", "ACCESS_READY_FOR_RETRY"):
            return reference
        if reply.meaning.state is not None or reply.meaning.cancel is not None:
            raise Refused(RefusalReason.BAD_REQUEST, reply.word)
        raise self._failure("setStatus", reply)

    def history(self, *, since: datetime, until: datetime) -> Iterator[Activation]:
        """Yield what was bought in a span of time, the newest first, without its goods.

        Raises Refused, Unreachable, OutcomeUnknown.
        """
        if not self.has_history:
            yield from super().history(since=since, until=until)
        while since < until:
            start = max(since, until - _HISTORY_SPAN)
            yield from self._history_in(start, until)
            until = start

    def _state(self, reference: str) -> tuple[Reply, ActivationState]:
        """Raises Refused, Unreachable, OutcomeUnknown."""
        reply = self._ask("getStatus", {"id": reference})
        state = reply.meaning.state
        if state is None:
            raise self._failure("getStatus", reply)
        return reply, state

    def _cancellation(self, action: str, reply: Reply) -> Cancellation:
        """Raises Refused, OutcomeUnknown."""
        outcome = reply.meaning.cancel
        if outcome is None:
            raise self._failure(action, reply)
        if outcome is CancelOutcome.TOO_EARLY:
            return Cancellation(outcome, retry_after_seconds=reply.lock or self._cancel_lock)
        return Cancellation(outcome)

    def _history_in(self, start: datetime, end: datetime) -> Iterator[Activation]:
        limit = self._dialect.history_limit
        asked = {
            "start": str(int(start.timestamp())),
            "end": str(math.ceil(end.timestamp())),
            limit: str(_HISTORY_PAGE),
        }
        for number in range(_MOST_PAGES):
            offset = {"offset": str(number * _HISTORY_PAGE)}
            rows = self._rows("getHistory", {**asked, **offset})
            yield from (self._past(row) for row in rows if answers.is_past(row))
            if len(rows) < _HISTORY_PAGE:
                return
        raise OutcomeUnknown("getHistory: too many pages")

    def _active_rows(self, page: dict[str, str]) -> list[dict[str, Any]]:
        rows = self._rows(self._dialect.active, page)
        return [row for row in rows if answers.is_activation(row)]

    def _ask_catalogue(self, action: str, params: dict[str, str] | None = None) -> Reply:
        reply = self._ask(
            action, params, seconds=_CATALOGUE_SECONDS, max_bytes=transport.LARGE_ANSWER
        )
        if reply.word or not isinstance(reply.data, dict | list):
            raise self._failure(action, reply)
        return reply

    def _purchase(self, goods: Goods, bought: dict[str, Any]) -> Purchase:
        started, ends, unlocks = (
            self._local_time(bought.get(key))
            for key in ("activationTime", "activationEndTime", "activationCancel")
        )
        lifetime = answers.seconds_between(
            started, ends or self._local_time(bought.get("activationEnd"))
        )
        cancel_lock = answers.seconds_between(started, unlocks)
        default = self._lifetime or self._dialect.lifetime_of(goods.service, goods.country)
        return Purchase(
            reference=answers.reference_in(bought),
            phone_number=phone_number(bought.get("phoneNumber")),
            cost=self._cost(bought),
            operator=clean_text(bought.get("activationOperator")),
            lifetime_seconds=lifetime or default,
            cancel_lock_seconds=self._cancel_lock if cancel_lock is None else cancel_lock,
            can_resend=str(bought.get("canGetAnotherSms", "1")) in ("1", "True", "true"),
        )

    def _activation(self, row: dict[str, Any]) -> Activation:
        messages = answers.messages_in(row)
        found = ActivationState.RECEIVED if messages else ActivationState.WAITING
        state = _STATES.get(str(row.get("activationStatus")), found)
        if state is ActivationState.WAITING:
            messages = ()  # waiting for another one: these are the old ones
        return Activation(
            reference=answers.reference_in(row),
            state=state,
            messages=messages,
            goods=answers.goods_in(row),
            phone_number=phone_number_or_empty(row.get("phoneNumber")),
            cost=self._cost(row),
            started_at=self._local_time(row.get("activationTime")),
        )

    def _past(self, row: dict[str, Any]) -> Activation:
        return Activation(
            reference=str(row["id"]),
            state=_STATES.get(str(row.get("status")), ActivationState.WAITING),
            messages=answers.past_messages(row.get("sms")),
            phone_number=phone_number_or_empty(row.get("phone")),
            cost=self._cost(row),
            started_at=self._local_time(row.get("date")),
        )

    def _cost(self, row: dict[str, Any]) -> int | None:
        currency = str(row.get("currency"))
        if _CURRENCIES.get(currency, self.credentials.currency) != self.credentials.currency:
            return None  # in another currency than the account's: not a cost we can book
        return minor_units_or_none(row.get("activationCost", row.get("cost")))

    def _text_of(self, reference: str) -> str:
        action = self._dialect.text
        reply = self._ask(action, {"id": reference})
        if reply.word == "FULL_SMS":
            return clean_text(reply.rest)
        if not reply.word and (text := answers.newest_text(reply.data)) is not None:
            return text
        # Some clones have the code only. Any other answer is worth asking again: delivered now
        # without its text, the message would look like another one later.
        is_missing = reply.meaning.state is ActivationState.MISSING
        if reply.word in UNKNOWN_ACTION or (reply.meaning.state is not None and not is_missing):
            return ""
        raise self._failure(action, reply)
