"""The adapter: each question of the interface in the protocol's words, each answer in ours.

Options: `utc_offset_minutes` (the supplier prints local times without a zone; default 0),
`lifetime_seconds` and `cancel_lock_seconds` (where its answers do not say).
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from urllib.parse import quote_plus

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
    Supplier,
    SupplierError,
)
from suppliers.reading import Unreadable, clean_text, decimal_text, minor_units, phone_number
from suppliers.smsactivate import answers
from suppliers.smsactivate.answers import Reply
from suppliers.smsactivate.words import UNKNOWN_ACTION

_LIFETIME_SECONDS = 20 * 60
# services for which the family grants more time
_LIFETIMES = {"ya": 40 * 60, "ft": 60 * 60, "ig": 60 * 60, "cy": 60 * 60, "wx": 60 * 60}
_CANCEL_LOCK_SECONDS = 120

_CATALOGUE_SECONDS = 120.0
_HIGHEST_BALANCE = Decimal(1_000_000_000)
_EXCERPT = 120

_RESEND, _FINISH, _CANCEL = "3", "6", "8"

_STATES = {
    "2": ActivationState.RECEIVED,
    "3": ActivationState.WAITING,
    "6": ActivationState.FINISHED,
    "8": ActivationState.CANCELLED,
    "10": ActivationState.CANCELLED,  # refunded by the supplier of its own accord
}
_CURRENCIES = {"156": "CNY", "643": "RUB", "840": "USD", "978": "EUR"}


class SmsActivate(Supplier):
    """One account at a supplier speaking the classic handler protocol."""

    def __init__(self, credentials: Credentials) -> None:
        super().__init__(credentials)
        options = credentials.options
        self._zone = timezone(timedelta(minutes=int(options.get("utc_offset_minutes", "0"))))
        self._lifetime = int(options.get("lifetime_seconds", "0"))
        self._cancel_lock = int(options.get("cancel_lock_seconds", str(_CANCEL_LOCK_SECONDS)))

    def balance(self) -> int:
        """Return what is left on the account, in minor units; an overdrawn account has nothing.

        Raises Refused, Unreachable, OutcomeUnknown.
        """
        reply = self._ask("getBalance")
        if reply.word != "ACCESS_BALANCE":
            raise self._failure("getBalance", reply)
        if reply.rest.startswith("-"):
            return 0
        try:
            return minor_units(reply.rest.strip(), highest=_HIGHEST_BALANCE)
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
        """Return the price list, without the lines that make no sense.

        Raises Refused, Unreachable, OutcomeUnknown, all of them before the first line.
        """
        return answers.listings(self._ask_catalogue("getPrices").data)

    def buy(self, goods: Goods, *, max_cost: int, reference: str, now: datetime) -> Purchase:
        """Buy one number for at most `max_cost`; `reference` makes a repetition harmless.

        Raises Refused, Unreachable, OutcomeUnknown.
        """
        asked = {
            "service": goods.service,
            "country": goods.country,
            "maxPrice": decimal_text(max_cost),
            "orderId": reference,
        }
        if goods.operator:
            asked["operator"] = goods.operator
        ends_at = time.monotonic() + transport.TOTAL_SECONDS
        reply = self._ask("getNumberV2", asked)
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
        raise self._failure("getNumber", reply)

    def active(self) -> list[Activation]:
        """Return every open activation; this dialect has one page.

        Raises Refused, Unreachable, OutcomeUnknown.
        """
        action = "getActiveActivations"
        reply = self._ask(action, max_bytes=transport.LARGE_ANSWER)
        if reply.word == "NO_ACTIVATIONS":
            return []
        rows = reply.data
        for key in ("activeActivations", "data", "rows"):
            if isinstance(rows, dict) and key in rows:
                rows = rows[key]
        if not isinstance(rows, list) or reply.word:
            raise self._failure(action, reply)
        return [self._activation(row) for row in rows if answers.is_activation(row)]

    def status(self, reference: str, *, now: datetime) -> Activation:
        """Read one activation, with the text where a code came.

        Raises Refused, Unreachable, OutcomeUnknown.
        """
        reply = self._ask("getStatus", {"id": reference})
        state = reply.meaning.state
        if state is None:
            raise self._failure("getStatus", reply)
        if state is not ActivationState.RECEIVED:
            return Activation(reference, state)
        message = answers.message(clean_text(reply.rest), self._text_of(reference))
        if message is None:
            raise self._failure("getStatus", reply)
        return Activation(reference, state, (message,))

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
        reply = self._set_status(reference, _CANCEL)
        outcome = reply.meaning.cancel
        if outcome is None:
            raise self._failure("setStatus", reply)
        if outcome is CancelOutcome.TOO_EARLY:
            return Cancellation(outcome, retry_after_seconds=self._cancel_lock)
        return Cancellation(outcome)

    def finish(self, reference: str, *, now: datetime) -> None:
        """Tell the supplier that the code was used; what is closed or gone already is fine.

        Raises Refused, Unreachable, OutcomeUnknown.
        """
        reply = self._set_status(reference, _FINISH)
        gone = (CancelOutcome.CLOSED, CancelOutcome.MISSING)
        if reply.word == "ACCESS_ACTIVATION" or reply.meaning.cancel in gone:
            return
        # BAD_STATUS stands for "already finished" as well as for "no code yet".
        if reply.meaning.cancel is CancelOutcome.CODE_ARRIVED:
            state = self._ask("getStatus", {"id": reference}).meaning.state
            if state in (ActivationState.CLOSED, ActivationState.MISSING):
                return
        raise self._failure("setStatus", reply)

    def resend(self, reference: str, *, now: datetime) -> str:
        """Ask for another code on the same activation.

        Raises Refused, Unreachable, OutcomeUnknown.
        """
        reply = self._set_status(reference, _RESEND)
        if reply.word in ("ACCESS_RETRY_GET", "ACCESS_READY_FOR_RETRY"):
            return reference
        if reply.meaning.state is not None or reply.meaning.cancel is not None:
            raise Refused(RefusalReason.BAD_REQUEST, reply.word)
        raise self._failure("setStatus", reply)

    def _set_status(self, reference: str, status: str) -> Reply:
        return self._ask("setStatus", {"id": reference, "status": status})

    def _ask_catalogue(self, action: str) -> Reply:
        reply = self._ask(action, seconds=_CATALOGUE_SECONDS, max_bytes=transport.LARGE_ANSWER)
        if reply.word or not isinstance(reply.data, dict | list):
            raise self._failure(action, reply)
        return reply

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
        text = answer.body.decode("utf-8", "replace").strip("\ufeff \t\r\n")
        if answer.status == 429:
            raise Refused(RefusalReason.BUSY, f"{action}: HTTP 429")
        if answer.status >= 500 or 300 <= answer.status < 400 or not text:
            raise OutcomeUnknown(f"{action}: HTTP {answer.status}: {self._excerpt(text)}")
        try:
            reply = Reply(text)
        except Unreadable:
            raise OutcomeUnknown(f"{action}: {self._excerpt(text)}") from None
        if answer.status >= 400 and not reply.word:
            raise OutcomeUnknown(f"{action}: HTTP {answer.status}: {self._excerpt(text)}")
        return reply

    def _failure(self, action: str, reply: Reply) -> SupplierError:
        """Return what an answer means that is not the one hoped for."""
        text = f"{action}: {self._excerpt(reply.text)}"
        reason = reply.meaning.refusal
        if reason is None:
            return OutcomeUnknown(text)
        until = minimum = None
        if reason is RefusalReason.BANNED:
            until = self._local_time(reply.rest.strip("' "))
        elif reason is RefusalReason.PRICE_MOVED:
            minimum = answers.minor_units_or_none(reply.rest.strip())
        return Refused(reason, text, until=until, minimum=minimum)

    def _excerpt(self, text: str) -> str:
        for key in {self.credentials.api_key, quote_plus(self.credentials.api_key)} - {""}:
            text = text.replace(key, "[key]")
        return repr(text[:_EXCERPT])

    def _purchase(self, goods: Goods, bought: dict[str, Any]) -> Purchase:
        started, ends, unlocks = (
            self._local_time(bought.get(key))
            for key in ("activationTime", "activationEndTime", "activationCancel")
        )
        lifetime = answers.seconds_between(
            started, ends or self._local_time(bought.get("activationEnd"))
        )
        cancel_lock = answers.seconds_between(started, unlocks)
        default = self._lifetime or _LIFETIMES.get(goods.service, _LIFETIME_SECONDS)
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
            phone_number=answers.phone_number_or_empty(row.get("phoneNumber")),
            cost=self._cost(row),
            started_at=self._local_time(row.get("activationTime")),
        )

    def _cost(self, row: dict[str, Any]) -> int | None:
        currency = str(row.get("currency"))
        if _CURRENCIES.get(currency, self.credentials.currency) != self.credentials.currency:
            return None  # in another currency than the account's: not a cost we can book
        return answers.minor_units_or_none(row.get("activationCost"))

    def _text_of(self, reference: str) -> str:
        reply = self._ask("getFullSms", {"id": reference})
        if reply.word == "FULL_SMS":
            return clean_text(reply.rest)
        # Some clones have the code only. Any other answer is worth asking again: delivered now
        # without its text, the message would look like another one later.
        is_missing = reply.meaning.state is ActivationState.MISSING
        if reply.word in UNKNOWN_ACTION or (reply.meaning.state is not None and not is_missing):
            return ""
        raise self._failure("getFullSms", reply)

    def _local_time(self, raw: object) -> datetime | None:
        return answers.local_time(raw, self._zone)
