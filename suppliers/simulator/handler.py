"""The handler protocol as the simulated supplier answers it: parameters in, a token or JSON out."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

import orjson

from suppliers.reading import Unreadable, decimal_text, minor_units
from suppliers.simulator.books import Books, Message, Number, State, utc_text
from suppliers.simulator.catalogue import Catalogue, Country, Line
from suppliers.simulator.settings import Settings

PURCHASES = frozenset(("getNumber", "getNumberV2"))

_Params = Mapping[str, str]


class Handler:
    """One account at the simulated supplier."""

    def __init__(self, *, api_key: str, seed: int, first_id: int) -> None:
        self.api_key = api_key
        self._first_id = first_id
        self.seed = seed
        self.catalogue = Catalogue(seed)
        self._actions: dict[str, Callable[[_Params], str | bytes]] = {
            "getBalance": self._get_balance,
            "getCountries": self._get_countries,
            "getServicesList": self._get_services_list,
            "getPrices": self._get_prices,
            "getOperators": self._get_operators,
            "getNumber": self._get_number,
            "getNumberV2": self._get_number_v2,
            "setStatus": self._set_status,
            "getStatus": self._get_status,
            "getStatusV2": self._get_status_v2,
            "getFullSms": self._get_full_sms,
            "getAllSms": self._get_all_sms,
            "getActiveActivations": self._get_active_activations,
            "getHistory": self._get_history,
        }
        self.reset()

    def reset(self) -> None:
        """Forget everything but the catalogue."""
        self.settings = Settings()
        self.requests: Counter[str] = Counter()
        self.faults_fired: Counter[str] = Counter()
        self._draw = Random(self.seed)
        self.books = Books(self.settings, self._draw, self.happens, next_id=self._next_id())

    def _next_id(self) -> int:
        books: Books | None = getattr(self, "books", None)
        return books.next_id if books else self._first_id

    def happens(self, fault: str) -> bool:
        """Draw whether a fault happens now, and count it if so."""
        probability = self.settings.faults.get(fault, 0.0)
        if not probability or self._draw.random() >= probability:
            return False
        self.faults_fired[fault] += 1
        return True

    def answer(self, params: _Params) -> str | bytes:
        """Carry out one request; text is a token, bytes are JSON."""
        action = params.get("action", "")
        carry_out = self._actions.get(action)
        self.requests[action if carry_out else "unknown"] += 1
        if not params.get("api_key"):
            return "NO_KEY"
        if params["api_key"] != self.api_key:
            return "BAD_KEY"
        return carry_out(params) if carry_out else "BAD_ACTION"

    def _get_balance(self, _params: _Params) -> str:
        self.books.open_now(time.time())
        return f"ACCESS_BALANCE:{decimal_text(self.books.balance)}"

    def _get_countries(self, _params: _Params) -> bytes:
        flags = {"visible": 1, "retry": 1, "rent": 0, "multiService": 0}
        return orjson.dumps(
            {
                country.id: {
                    "id": int(country.id),
                    "rus": country.name,
                    "eng": country.name,
                    "chn": country.name,
                    **flags,
                }
                for country in self.catalogue.countries.values()
            }
        )

    def _get_services_list(self, _params: _Params) -> bytes:
        services = [{"code": code, "name": name} for code, name in self.catalogue.services.items()]
        return orjson.dumps({"status": "success", "services": services})

    def _get_prices(self, params: _Params) -> bytes:
        prices: dict[str, dict[str, Any]] = {}
        for (service, country), line in self.catalogue.lines.items():
            wanted = params.get("service", service), params.get("country", country)
            if wanted == (service, country):
                stock = self._stock(line)
                prices.setdefault(country, {})[service] = {
                    "cost": orjson.Fragment(decimal_text(line.cost)),
                    "count": stock,
                    "physicalCount": stock // 2,
                }
        return orjson.dumps(prices)

    def _get_operators(self, params: _Params) -> bytes | str:
        wanted = params.get("country")
        found = {
            country.id: country.operators
            for country in self.catalogue.countries.values()
            if wanted in (None, country.id)
        }
        if not found:
            return "OPERATORS_NOT_FOUND"
        return orjson.dumps({"status": "success", "countryOperators": found})

    def _get_number(self, params: _Params) -> str:
        bought = self._buy(params)
        if isinstance(bought, str):
            return bought
        return f"ACCESS_NUMBER:{bought.id}:{bought.phone}"

    def _get_number_v2(self, params: _Params) -> str | bytes:
        bought = self._buy(params)
        if isinstance(bought, str):
            return bought
        return orjson.dumps(
            {
                "activationId": bought.id,
                "phoneNumber": bought.phone,
                "activationCost": orjson.Fragment(decimal_text(bought.cost)),
                "currency": 840,
                "countryCode": bought.country.id,
                "canGetAnotherSms": "1",
                "activationTime": utc_text(bought.bought_at),
                "activationEndTime": utc_text(bought.expires_at),
                "activationOperator": bought.operator,
            }
        )

    def _buy(self, params: _Params) -> Number | str:
        service, country = params.get("service", ""), params.get("country", "")
        if service not in self.catalogue.services:
            return "BAD_SERVICE"
        if country not in self.catalogue.countries:
            return "BAD_COUNTRY"
        order_id = params.get("orderId", "")
        if order_id in self.books.by_order_id:
            return "ORDER_ALREADY_EXISTS"
        now = time.time()
        if self.happens("banned"):
            until = utc_text(now + self.settings.ban_s).replace(":", "-")
            return f"BANNED:'{until}'"
        place = self.catalogue.countries[country]
        line = self.catalogue.lines.get((service, country))
        refusal = self._refusal(params, place, line, now)
        if line is None or refusal:
            return refusal or "NO_NUMBERS"
        return self.books.sell(
            service=(service, self.catalogue.services[service]),
            country=place,
            operator=_operator(params),
            cost=line.cost * 3 // 2 if self.happens("wrong_price") else line.cost,
            order_id=order_id,
            now=now,
        )

    def _refusal(self, params: _Params, country: Country, line: Line | None, now: float) -> str:
        """Return why there is nothing to sell, or nothing."""
        operator = _operator(params)
        if operator and operator not in country.operators:
            return "WRONG_OPERATOR"
        if line is None or not self._stock(line) or self.happens("no_stock"):
            return "NO_NUMBERS"
        try:
            highest = minor_units(params["maxPrice"]) if params.get("maxPrice") else line.cost
        except Unreadable:
            return "BAD_DATA"
        if highest < line.cost:
            return f"WRONG_MAX_PRICE:{decimal_text(line.cost)}"
        if self.books.balance < line.cost:
            self.books.open_now(now)  # some of them may have been paid back by now
        return "NO_BALANCE" if self.books.balance < line.cost else ""

    def _set_status(self, params: _Params) -> str:
        now = time.time()
        number = self._find(params, now)
        if number is None:
            return "NO_ACTIVATION"
        match params.get("status"):
            case "1" if number.is_open:
                return "ACCESS_READY"
            case "3" if number.state is State.RECEIVED:
                self.books.ask_again(number, now)
                return "ACCESS_RETRY_GET"
            case "6" if number.state in (State.RECEIVED, State.RETRY):
                self.books.close(number, State.FINISHED, now)
                return "ACCESS_ACTIVATION"
            case "8" | "-1":
                return self._cancel(number, now)
            case _:
                return "BAD_STATUS"

    def _cancel(self, number: Number, now: float) -> str:
        if number.state in (State.CANCELLED, State.TIMED_OUT):
            return "ACCESS_CANCEL_ALREADY"
        if number.state is not State.WAITING:
            return "BAD_STATUS"
        locked = now < number.bought_at + self.settings.cancel_lock_s
        if locked or self.happens("early_cancel"):
            return "EARLY_CANCEL_DENIED"
        if self.happens("code_during_cancel"):
            self.books.deliver(number, now)
            return "BAD_STATUS"
        if self.happens("lying_cancel"):
            self.books.promise_code(number, now)
        else:
            self.books.close(number, State.CANCELLED, now)
        return "ACCESS_CANCEL"

    def _get_status(self, params: _Params) -> str:
        number = self._find(params, time.time())
        return "NO_ACTIVATION" if number is None else _status(number)

    def _get_status_v2(self, params: _Params) -> str | bytes:
        number = self._find(params, time.time())
        if number is None:
            return "NO_ACTIVATION"
        if not number.is_open:
            return "STATUS_CANCEL"
        last = number.messages[-1] if number.messages else None
        sms = last and {"dateTime": utc_text(last.at), "code": last.code, "text": last.text}
        return orjson.dumps({"verificationType": 0, "sms": sms, "call": None})

    def _get_full_sms(self, params: _Params) -> str:
        number = self._find(params, time.time())
        if number is None:
            return "NO_ACTIVATION"
        if number.state is State.RECEIVED:
            return f"FULL_SMS:{number.messages[-1].text}"
        return _status(number)

    def _get_all_sms(self, params: _Params) -> str | bytes:
        number = self._find(params, time.time())
        if number is None:
            return "NO_ACTIVATION"
        if number.state in (State.CANCELLED, State.TIMED_OUT):
            return "STATUS_CANCEL"
        data = [
            {"code": message.code, "text": message.text, "date": utc_text(message.at)}
            for message in number.messages
        ]
        return orjson.dumps({"data": data, "meta": {"total": len(data)}})

    def _get_active_activations(self, _params: _Params) -> str | bytes:
        found = self.books.open_now(time.time())
        if self.settings.faults.get("missing_from_list"):
            found = [number for number in found if not self.happens("missing_from_list")]
        rows = b",".join(number.row for number in found)
        if not rows:
            return "NO_ACTIVATIONS"
        return b'{"status":"success","activeActivations":[' + rows + b"]}"

    def _get_history(self, params: _Params) -> str | bytes:
        now = time.time()
        self.books.open_now(now)
        try:
            start, end = float(params.get("start", "0")), float(params.get("end", str(now)))
            offset, limit = int(params.get("offset", "0")), int(params.get("limit", "50"))
        except ValueError:
            return "WRONG_DATE"
        found = [
            number
            for number in reversed(self.books.all.values())
            if start <= number.bought_at <= end
        ]
        return orjson.dumps([_past(number) for number in found[offset:][: min(limit, 100)]])

    def _find(self, params: _Params, now: float) -> Number | None:
        number = self.books.find(params.get("id", ""), now)
        return None if number is None or self.happens("no_activation") else number

    def _stock(self, line: Line) -> int:
        return line.stock if self.settings.stock is None else self.settings.stock


def _operator(params: _Params) -> str:
    operator = params.get("operator", "")
    return "" if operator == "any" else operator


def _status(number: Number) -> str:
    if number.state is State.WAITING:
        return "STATUS_WAIT_CODE"
    if number.state is State.RETRY:
        return f"STATUS_WAIT_RETRY:{_said(number.messages[-1])}"
    if number.state is State.RECEIVED:
        return f"STATUS_OK:{_said(number.messages[-1])}"
    return "STATUS_CANCEL"


def _said(message: Message) -> str:
    """Return the code, or the whole text where the supplier recognized none in it."""
    return message.code or message.text


def _past(number: Number) -> dict[str, object]:
    return {
        "id": number.id,
        "date": utc_text(number.bought_at),
        "phone": number.phone,
        "sms": [message.text for message in number.messages] or None,
        "cost": orjson.Fragment(decimal_text(number.cost)),
        "status": number.numeral,
        "currency": 840,
    }
