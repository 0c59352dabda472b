"""SMSPool's API: forms for questions, JSON for answers, and sentences with HTML in them for errors.

Services are known by their names here and countries by their short names, since the list of active
orders has no others. What is sold by several pools is listed for each; a pool is an operator.
A resend brings a new order, under a new reference. There is nothing to finish.

Options: `assumed_stock` (the price list names no quantities), `cancel_lock_seconds`,
`lifetime_seconds`, and `utc_offset_minutes` (times are printed without a zone; unless it is given,
the history yields what may be meant).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from suppliers import reading, transport
from suppliers.base import (
    Activation,
    ActivationState,
    Cancellation,
    CancelOutcome,
    Credentials,
    Goods,
    Limits,
    Listing,
    NamedCode,
    OutcomeUnknown,
    Purchase,
    ReceivedMessage,
    RefusalReason,
    Refused,
    Supplier,
)
from suppliers.reading import (
    Unreadable,
    balance_left,
    clean_text,
    decimal_text,
    excerpt,
    local_time,
    message,
    minor_units,
    minor_units_or_none,
    phone_number,
    phone_number_or_empty,
    read_json,
    redacted,
    text_of,
    unix_time,
    whole_number,
)

_LIFETIME_SECONDS = 20 * 60
_CANCEL_LOCK_SECONDS = 120
_ASSUMED_STOCK = 100
_LONGEST_CODE = 40
_CATALOGUE_SECONDS = 60.0
_PAGE = 100
_MOST_PAGES = 1_000
# a lifetime that is longer shows that the clock is in another zone
_LONGEST_LIFETIME = timedelta(minutes=45)
_WIDEST_ZONE = timedelta(hours=14)

_TYPES = {
    "OUT_OF_STOCK": RefusalReason.NO_NUMBERS,
    "PRICE_NOT_FOUND": RefusalReason.PRICE_MOVED,
    "BALANCE_ERROR": RefusalReason.NO_BALANCE,
}
_STATUSES: Mapping[int, RefusalReason] = {
    401: RefusalReason.BAD_CREDENTIALS,
    403: RefusalReason.BANNED,
    429: RefusalReason.BUSY,
}
#: pieces of sentences, in lower case; there is no other name for these
_NOT_KNOWN = ("not find", "not found", "not exist")
_BAD_KEY = ("api key", "invalid key")
_TOO_EARLY = ("yet", "too early", "wait")

_OPEN = (ActivationState.WAITING, ActivationState.RECEIVED)

# Numbers that are not here are of orders in preparation, or new.
_STATES = {
    2: ActivationState.CLOSED,
    3: ActivationState.RECEIVED,
    5: ActivationState.CANCELLED,
    6: ActivationState.CANCELLED,
}
_WORDS = {
    "completed": ActivationState.RECEIVED,
    "expired": ActivationState.CLOSED,
    "cancelled": ActivationState.CANCELLED,
    "refunded": ActivationState.CANCELLED,
}


class _No(OutcomeUnknown):
    """The answer says no, in a sentence which whoever asked may understand."""

    def __init__(self, path: str, words: str, sentence: str) -> None:
        super().__init__(f"{path}: {words}")
        self.sentence = sentence.lower()

    def is_about(self, pieces: tuple[str, ...]) -> bool:
        return any(piece in self.sentence for piece in pieces)


class SmsPool(Supplier):
    """One account at SMSPool."""

    vocabulary = "smspool"
    has_history = True
    limits = Limits(requests_per_second=32, burst=32, block_seconds=60)

    def __init__(self, credentials: Credentials) -> None:
        super().__init__(credentials)
        options = credentials.options
        self._stock = int(options.get("assumed_stock", _ASSUMED_STOCK))
        self._lifetime = int(options.get("lifetime_seconds", _LIFETIME_SECONDS))
        self._cancel_lock = int(options.get("cancel_lock_seconds", _CANCEL_LOCK_SECONDS))
        self._offset = timedelta(minutes=int(options.get("utc_offset_minutes", 0)))
        self._doubt = timedelta(0) if "utc_offset_minutes" in options else _WIDEST_ZONE

    def balance(self) -> int:
        """Return what is left on the account; an overdrawn one has nothing.

        Raises Refused, Unreachable, OutcomeUnknown.
        """
        found = self._ask_object("request/balance").get("balance")
        try:
            return balance_left(found)
        except Unreadable:
            raise OutcomeUnknown("request/balance: no balance") from None

    def countries(self) -> list[NamedCode]:
        """Return the countries by short name, which is an ISO code for nearly all of them.

        Raises Refused, Unreachable, OutcomeUnknown.
        """
        rows = self._ask_list("country/retrieve_all")
        codes = [(clean_text(row.get("short_name")), clean_text(row.get("name"))) for row in rows]
        return [
            NamedCode(code, name, iso=code if len(code) == 2 else "")
            for code, name in codes
            if 0 < len(code) <= _LONGEST_CODE
        ]

    def services(self) -> list[NamedCode]:
        """Return the services by name. Raises Refused, Unreachable, OutcomeUnknown."""
        return [NamedCode(name, name) for name in self._services().values()]

    def listings(self) -> Iterator[Listing]:
        """Yield the price list, country by country: in one piece it would be very large.

        Raises Refused, Unreachable, OutcomeUnknown.
        """
        services = self._services()
        for country in self.countries():
            for row in self._ask_list("request/pricing", {"country": country.code}):
                service = services.get(str(row.get("service")))
                with suppress(Unreadable):
                    cost = minor_units(row.get("price"))
                    if service and cost > 0:
                        goods = Goods(service, country.code, clean_text(row.get("pool")))
                        yield Listing(goods, cost, self._stock)

    def buy(
        self, goods: Goods, *, max_cost: int, reference: str, now: datetime, end_user: str = ""
    ) -> Purchase:
        """Buy one number for at most `max_cost`. Raises Refused, Unreachable, OutcomeUnknown."""
        asked = {
            "service": goods.service,
            "country": goods.country,
            "max_price": decimal_text(max_cost),
            "pricing_option": "0",
            "quantity": "1",
        }
        if goods.operator:
            asked["pool"] = goods.operator
        path = "purchase/sms"
        try:
            order = self._ask_object(path, asked)
        except _No as no:
            # It says that it sold nothing, if not why.
            raise Refused(RefusalReason.BAD_REQUEST, no.text) from None
        try:
            number = order.get("number") or f"{order.get('cc')}{order.get('phonenumber')}"
            return Purchase(
                reference=reading.reference(order.get("order_id")),
                phone_number=phone_number(number),
                cost=minor_units_or_none(order.get("cost")),
                operator=clean_text(order.get("pool")),
                lifetime_seconds=_seconds(order.get("expires_in")) or self._lifetime,
                cancel_lock_seconds=self._cancel_lock,
                can_resend=True,
            )
        except Unreadable:
            # something was bought, but what?
            raise OutcomeUnknown(f"{path}: {self._excerpt(str(order))}") from None

    def active(self) -> list[Activation]:
        """Return every order that is not over. Raises Refused, Unreachable, OutcomeUnknown."""
        listed = (self._order(row) for row in self._ask_list("request/active"))
        return [one for one in listed if one is not None and one.state in _OPEN]

    def status(self, reference: str, *, now: datetime) -> Activation:
        """Read one order. Raises Refused, Unreachable, OutcomeUnknown."""
        try:
            order = self._ask_object("sms/check", {"orderid": reference})
        except _No as no:
            if no.is_about(_NOT_KNOWN):
                return Activation(reference, ActivationState.MISSING)
            raise
        try:
            state = _STATES.get(whole_number(order.get("status")), ActivationState.WAITING)
        except Unreadable:
            raise OutcomeUnknown("sms/check: no status") from None
        if state is not ActivationState.RECEIVED:
            return Activation(reference, state)
        messages = _messages(reference, order.get("sms"), order.get("full_sms"))
        if not messages:
            raise OutcomeUnknown("sms/check: completed without a message")
        return Activation(reference, state, messages)

    def cancel(self, reference: str, *, now: datetime) -> Cancellation:
        """Ask for cancellation and refund. Raises Refused, Unreachable, OutcomeUnknown."""
        return self._cancel({"orderid": reference}, now=now)

    def report_bad_number(self, reference: str, *, now: datetime) -> Cancellation:
        """Cancel and ban the number. Raises Refused, Unreachable, OutcomeUnknown."""
        return self._cancel({"orderid": reference, "ban": "1"}, now=now)

    def finish(self, reference: str, *, now: datetime) -> None:
        """Do nothing: an order that got its message is over."""

    def resend(self, reference: str, *, now: datetime) -> str:
        """Ask for another code, which comes to a new order. Raises Refused where it costs money.

        Raises Unreachable, OutcomeUnknown.
        """
        order = {"orderid": reference}
        try:
            cost = minor_units_or_none(self._ask_object("sms/check_resend", order)["resendCost"])
            if cost != 0:
                raise Refused(RefusalReason.BAD_REQUEST, "a resend is not free")
            again = self._ask_object("sms/resend", order)
        except _No as no:
            raise Refused(RefusalReason.BAD_REQUEST, no.text) from None
        except KeyError:
            raise OutcomeUnknown("sms/check_resend: no cost") from None
        try:
            return reading.reference(again.get("order_id"))
        except Unreadable:
            raise OutcomeUnknown("sms/resend: no order") from None

    def history(self, *, since: datetime, until: datetime) -> Iterator[Activation]:
        """Yield what was bought in a span of time, the newest first.

        Raises Refused, Unreachable, OutcomeUnknown.
        """
        for number in range(_MOST_PAGES):
            span = {"start": str(number * _PAGE), "length": str(_PAGE)}
            rows = self._ask_list("request/history", span)
            times = [self._time(row.get("timestamp")) or until for row in rows]
            for row, at in zip(rows, times, strict=True):
                if since - self._doubt <= at <= until + self._doubt and (one := self._order(row)):
                    yield one
            if len(rows) < _PAGE or times[-1] < since - self._doubt:
                return
        raise OutcomeUnknown("request/history: too many pages")

    def _services(self) -> dict[str, str]:
        """Return the names of services by their ids."""
        rows = self._ask_list("service/retrieve_all")
        named = {str(row.get("ID")): clean_text(row.get("name")) for row in rows}
        return {key: name for key, name in named.items() if 0 < len(name) <= _LONGEST_CODE}

    def _cancel(self, asked: dict[str, str], *, now: datetime) -> Cancellation:
        try:
            answer = self._ask_object("sms/cancel", asked)
        except _No as no:
            if no.is_about(_NOT_KNOWN):
                return Cancellation(CancelOutcome.MISSING)
            return self._why_not(no, asked["orderid"], now=now)
        if str(answer.get("success")) != "1":
            raise OutcomeUnknown("sms/cancel: no success")
        return Cancellation(CancelOutcome.CANCELLED)

    def _why_not(self, no: _No, reference: str, *, now: datetime) -> Cancellation:
        """Find out why a cancel was refused; sentences may change, states do not."""
        match self.status(reference, now=now).state:
            case ActivationState.RECEIVED:
                return Cancellation(CancelOutcome.CODE_ARRIVED)
            case ActivationState.CANCELLED | ActivationState.CLOSED:
                return Cancellation(CancelOutcome.CLOSED)
            case ActivationState.WAITING if no.is_about(_TOO_EARLY):
                return Cancellation(CancelOutcome.TOO_EARLY, retry_after_seconds=self._cancel_lock)
        raise no

    def _order(self, row: dict[str, Any]) -> Activation | None:
        """Return a row of a list, or None where it makes no sense."""
        try:
            order = reading.reference(row.get("order_code"))
        except Unreadable:
            return None
        messages = _messages(order, row.get("code"), row.get("full_code"))
        state = _WORDS.get(str(row.get("status")).lower(), ActivationState.WAITING)
        if messages and state is ActivationState.WAITING:
            state = ActivationState.RECEIVED
        service, country = clean_text(row.get("service")), clean_text(row.get("short_name"))
        return Activation(
            reference=order,
            state=state,
            messages=messages,
            goods=Goods(service, country, clean_text(row.get("pool"))),
            phone_number=phone_number_or_empty(row.get("phonenumber")),
            cost=minor_units_or_none(row.get("cost")),
            started_at=self._started_at(row),
        )

    def _started_at(self, row: dict[str, Any]) -> datetime | None:
        """Return when an order began, or None where its end shows that the zone is another."""
        started = self._time(row.get("timestamp"))
        expires = unix_time(row.get("expiry"))
        if started is None or expires is None:
            return started
        lifetime = expires - started
        return started if timedelta(0) < lifetime <= _LONGEST_LIFETIME else None

    def _time(self, raw: object) -> datetime | None:
        printed = local_time(raw, UTC)
        return printed - self._offset if printed else None

    def _ask_list(self, path: str, form: dict[str, str] | None = None) -> list[dict[str, Any]]:
        rows = self._ask(path, form, large=True)
        if not isinstance(rows, list):
            raise OutcomeUnknown(f"{path}: no list")
        return [row for row in rows if isinstance(row, dict)]

    def _ask_object(self, path: str, form: dict[str, str] | None = None) -> dict[str, Any]:
        answer = self._ask(path, form)
        if not isinstance(answer, dict):
            raise OutcomeUnknown(f"{path}: no object")
        return answer

    def _ask(self, path: str, form: dict[str, str] | None, *, large: bool = False) -> Any:
        """Send one request and return its JSON.

        Raises Refused, Unreachable, OutcomeUnknown; _No where the answer says no.
        """
        answer = transport.send(
            "POST",
            f"{self.credentials.base_url.rstrip('/')}/{path}",
            form=form or {},
            headers={"Authorization": f"Bearer {self.credentials.api_key}"},
            seconds=_CATALOGUE_SECONDS if large else transport.TOTAL_SECONDS,
            max_bytes=transport.LARGE_ANSWER if large else transport.SMALL_ANSWER,
        )
        text = text_of(answer.body)
        words = f"HTTP {answer.status}: {self._excerpt(text)}"
        if reason := _STATUSES.get(answer.status):
            raise Refused(reason, f"{path}: {words}")
        try:
            data = read_json(text)
        except Unreadable:
            raise OutcomeUnknown(f"{path}: {words}") from None
        says_no = isinstance(data, dict) and str(data.get("success")) == "0"
        if says_no and answer.status < 500:
            if reason := _TYPES.get(str(data.get("type"))):
                raise Refused(reason, f"{path}: {words}")
            sentence = redacted(str(data.get("message")), secret=self.credentials.api_key)
            no = _No(path, words, sentence)
            raise Refused(RefusalReason.BAD_CREDENTIALS, no.text) if no.is_about(_BAD_KEY) else no
        if answer.status != 200:
            raise OutcomeUnknown(f"{path}: {words}")
        return data

    def _excerpt(self, text: str) -> str:
        return excerpt(text, secret=self.credentials.api_key)


def _messages(reference: str, code: object, text: object) -> tuple[ReceivedMessage, ...]:
    """Return an order's message: there is one, so the order's reference names it.

    A zero is printed where there is none.
    """
    parts = ["" if clean_text(part) == "0" else clean_text(part) for part in (code, text)]
    found = message(*parts, message_id=reference)
    return () if found is None else (found,)


def _seconds(raw: object) -> int:
    try:
        return whole_number(raw)
    except Unreadable:
        return 0
