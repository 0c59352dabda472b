"""The handler protocol as the simulated supplier answers it: parameters in, a token or JSON out."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import orjson

from suppliers.reading import Unreadable, decimal_text, minor_units
from suppliers.simulator import printing
from suppliers.simulator.account import Account, Closing, NotSold, Why
from suppliers.simulator.books import Number, State, utc_text
from suppliers.simulator.manners import CLASSIC, Manner, Shape
from suppliers.simulator.speaking import Asked, Said, Speaker, amount, as_json

_Params = Mapping[str, str]
_PATHS = ("/stubs/handler_api.php", "/stubs/handler_api")
_PURCHASES = ("getNumber", "getNumberV2")
# asked without a key, these answer in words even where everything else does in JSON
_CATALOGUE = ("getCountries", "getServicesList", "getPrices", "getOperators")

_NOT_SOLD = {
    Why.BAD_SERVICE: "BAD_SERVICE",
    Why.BAD_COUNTRY: "BAD_COUNTRY",
    Why.BAD_OPERATOR: "WRONG_OPERATOR",
    Why.SOLD_BEFORE: "ORDER_ALREADY_EXISTS",
    Why.PROHIBITED: "PROHIBITED",
    Why.NO_STOCK: "NO_NUMBERS",
    Why.NO_MONEY: "NO_BALANCE",
}

# what is told apart here and has one word in the classic protocol
_CLASSIC = {"HAS_CODE": "BAD_STATUS", "CLOSED": "BAD_STATUS", "PROHIBITED": "NO_NUMBERS"}


class _Word(Exception):
    """What is answered instead; `rest` follows the word, `info` goes with it in JSON."""

    def __init__(self, word: str, rest: str = "", **info: Any) -> None:
        super().__init__(word)
        self.word = word
        self.rest = rest
        self.info = info


class Handler(Speaker):
    """One account's handler, in the manner of one member of the family."""

    address = _PATHS[0]

    def __init__(self, account: Account, manner: Manner = CLASSIC) -> None:
        super().__init__(account)
        self._manner = manner
        self._actions: dict[str, Callable[[_Params], str | bytes]] = {
            "getBalance": self._get_balance,
            "getCountries": self._get_countries,
            "getServicesList": self._get_services_list,
            "getOperators": self._get_operators,
            "getNumber": self._get_number,
            "setStatus": self._set_status,
            "getStatus": self._get_status,
            "getStatusV2": self._get_status_v2,
        }
        more: dict[str, Callable[[_Params], str | bytes]] = {
            "getNumberV2": self._get_number_v2,
            "getFullSms": self._get_full_sms,
            "getAllSms": self._get_all_sms,
            "getActiveActivations": self._get_active_activations,
            "getHistory": self._get_history,
            "finishActivation": self._finish_activation,
            "cancelActivation": self._cancel_activation,
        }
        self._actions |= {name: more[name] for name in manner.more}
        self._actions |= {
            name: partial(self._get_prices, shape=shape) for name, shape in manner.prices.items()
        }

    def speaks(self, path: str) -> bool:
        return path in _PATHS

    def is_purchase(self, asked: Asked) -> bool:
        return asked.params.get("action") in _PURCHASES

    def too_fast(self) -> Said:
        status, text = self._manner.too_fast
        return Said(text, status)

    def answer(self, asked: Asked) -> Said:
        params = asked.params
        action = params.get("action", "")
        try:
            answer = self._carry_out(action, params)
        except _Word as said:
            return self._say(action, said)
        if isinstance(answer, bytes):
            return Said(answer, content_type=self._manner.json_type)
        return Said(answer, 200 if answer else 204)

    def _carry_out(self, action: str, params: _Params) -> str | bytes:
        carry_out = self._actions.get(action)
        self.count(action if carry_out else "unknown")
        if not params.get("api_key"):
            raise _Word("NO_KEY")
        if params["api_key"] != self.account.api_key:
            raise _Word("BAD_KEY")
        if carry_out is None:
            raise _Word("BAD_ACTION")
        return carry_out(params)

    def _say(self, action: str, said: _Word) -> Said:
        word = self._manner.words.get(said.word) or _CLASSIC.get(said.word, said.word)
        status = self._manner.statuses.get(word)
        if status is None or (action in _CATALOGUE and said.word in ("NO_KEY", "BAD_KEY")):
            return Said(word + said.rest)
        body = {"title": word, "details": word.replace("_", " ").lower(), "info": said.info}
        return as_json(body, status=status, content_type=self._manner.json_type)

    def _get_balance(self, _params: _Params) -> str:
        self.account.books.open_now(time.time())
        return f"ACCESS_BALANCE:{decimal_text(self.account.books.balance)}"

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
                for country in self.account.catalogue.countries.values()
            }
        )

    def _get_services_list(self, _params: _Params) -> bytes:
        services = self.account.catalogue.services.values()
        listed = [{"code": service.code, "name": service.name} for service in services]
        return orjson.dumps({"status": "success", "services": listed})

    def _get_prices(self, params: _Params, shape: Shape) -> bytes:
        catalogue = self.account.catalogue
        prices: dict[str, dict[str, Any]] = {}
        for country in [params["country"]] if "country" in params else catalogue.countries:
            for service in [params["service"]] if "service" in params else catalogue.services:
                if offers := self.account.offers(service, country):
                    prices.setdefault(country, {})[service] = printing.line(offers, shape)
        return orjson.dumps(prices)

    def _get_operators(self, params: _Params) -> bytes | str:
        wanted = params.get("country")
        found = {
            country.id: country.operators
            for country in self.account.catalogue.countries.values()
            if wanted in (None, country.id)
        }
        if not found:
            return "OPERATORS_NOT_FOUND"
        return orjson.dumps({"status": "success", "countryOperators": found})

    def _get_number(self, params: _Params) -> str:
        bought = self._buy(params)
        return f"ACCESS_NUMBER:{bought.id}:{bought.phone}"

    def _get_number_v2(self, params: _Params) -> bytes:
        bought = self._buy(params)
        ends = utc_text(bought.expires_at)
        unlocks = utc_text(bought.bought_at + self.account.settings.cancel_lock_s)
        return orjson.dumps(
            {
                "activationId": bought.id,
                "phoneNumber": bought.phone,
                "activationCost": amount(bought.cost),
                "currency": 840,
                "countryCode": bought.country.id,
                "canGetAnotherSms": "1",
                "activationTime": utc_text(bought.bought_at),
                **(
                    {"activationCancel": unlocks, "activationEnd": ends}
                    if self._manner.active is Shape.BARE
                    else {"activationEndTime": ends}
                ),
                "activationOperator": bought.operator,
            }
        )

    def _buy(self, params: _Params) -> Number:
        manner = self._manner
        limits = [params[name] for name in manner.max_price if params.get(name)]
        try:
            highest = minor_units(limits[0]) if limits else None
        except Unreadable:
            raise _Word("BAD_DATA") from None
        operator = params.get(manner.operator, "")
        try:
            return self.account.buy(
                params.get("service", ""),
                params.get("country", ""),
                operator="" if operator == "any" else operator,
                highest=highest,
                order_id=params.get(manner.order_id, "") if manner.order_id else "",
                end_user=params.get(manner.end_user, ""),
                now=time.time(),
            )
        except NotSold as refusal:
            raise self._not_sold(refusal) from None

    def _not_sold(self, refusal: NotSold) -> _Word:
        if refusal.why is Why.BANNED:
            until = utc_text(refusal.until)
            seconds = int(refusal.until - time.time()) + 1
            return _Word(
                "BANNED",
                f":'{until.replace(':', '-')}'",
                scope="global",
                banned_until=until,
                retry_after_seconds=seconds,
            )
        if refusal.why is Why.TOO_DEAR:
            return _Word(
                "WRONG_MAX_PRICE", f":{decimal_text(refusal.cost)}", min=amount(refusal.cost)
            )
        return _Word(_NOT_SOLD[refusal.why])

    def _set_status(self, params: _Params) -> str:
        now = time.time()
        number = self._find(params, now)
        status = params.get("status", "")
        if status not in self._manner.set_status:
            raise _Word("BAD_STATUS")
        match status:
            case "1" if number.is_open:
                return "ACCESS_READY"
            case "3" if number.state is State.RECEIVED:
                self.account.books.ask_again(number, now)
                return "ACCESS_RETRY_GET"
            case "6":
                self._finish(number, now)
                return "ACCESS_ACTIVATION"
            case "8" | "-1":
                self._cancel(number, now)
                return "ACCESS_CANCEL"
        raise _Word("BAD_STATUS")

    def _finish_activation(self, params: _Params) -> str:
        now = time.time()
        self._finish(self._find(params, now), now)
        return ""

    def _cancel_activation(self, params: _Params) -> str:
        now = time.time()
        self._cancel(self._find(params, now), now)
        return ""

    def _finish(self, number: Number, now: float) -> None:
        if number.state not in (State.RECEIVED, State.RETRY):
            raise _Word("BAD_STATUS" if number.is_open else "CLOSED")
        self.account.books.close(number, State.FINISHED, now)

    def _cancel(self, number: Number, now: float) -> None:
        match self.account.cancel(number, now):
            case Closing.CLOSED:
                raise _Word("ACCESS_CANCEL_ALREADY")
            case Closing.HAS_CODE:
                raise _Word("HAS_CODE")
            case Closing.TOO_EARLY:
                lock = int(self.account.settings.cancel_lock_s)
                raise _Word("EARLY_CANCEL_DENIED", minActivationTime=lock)

    def _get_status(self, params: _Params) -> str:
        return printing.status(self._find(params, time.time()))

    def _get_status_v2(self, params: _Params) -> str | bytes:
        number = self._find(params, time.time())
        if not number.is_open:
            return "STATUS_CANCEL"
        last = number.messages[-1] if number.messages else None
        sms = last and {"dateTime": utc_text(last.at), "code": last.code, "text": last.text}
        return orjson.dumps({"verificationType": 0, "sms": sms, "call": None})

    def _get_full_sms(self, params: _Params) -> str:
        number = self._find(params, time.time())
        if number.state is State.RECEIVED:
            return f"FULL_SMS:{number.messages[-1].text}"
        return printing.status(number)

    def _get_all_sms(self, params: _Params) -> str | bytes:
        number = self._find(params, time.time())
        if number.closed_at is not None and number.state is not State.FINISHED:
            if "ACTIVATION_NOT_ACTIVE" in self._manner.statuses:
                raise _Word("ACTIVATION_NOT_ACTIVE")
            return "STATUS_CANCEL"
        data = [
            {
                "id": f"{number.id}-{index}",
                "phoneFrom": number.service.name,
                "code": message.code,
                "text": message.text,
                "service": number.service.code,
                "date": utc_text(message.at),
                "type": "sms",
            }
            for index, message in enumerate(number.messages)
        ]
        return orjson.dumps({"data": data, "meta": {"total": len(data)}})

    def _get_active_activations(self, params: _Params) -> str | bytes:
        found = list(self.account.open_now(time.time()))
        if self._manner.page:
            start = int(params.get("start", "0"))
            found = found[start:][: min(int(params.get("limit", "50")), self._manner.page)]
        for number in found:
            if not number.row:
                number.row = printing.row(number, all_codes=self._manner.all_codes)
        rows = b",".join(number.row for number in found)
        match self._manner.active:
            case Shape.BARE:
                return b"[" + rows + b"]"
            case Shape.DATA:
                return b'{"status":"success","data":[' + rows + b"]}"
        if not rows:
            return "NO_ACTIVATIONS"
        return b'{"status":"success","activeActivations":[' + rows + b"]}"

    def _get_history(self, params: _Params) -> str | bytes:
        now = time.time()
        try:
            start, end = float(params.get("start", "0")), float(params.get("end", str(now)))
            offset = int(params.get("offset", "0"))
            limit = int(params.get("limit") or params.get("size") or "50")
        except ValueError:
            return "WRONG_DATE"
        found = self.account.bought_between(start, end)[offset:]
        return orjson.dumps([printing.past(number) for number in found[: min(limit, 100)]])

    def _find(self, params: _Params, now: float) -> Number:
        number = self.account.find(params.get("id", ""), now)
        if number is None:
            raise _Word("NO_ACTIVATION")
        return number
