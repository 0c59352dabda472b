"""HeroSMS: its REST API where that has what is asked for, its handler for all else.

The REST API sells, lists and closes; countries, services, the balance, a single state and a
resend are only known to the handler, which takes the same key. Errors are the family's words
either way, wrapped in JSON. The address in the settings is the site's.

Options: `lifetime_seconds` and `cancel_lock_seconds`, where answers do not say.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from suppliers import reading, transport
from suppliers.base import (
    Activation,
    ActivationState,
    Cancellation,
    CancelOutcome,
    Credentials,
    Goods,
    Listing,
    OutcomeUnknown,
    Purchase,
    ReceivedMessage,
    RefusalReason,
    Refused,
)
from suppliers.reading import (
    Unreadable,
    clean_text,
    decimal_text,
    message,
    minor_units,
    minor_units_or_none,
    name_of,
    phone_number,
    phone_number_or_empty,
    whole_number,
    zoned_time,
)
from suppliers.smsactivate import DIALECTS, SmsActivate
from suppliers.smsactivate.answers import Reply
from suppliers.smsactivate.words import NO_CONTENT

_PAGE = 25
_MOST_PAGES = 4_000
_CATALOGUE_SECONDS = 120.0
_NOT_IN_A_NAME = re.compile(r"[^a-zA-Z0-9_.@-]")
_LONGEST_NAME = 36

# An activation's number for its state; those that are not here are not documented, and wait.
_STATES = {
    "6": ActivationState.FINISHED,
    "8": ActivationState.CANCELLED,
    "10": ActivationState.CANCELLED,  # refunded by the supplier of its own accord
}
#: what a status says of a purchase whose error has a name nobody knows
_NOT_SOLD: Mapping[int, RefusalReason] = {
    400: RefusalReason.BAD_REQUEST,
    402: RefusalReason.NO_BALANCE,
    403: RefusalReason.BANNED,
    404: RefusalReason.NO_NUMBERS,
    409: RefusalReason.BAD_REQUEST,
    422: RefusalReason.BAD_REQUEST,
}


class HeroSms(SmsActivate):
    """One account at HeroSMS."""

    has_history = True

    def __init__(self, credentials: Credentials) -> None:
        site = credentials.base_url.rstrip("/")
        self._api = f"{site}/api/v1"
        handler = replace(credentials, base_url=f"{site}/stubs/handler_api.php")
        super().__init__(handler, dialect=DIALECTS["herosms-legacy"])

    def listings(self) -> Iterator[Listing]:
        """Yield the usual price of everything, with the stock that there is at it.

        Numbers that are not physically there are not counted. Raises Refused, Unreachable,
        OutcomeUnknown.
        """
        path = "activations/offers/sms"
        reply = self._rest(
            "GET", path, seconds=_CATALOGUE_SECONDS, max_bytes=transport.LARGE_ANSWER
        )
        services = self._data(path, reply)
        # PHP prints an empty object as an empty list
        for service, countries in services.items() if isinstance(services, dict) else ():
            for country, offer in countries.items() if isinstance(countries, dict) else ():
                try:
                    cost, stock = _usual(offer)
                except (Unreadable, LookupError, TypeError):
                    continue
                if cost > 0:
                    yield Listing(Goods(clean_text(service), clean_text(country)), cost, stock)

    def buy(
        self, goods: Goods, *, max_cost: int, reference: str, now: datetime, end_user: str = ""
    ) -> Purchase:
        """Buy one number for at most `max_cost`. Raises Refused, Unreachable, OutcomeUnknown."""
        if not goods.country.isdecimal():
            raise Refused(RefusalReason.BAD_REQUEST, "countries are numbers here")
        asked: dict[str, Any] = {
            "service": goods.service,
            "country": int(goods.country),
            "amount": 1,
            # JSON has no other number, and four decimals survive it
            "maxPrice": float(decimal_text(max_cost)),
            "verificationType": "sms",
        }
        if goods.operator:
            asked["operator"] = goods.operator
        if user := _NOT_IN_A_NAME.sub("", end_user)[:_LONGEST_NAME]:
            asked["resellerUserId"] = user
        path = "activations"
        reply = self._rest("POST", path, json=asked, not_sold=_NOT_SOLD)
        if reply.word:
            raise self._failure(path, reply, now=now)
        rows = self._data(path, reply)
        try:
            # always a list; with more in it than was asked for, it is not known what is ours
            [row] = rows if isinstance(rows, list) else [None]
            return self._bought(goods, row)
        except (Unreadable, ValueError):
            raise OutcomeUnknown(f"{path}: {self._excerpt(reply.text)}") from None

    def active(self) -> list[Activation]:
        """Return every open activation, all pages of them.

        Raises Refused, Unreachable, OutcomeUnknown.
        """
        return list({one.reference: one for one in self._pages("activations", {})}.values())

    def status(self, reference: str, *, now: datetime) -> Activation:
        """Read one activation: how it stands from the handler, what came from the REST API.

        Raises Refused, Unreachable, OutcomeUnknown.
        """
        _reply, state = self._state(reference)
        if state is not ActivationState.RECEIVED:
            return Activation(reference, state)
        messages = self.closed_messages(reference)
        if not messages:
            raise OutcomeUnknown("otp: received without a message")
        return Activation(reference, state, messages)

    def closed_messages(self, reference: str) -> Sequence[ReceivedMessage]:
        """Return what has come to an activation, open or finished; nothing to a cancelled one.

        Raises Refused, Unreachable, OutcomeUnknown.
        """
        path = f"activations/{quote(reference, safe='')}/otp"
        reply = self._rest("GET", path)
        if reply.meaning.state is ActivationState.CLOSED:
            return ()
        return _messages(self._data(path, reply))

    def cancel(self, reference: str, *, now: datetime) -> Cancellation:
        """Ask for cancellation and refund. Raises Refused, Unreachable, OutcomeUnknown."""
        path = f"activations/{quote(reference, safe='')}"
        return self._cancellation(path, self._rest("DELETE", path))

    def finish(self, reference: str, *, now: datetime) -> None:
        """Tell that the code was used; what is closed or gone already is fine.

        Raises Refused, Unreachable, OutcomeUnknown.
        """
        path = f"activations/{quote(reference, safe='')}/finish"
        reply = self._rest("POST", path)
        gone = (CancelOutcome.CLOSED, CancelOutcome.MISSING)
        if reply.word != NO_CONTENT and reply.meaning.cancel not in gone:
            raise self._failure(path, reply)

    def history(self, *, since: datetime, until: datetime) -> Iterator[Activation]:
        """Yield what was bought in a span of time: first what is open, then what has ended.

        Raises Refused, Unreachable, OutcomeUnknown.
        """
        span = {
            name: at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            for name, at in (("from", since), ("to", until))
        }
        for one in self.active():
            if one.started_at is None or since <= one.started_at <= until:
                yield one
        yield from self._pages("activations/history", span)

    def _pages(self, path: str, params: dict[str, str]) -> Iterator[Activation]:
        for number in range(1, _MOST_PAGES):
            page = {**params, "page": str(number), "size": str(_PAGE)}
            rows = self._data(path, self._rest("GET", path, params=page))
            if not isinstance(rows, list):
                raise OutcomeUnknown(f"{path}: no list")
            for row in rows:
                if isinstance(row, dict) and (one := _activation(row)):
                    yield one
            if len(rows) < _PAGE:
                return
        raise OutcomeUnknown(f"{path}: too many pages")

    def _bought(self, goods: Goods, row: Any) -> Purchase:
        """Raises Unreadable."""
        if not isinstance(row, dict):
            raise Unreadable("not an activation")
        created, expires = zoned_time(row.get("createdAt")), zoned_time(row.get("expiredAt"))
        lifetime = (expires - created).total_seconds() if created and expires else 0
        default = self._lifetime or self._dialect.lifetime_of(goods.service, goods.country)
        return Purchase(
            reference=reading.reference(row.get("id")),
            phone_number=phone_number(row.get("phone")),
            cost=minor_units_or_none(row.get("price")),
            operator=clean_text(row.get("operator")),
            lifetime_seconds=math.ceil(lifetime) if lifetime > 0 else default,
            cancel_lock_seconds=self._cancel_lock,
            can_resend=True,
        )

    def _data(self, path: str, reply: Reply) -> Any:
        if reply.word or not isinstance(reply.data, dict) or "data" not in reply.data:
            raise self._failure(path, reply)
        return reply.data["data"]

    def _rest(
        self,
        method: str,
        path: str,
        *,
        params: dict[str, str] | None = None,
        json: dict[str, Any] | None = None,
        not_sold: Mapping[int, RefusalReason] | None = None,
        seconds: float = transport.TOTAL_SECONDS,
        max_bytes: int = transport.SMALL_ANSWER,
    ) -> Reply:
        """Send one request to the REST API. Raises Refused, Unreachable, OutcomeUnknown.

        `not_sold` is what an error means, by its status, whose name is not in the vocabulary.
        """
        answer = transport.send(
            method,
            f"{self._api}/{path}",
            params=params,
            json=json,
            headers={
                "Accept": "application/json",
                "Authorization": f"ApiKey {self.credentials.api_key}",
            },
            seconds=seconds,
            max_bytes=max_bytes,
        )
        if answer.status == 401:
            raise Refused(RefusalReason.BAD_CREDENTIALS, f"{path}: HTTP 401")
        try:
            return self._read(path, answer)
        except OutcomeUnknown as unknown:
            reason = (not_sold or {}).get(answer.status)
            if reason is None or b'"title"' not in answer.body:
                raise
            raise Refused(reason, unknown.text) from None


def _usual(offer: Any) -> tuple[int, int]:
    """Return the usual price, and how many numbers there are at it.

    Raises Unreadable, LookupError, TypeError.
    """
    counts = offer["counts"]
    stock = whole_number(counts["defaultPrice"])
    if "physical" in counts:
        stock = min(stock, whole_number(counts["physical"]))
    return minor_units(offer["prices"]["default"]), stock


def _activation(row: dict[str, Any]) -> Activation | None:
    """Return a row of a list, or None where it makes no sense."""
    try:
        reference = reading.reference(row.get("id"))
    except Unreadable:
        return None
    messages = _messages(row.get("otpList"))
    found = ActivationState.RECEIVED if messages else ActivationState.WAITING
    service, country = clean_text(row.get("service")), clean_text(row.get("country"))
    return Activation(
        reference=reference,
        state=_STATES.get(str(row.get("status")), found),
        messages=messages,
        goods=Goods(service, country, clean_text(row.get("operator"))),
        phone_number=phone_number_or_empty(row.get("phone")),
        cost=minor_units_or_none(row.get("price")),
        started_at=zoned_time(row.get("createdAt")),
    )


def _messages(rows: Any) -> tuple[ReceivedMessage, ...]:
    """Return the messages, each with a name, since they have no ids.

    Code, text and moment have other names wherever HeroSMS prints them.
    """
    found = (
        message(
            clean_text(row.get("smsCode", row.get("code"))),
            clean_text(row.get("smsText", row.get("text"))),
            message_id=name_of(
                row.get("receivedAt", row.get("date")),
                clean_text(row.get("smsText", row.get("text"))),
            ),
            sender=clean_text(row.get("phoneFrom")),
            received_at=zoned_time(row.get("receivedAt", row.get("date"))),
        )
        for row in (rows if isinstance(rows, list) else [])
        if isinstance(row, dict)
    )
    return tuple(dict.fromkeys(one for one in found if one is not None))
