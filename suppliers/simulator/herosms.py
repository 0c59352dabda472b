"""HeroSMS's REST API as the simulated supplier answers it; its handler is a manner of `handler.py`.

A purchase is answered with a list, however few are bought. There is no address that reads a
single activation, and none for countries, services and the balance.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from suppliers.reading import Unreadable, decimal_text, minor_units, zoned_time
from suppliers.simulator.account import Account, Closing, NotSold, Why
from suppliers.simulator.books import Number, State, zoned_text
from suppliers.simulator.catalogue import Line
from suppliers.simulator.speaking import Asked, Said, Speaker, amount, as_json

_PREFIX = "/api/v1/activations"
_PAGE = 25
_LEAST_PRICE = 67
_STATES = {
    State.WAITING: 4,
    State.RECEIVED: 2,
    State.RETRY: 3,
    State.FINISHED: 6,
    State.CANCELLED: 8,
    State.BANNED: 8,
    State.TIMED_OUT: 8,
    State.REFUNDED: 10,
}
_NOT_SOLD = {
    Why.BAD_SERVICE: ("WRONG_SERVICE", 422),
    Why.BAD_COUNTRY: ("WRONG_COUNTRY", 422),
    Why.BAD_OPERATOR: ("UNPROCESSABLE_ENTITY", 422),
    Why.PROHIBITED: ("OFFER_NOT_FOUND", 404),
    Why.NO_STOCK: ("NO_NUMBERS", 404),
    Why.NO_MONEY: ("NO_BALANCE", 402),
}


class _Error(Exception):
    """What is answered instead."""

    def __init__(self, title: str, status: int, **info: object) -> None:
        super().__init__(title)
        details = title.replace("_", " ").capitalize()
        self.body = {"title": title, "details": details, "info": info}
        self.status = status


class HeroSms(Speaker):
    """One account at HeroSMS."""

    def __init__(self, account: Account) -> None:
        super().__init__(account)
        self._answers: dict[tuple[str, str], Callable[..., object]] = {
            ("GET", ""): self._list,
            ("POST", ""): self._buy,
            ("GET", "/history"): self._history,
            ("GET", "/offers"): self._offers,
            ("GET", "/offers/sms"): self._offers,
        }
        self._of_one: dict[tuple[str, str], Callable[[Number], object]] = {
            ("DELETE", ""): self._cancel,
            ("POST", "/finish"): self._finish,
            ("GET", "/otp"): self._otp,
            ("GET", "/otp/last"): self._last_otp,
        }

    def speaks(self, path: str) -> bool:
        return path.startswith("/api/v1/")

    def is_purchase(self, asked: Asked) -> bool:
        return (asked.method, asked.path) == ("POST", _PREFIX)

    def too_fast(self) -> Said:
        return Said("error code: 1020", 400)

    def answer(self, asked: Asked) -> Said:
        rest = asked.path.removeprefix(_PREFIX)
        try:
            if asked.authorization != f"ApiKey {self.account.api_key}":
                raise _Error("BAD_KEY", 401)
            if carry_out := self._answers.get((asked.method, rest)):
                self.count(f"{asked.method} {rest or '/'}")
                return as_json(carry_out(asked))
            number_id, slash, action = rest.removeprefix("/").partition("/")
            of_one = self._of_one.get((asked.method, slash + action))
            if of_one is None:
                self.count("unknown")
                raise _Error("NOT_FOUND", 404)
            self.count(f"{asked.method} /:id{slash}{action}")
            done = of_one(self._find(number_id))
            return Said("", 204) if done is None else as_json(done)
        except _Error as error:
            return as_json(error.body, status=error.status)

    def _list(self, asked: Asked) -> object:
        rows = [_row(number) for number in self.account.open_now(time.time())]
        return _page(rows, asked)

    def _history(self, asked: Asked) -> object:
        span = [zoned_time(asked.params.get(name)) for name in ("from", "to")]
        start, end = (_seconds(at) for at in span)
        found = self.account.bought_between(start, end + 1)
        rows = [_row(number) for number in found if not number.is_open]
        return _page(rows, asked)

    def _offers(self, asked: Asked) -> object:
        def wanted(name: str, code: str) -> bool:
            return name not in asked.params or code in asked.params[name].split(",")

        data: dict[str, dict[str, object]] = {}
        for service, country in self.account.catalogue.lines:
            if wanted("services", service) and wanted("countries", country):
                offers = [line for _operator, line in self.account.offers(service, country)]
                data.setdefault(service, {})[country] = _offer(offers)
        return {"data": data, "meta": {"order": {"deliverability": {"countries": []}}}}

    def _buy(self, asked: Asked) -> object:
        params = asked.params
        try:
            limit = minor_units(params["maxPrice"]) if params.get("maxPrice") else None
            count = int(params.get("amount", ""))
        except (Unreadable, ValueError):
            raise _Error("UNPROCESSABLE_ENTITY", 422) from None
        if not 1 <= count <= 10 or (limit is not None and limit < _LEAST_PRICE):
            raise _Error("UNPROCESSABLE_ENTITY", 422)
        operator = params.get("operator", "any")
        try:
            sold = [
                self.account.buy(
                    params.get("service", ""),
                    params.get("country", ""),
                    operator="" if operator == "any" else operator,
                    highest=limit,
                    end_user=params.get("resellerUserId", ""),
                    now=time.time(),
                )
                for _ in range(count)
            ]
        except NotSold as refusal:
            raise _not_sold(refusal) from None
        return {"data": [_row(number) for number in sold]}

    def _cancel(self, number: Number) -> object:
        match self.account.cancel(number, time.time()):
            case Closing.CLOSED:
                raise _Error("ACTIVATION_NOT_ACTIVE", 409)
            case Closing.HAS_CODE:
                raise _Error("OTP_RECEIVED", 409)
            case Closing.TOO_EARLY:
                lock = int(self.account.settings.cancel_lock_s)
                raise _Error("EARLY_CANCEL_DENIED", 409, minActivationTime=lock)
        return None

    def _finish(self, number: Number) -> object:
        if not number.is_open:
            raise _Error("ACTIVATION_NOT_ACTIVE", 409)
        if not number.messages:
            raise _Error("BAD_STATUS", 422)
        self.account.books.close(number, State.FINISHED, time.time())
        return None

    def _otp(self, number: Number) -> object:
        if not number.is_open and number.state is not State.FINISHED:
            raise _Error("ACTIVATION_NOT_ACTIVE", 409)
        return {"data": _otps(number)}

    def _last_otp(self, number: Number) -> object:
        if not number.messages:
            raise _Error("NOT_FOUND", 404)
        return {"data": _otps(number)[-1]}

    def _find(self, number_id: str) -> Number:
        number = self.account.find(number_id, time.time())
        if number is None:
            raise _Error("NOT_FOUND", 404)
        return number


def _not_sold(refusal: NotSold) -> _Error:
    if refusal.why is Why.BANNED:
        return _Error(
            "BANNED",
            403,
            scope="global",
            banned_until=zoned_text(refusal.until),
            retry_after_seconds=int(refusal.until - time.time()) + 1,
        )
    if refusal.why is Why.TOO_DEAR:
        return _Error("WRONG_MAX_PRICE", 400, min=amount(refusal.cost))
    return _Error(*_NOT_SOLD[refusal.why])


def _page(rows: list[dict[str, Any]], asked: Asked) -> object:
    page, size = (int(asked.params.get(name, usual)) for name, usual in (("page", 1), ("size", 10)))
    if page < 1 or not 1 <= size <= _PAGE:
        raise _Error("UNPROCESSABLE_ENTITY", 422)
    end = page * size
    return {"data": rows[end - size : end], "meta": {"hasMore": end < len(rows)}}


def _offer(offers: list[Line]) -> dict[str, object]:
    ladder, total = {}, 0
    for line in offers:
        total += line.stock
        ladder[decimal_text(line.cost)] = total  # whoever pays more may have the cheaper ones, too
    cheapest = next((line for line in offers if line.stock), offers[0])
    usual = amount(cheapest.cost)
    return {
        "prices": {"default": usual, "retail": usual, "min": usual},
        "counts": {"total": total, "physical": total, "defaultPrice": cheapest.stock},
        "map": ladder,
    }


def _row(number: Number) -> dict[str, Any]:
    return {
        "id": number.id,
        "status": _STATES[number.state],
        "phone": int(number.phone),
        "service": number.service.code,
        "country": int(number.country.id),
        "countryPhoneCode": int(number.country.prefix),
        "operator": number.operator,
        "price": amount(number.cost),
        "currency": 840,
        "otpList": _otps(number),
        "createdAt": zoned_text(number.bought_at),
        "expiredAt": zoned_text(number.expires_at),
        "verificationType": "sms",
        "subtype": 1,
    }


def _otps(number: Number) -> list[dict[str, object]]:
    return [
        {
            "phoneFrom": number.service.name,
            "smsCode": message.code,
            "smsText": message.text,
            "receivedAt": zoned_text(message.at),
        }
        for message in number.messages
    ]


def _seconds(at: datetime | None) -> float:
    if at is None:
        raise _Error("UNPROCESSABLE_ENTITY", 422)
    return at.timestamp()
