"""The adapter: each question of the interface as an address of 5sim's, each answer in ours."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from datetime import datetime
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
from suppliers.fivesim import answers
from suppliers.fivesim.answers import Sentence
from suppliers.reading import (
    Unreadable,
    balance_left,
    clean_text,
    decimal_text,
    excerpt,
    minor_units,
    minor_units_or_none,
    phone_number,
    read_json,
    text_of,
    whole_number,
    zoned_time,
)

_LIFETIME_SECONDS = 15 * 60
_CANCEL_LOCK_SECONDS = 120
_PAGE = 100
_MOST_PAGES = 1_000
_ANY = "any"
_WAIT = re.compile(r"(\d+)\s*(s|m)?", re.ASCII)


class _Said(OutcomeUnknown):
    """A sentence came instead of JSON, which whoever asked may understand."""

    def __init__(self, sentence: Sentence, path: str, words: str) -> None:
        super().__init__(f"{path}: {words}")
        self.sentence = sentence
        self.words = words


class _Nothing(OutcomeUnknown):
    """The answer is null, which in the catalogue stands for an empty list."""


class FiveSim(Supplier):
    """One account at 5sim. Its rating falls with every number that is left to time out."""

    vocabulary = "fivesim"
    has_history = True
    limits = Limits(requests_per_second=100, burst=100)

    def __init__(self, credentials: Credentials) -> None:
        super().__init__(credentials)
        options = credentials.options
        self._by_operator = options.get("by_operator") == "1"
        self._lifetime = int(options.get("lifetime_seconds", _LIFETIME_SECONDS))
        self._cancel_lock = int(options.get("cancel_lock_seconds", _CANCEL_LOCK_SECONDS))

    def balance(self) -> int:
        """Return what is left on the account; an overdrawn one has nothing.

        Raises Refused, Unreachable, OutcomeUnknown.
        """
        profile = self._ask("user/profile")
        try:
            return balance_left(profile.get("balance"))
        except Unreadable:
            raise OutcomeUnknown("user/profile: no balance") from None

    def countries(self) -> list[NamedCode]:
        """Return 5sim's countries by their slugs. Raises Refused, Unreachable, OutcomeUnknown."""
        return [
            NamedCode(
                code=clean_text(slug),
                name=clean_text(country.get("text_en")) or clean_text(slug),
                iso=answers.first_key(country.get("iso")).upper(),
                prefix=answers.first_key(country.get("prefix")),
            )
            for slug, country in self._ask_catalogue("guest/countries").items()
            if isinstance(country, dict)
        ]

    def services(self) -> list[NamedCode]:
        """Return 5sim's products, which have no names but their slugs.

        Raises Refused, Unreachable, OutcomeUnknown.
        """
        return [
            NamedCode(clean_text(slug), clean_text(slug))
            for slug, product in self._ask_catalogue("guest/products/any/any").items()
            if isinstance(product, dict) and product.get("Category") == "activation"
        ]

    def listings(self) -> Iterator[Listing]:
        """Yield the price list, country by country: in one piece it would be very large.

        Raises Refused, Unreachable, OutcomeUnknown.
        """
        for country in self.countries():
            prices = self._ask_catalogue("guest/prices", {"country": country.code})
            products = prices.get(country.code)
            for product, operators in (products if isinstance(products, dict) else {}).items():
                yield from self._lines(clean_text(product), country.code, operators)

    def buy(
        self, goods: Goods, *, max_cost: int, reference: str, now: datetime, end_user: str = ""
    ) -> Purchase:
        """Buy one number for at most `max_cost`. Raises Refused, Unreachable, OutcomeUnknown."""
        place = "/".join(
            quote(part, safe="") for part in (goods.country, goods.operator or _ANY, goods.service)
        )
        action = f"user/buy/activation/{place}"
        limit = {"maxPrice": decimal_text(max_cost)}
        order = self._ask(action, limit)
        try:
            created, expires = zoned_time(order.get("created_at")), zoned_time(order.get("expires"))
            lifetime = (expires - created).total_seconds() if created and expires else 0
            return Purchase(
                reference=reading.reference(order.get("id")),
                phone_number=phone_number(order.get("phone")),
                cost=minor_units_or_none(order.get("price")),
                operator=clean_text(order.get("operator")),
                lifetime_seconds=math.ceil(lifetime) if lifetime > 0 else self._lifetime,
                cancel_lock_seconds=self._cancel_lock,
                can_resend=True,
            )
        except Unreadable:
            # something was bought, but what?
            raise OutcomeUnknown(f"{action}: {self._excerpt(str(order))}") from None

    def active(self) -> list[Activation]:
        """Return every open order, down to the first page of the list on which none is open.

        Raises Refused, Unreachable, OutcomeUnknown.
        """
        found: dict[str, Activation] = {}
        for page in self._pages():
            opened = [one for one in page if one.state in answers.OPEN]
            found.update((one.reference, one) for one in opened)
            if not opened:
                break
        return list(found.values())

    def status(self, reference: str, *, now: datetime) -> Activation:
        """Read one order. Raises Refused, Unreachable, OutcomeUnknown."""
        try:
            return answers.activation(self._ask(f"user/check/{quote(reference, safe='')}"))
        except _Said as said:
            if said.sentence.cancel is CancelOutcome.MISSING:
                return Activation(reference, ActivationState.MISSING)
            raise
        except Unreadable:
            raise OutcomeUnknown("user/check: no order") from None

    def closed_messages(self, reference: str) -> Sequence[ReceivedMessage]:
        """Return what had come to a closed order. One that is not known proves nothing.

        Raises Refused, Unreachable, OutcomeUnknown.
        """
        inbox = self._ask(f"user/sms/inbox/{quote(reference, safe='')}")
        return answers.messages_in(inbox.get("Data"))

    def cancel(self, reference: str, *, now: datetime) -> Cancellation:
        """Ask for cancellation and refund. Raises Refused, Unreachable, OutcomeUnknown."""
        return self._close("user/cancel", reference)

    def report_bad_number(self, reference: str, *, now: datetime) -> Cancellation:
        """Ban the number, which cancels it. Raises Refused, Unreachable, OutcomeUnknown."""
        return self._close("user/ban", reference)

    def finish(self, reference: str, *, now: datetime) -> None:
        """Tell that the code was used, which earns rating; what is closed or gone is fine.

        Raises Refused, Unreachable, OutcomeUnknown.
        """
        try:
            self._ask(f"user/finish/{quote(reference, safe='')}")
        except _Said as said:
            if said.sentence.cancel not in (CancelOutcome.CLOSED, CancelOutcome.MISSING):
                raise

    def resend(self, reference: str, *, now: datetime) -> str:
        """Ask for nothing: an order gets every message until it is finished.

        Raises Refused where no first code has come.
        """
        if self.status(reference, now=now).state is not ActivationState.RECEIVED:
            raise Refused(RefusalReason.BAD_REQUEST, "no code has come yet")
        return reference

    def history(self, *, since: datetime, until: datetime) -> Iterator[Activation]:
        """Yield what was bought in a span of time, the newest first.

        Raises Refused, Unreachable, OutcomeUnknown.
        """
        for page in self._pages():
            dated = [(one, one.started_at or until) for one in page]
            yield from (one for one, at in dated if since <= at <= until)
            if dated and dated[-1][1] < since:
                return

    def _lines(self, product: str, country: str, operators: Any) -> Iterator[Listing]:
        """Yield each operator's line, or the cheapest one that has numbers."""
        lines = []
        for operator, line in (operators if isinstance(operators, dict) else {}).items():
            try:
                cost, stock = minor_units(line["cost"]), whole_number(line["count"])
            except (Unreadable, LookupError, TypeError):
                continue
            name = clean_text(operator) if self._by_operator else ""
            if cost > 0:
                lines.append(Listing(Goods(product, country, name), cost, stock))
        if self._by_operator:
            yield from lines
        elif lines:
            yield min(lines, key=lambda line: (line.stock == 0, line.cost))

    def _pages(self) -> Iterator[list[Activation]]:
        """Yield pages of all orders, the newest first; rows that make no sense are left out."""
        for number in range(_MOST_PAGES):
            listed = self._ask(
                "user/orders",
                {
                    "category": "activation",
                    "limit": str(_PAGE),
                    "offset": str(number * _PAGE),
                    "order": "id",
                    "reverse": "true",
                },
                max_bytes=transport.LARGE_ANSWER,
            )
            rows = listed.get("Data")
            if rows is None and listed.get("Total") == 0:
                rows = []
            if not isinstance(rows, list):
                raise OutcomeUnknown("user/orders: no list")
            yield list(answers.activations(rows))
            if len(rows) < _PAGE:
                return
        raise OutcomeUnknown("user/orders: too many pages")

    def _close(self, action: str, reference: str) -> Cancellation:
        try:
            order = self._ask(f"{action}/{quote(reference, safe='')}")
        except _Said as said:
            outcome = said.sentence.cancel
            if outcome is None:
                raise
            if outcome is CancelOutcome.TOO_EARLY:
                return Cancellation(outcome, retry_after_seconds=self._wait_in(said.words))
            return Cancellation(outcome)
        if answers.STATES.get(str(order.get("status"))) is ActivationState.CANCELLED:
            return Cancellation(CancelOutcome.CANCELLED)
        if order.get("sms"):
            return Cancellation(CancelOutcome.CODE_ARRIVED)
        raise OutcomeUnknown(f"{action}: {self._excerpt(str(order.get('status')))}")

    def _wait_in(self, text: str) -> int:
        found = _WAIT.search(text)
        if found is None:
            return self._cancel_lock
        return max(1, int(found[1][:6]) * (60 if found[2] == "m" else 1))

    def _ask_catalogue(self, path: str, params: dict[str, str] | None = None) -> dict[str, Any]:
        try:
            return self._ask(path, params, max_bytes=transport.LARGE_ANSWER)
        except _Nothing:
            return {}

    def _ask(
        self,
        path: str,
        params: dict[str, str] | None = None,
        *,
        max_bytes: int = transport.SMALL_ANSWER,
    ) -> dict[str, Any]:
        """Send one request and return the object that is answered.

        Raises Refused, Unreachable, OutcomeUnknown (of these _Nothing where the answer is null),
        and _Said for what only the asker understands.
        """
        answer = transport.get(
            f"{self.credentials.base_url.rstrip('/')}/{path}",
            params or {},
            headers={
                "Accept": "application/json",
                "Authorization": f"Bearer {self.credentials.api_key}",
            },
            max_bytes=max_bytes,
        )
        text = text_of(answer.body)
        if answer.status == 429:
            raise Refused(RefusalReason.BUSY, f"{path}: HTTP 429")
        if answer.status == 401:
            raise Refused(RefusalReason.BAD_CREDENTIALS, f"{path}: HTTP 401")
        if answer.status < 500 and (sentence := answers.sentence_in(text)):
            words = self._excerpt(text)
            if sentence.refusal:
                raise Refused(sentence.refusal, f"{path}: {words}")
            raise _Said(sentence, path, words)
        failure = OutcomeUnknown(f"{path}: HTTP {answer.status}: {self._excerpt(text)}")
        if answer.status != 200:
            raise failure
        try:
            data = read_json(text)
        except Unreadable:
            raise failure from None
        if data is None:
            raise _Nothing(failure.text)
        if not isinstance(data, dict):
            raise failure
        return data

    def _excerpt(self, text: str) -> str:
        return excerpt(text, secret=self.credentials.api_key)
