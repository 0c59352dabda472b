"""SMSPool's API as the simulated supplier answers it: JSON throughout, errors in sentences.

Ids of services, countries and pools are invented here; names and short names are good for ids.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from suppliers.reading import Unreadable, decimal_text, minor_units
from suppliers.simulator.account import Account, Closing, NotSold, Why
from suppliers.simulator.books import Number, State, utc_text
from suppliers.simulator.catalogue import Country, Service
from suppliers.simulator.speaking import Asked, Said, Speaker, as_json

_POOLS = {"1": "Alpha", "2": "Bravo", "3": "Charlie"}
# what is the same for everybody needs no key
_OPEN_TO_ALL = frozenset(
    (
        "/country/retrieve_all",
        "/service/retrieve_all",
        "/pool/retrieve_all",
        "/request/price",
        "/request/pricing",
        "/sms/stock",
    )
)
_LETTERS = 8
_CODES = 26**_LETTERS
# has no factor in common with 26, so that every number has a code of its own
_SPREAD = 123_456_789_017
_STATUSES = {
    State.WAITING: (1, "pending"),
    State.RECEIVED: (3, "completed"),
    State.RETRY: (1, "pending"),
    State.FINISHED: (3, "completed"),
    State.CANCELLED: (6, "refunded"),
    State.BANNED: (6, "refunded"),
    State.TIMED_OUT: (6, "refunded"),
    State.REFUNDED: (6, "refunded"),
}
_NOT_SOLD = {
    Why.NO_STOCK: "OUT_OF_STOCK",
    Why.PROHIBITED: "OUT_OF_STOCK",
    Why.TOO_DEAR: "PRICE_NOT_FOUND",
    Why.NO_MONEY: "BALANCE_ERROR",
}


class _No(Exception):
    """An answer without success."""

    def __init__(self, message: str, status: int = 400, **more: object) -> None:
        super().__init__(message)
        self.body = {"success": 0, "message": message, **more}
        self.status = status


class SmsPool(Speaker):
    """One account at SMSPool."""

    def __init__(self, account: Account) -> None:
        super().__init__(account)
        catalogue = account.catalogue
        self._services = dict(enumerate(catalogue.services.values(), start=1))
        self._countries = dict(enumerate(catalogue.countries.values(), start=1))
        self._answers: dict[str, Callable[[Asked], object]] = {
            "/request/balance": self._balance,
            "/country/retrieve_all": self._country_list,
            "/service/retrieve_all": self._service_list,
            "/pool/retrieve_all": self._pool_list,
            "/request/pricing": self._pricing,
            "/request/price": self._price,
            "/sms/stock": self._stock,
            "/purchase/sms": self._purchase,
            "/sms/check": self._check,
            "/request/active": self._active,
            "/request/history": self._history,
            "/sms/cancel": self._cancel,
            "/sms/cancel_all": self._cancel_all,
            "/sms/check_resend": self._check_resend,
            "/sms/resend": self._resend,
        }

    def speaks(self, path: str) -> bool:
        return path in self._answers

    def is_purchase(self, asked: Asked) -> bool:
        return asked.path == "/purchase/sms"

    def too_fast(self) -> Said:
        return as_json({"success": 0, "message": "Too many requests."}, status=429)

    def reference(self, number: Number) -> str:
        rest, letters = number.id * _SPREAD % _CODES, ""
        for _ in range(_LETTERS):
            rest, letter = divmod(rest, 26)
            letters += chr(ord("A") + letter)
        return letters

    def number_id(self, reference: str) -> str:
        if len(reference) != _LETTERS or not reference.isascii() or not reference.isupper():
            return ""
        code = sum((ord(letter) - ord("A")) * 26**place for place, letter in enumerate(reference))
        return str(code * pow(_SPREAD, -1, _CODES) % _CODES)

    def answer(self, asked: Asked) -> Said:
        self.count(asked.path)
        key = asked.authorization.removeprefix("Bearer ") or asked.params.get("key")
        if key != self.account.api_key and asked.path not in _OPEN_TO_ALL:
            return as_json({"success": 0, "message": "Invalid API key"}, status=401)
        try:
            return as_json(self._answers[asked.path](asked))
        except _No as no:
            return as_json(no.body, status=no.status)

    def _balance(self, _asked: Asked) -> object:
        self.account.books.open_now(time.time())
        return {"balance": decimal_text(self.account.books.balance)}

    def _country_list(self, _asked: Asked) -> object:
        return [
            {"ID": key, "name": one.name, "short_name": _short_name(one), "region": "World"}
            for key, one in self._countries.items()
        ]

    def _service_list(self, _asked: Asked) -> object:
        return [{"ID": key, "name": one.name} for key, one in self._services.items()]

    def _pool_list(self, _asked: Asked) -> object:
        return [{"ID": int(key), "name": name} for key, name in _POOLS.items()]

    def _pricing(self, asked: Asked) -> object:
        wanted_service, wanted_country = asked.params.get("service"), asked.params.get("country")
        return [
            {
                "service": service_id,
                "service_name": service.name,
                "country": country_id,
                "country_name": country.name,
                "pool": int(pool),
                "price": decimal_text(line.cost),
            }
            for country_id, country in self._countries.items()
            if wanted_country in (None, *_country_names(country_id, country))
            for service_id, service in self._services.items()
            if wanted_service in (None, *_service_names(service_id, service))
            for pool, (_operator, line) in zip(
                _POOLS, self.account.offers(service.code, country.id), strict=False
            )
            if line.stock
        ]

    def _price(self, asked: Asked) -> object:
        service, country = self._goods(asked)
        if not (offers := self.account.offers(service.code, country.id)):
            raise _No("No price was found.", 422, type="PRICE_NOT_FOUND")
        costs = [line.cost for _operator, line in offers]
        return {
            "price": decimal_text(min(costs)),
            "high_price": decimal_text(max(costs)),
            "success_rate": "80.00",
            "pool": 1,
        }

    def _stock(self, asked: Asked) -> object:
        service, country = self._goods(asked)
        offers = self.account.offers(service.code, country.id)
        return {"success": 1, "amount": sum(line.stock for _operator, line in offers)}

    def _purchase(self, asked: Asked) -> object:
        service, country = self._goods(asked)
        operator = ""
        if pool := asked.params.get("pool"):
            known = next((place for place, one in enumerate(_POOLS.items()) if pool in one), None)
            if known is None:
                raise _No("This pool does not exist.")
            operator = country.operators[known]
        try:
            limit = asked.params.get("max_price")
            number = self.account.buy(
                service.code,
                country.id,
                operator=operator,
                highest=minor_units(limit) if limit else None,
                now=time.time(),
            )
        except Unreadable:
            raise _No("Invalid max_price.") from None
        except NotSold as refusal:
            raise _not_sold(refusal) from None
        return {
            "success": 1,
            "number": int(number.phone),
            "cc": country.prefix,
            "phonenumber": number.phone.removeprefix(country.prefix),
            "order_id": self.reference(number),
            "country": country.name,
            "service": service.name,
            "pool": _pool(number),
            "expires_in": int(number.expires_at - number.bought_at),
            "expiration": int(number.expires_at),
            "cost": decimal_text(number.cost),
            "cost_in_cents": number.cost // 100,
            "message": f"You have ordered a {service.name} number for <b>{country.name}</b>.",
        }

    def _check(self, asked: Asked) -> object:
        now = time.time()
        number = self._find(asked, now)
        status, _word = _STATUSES[number.state]
        if status == 6:
            return {"status": status, "message": "This order has been <b>refunded</b>."}
        times = {
            "expiration": int(number.expires_at),
            "time_left": max(0, int(number.expires_at - now)),
            "resend": 1,
        }
        if status == 1:
            return {"status": status, "message": "pending", **times}
        last = number.messages[-1]
        return {"status": status, "sms": last.code or "0", "full_sms": last.text, **times}

    def _active(self, _asked: Asked) -> object:
        now = time.time()
        return [self._row(number, now) for number in self.account.open_now(now)]

    def _history(self, asked: Asked) -> object:
        now = time.time()
        start, length = (int(asked.params.get(name, "0")) for name in ("start", "length"))
        found = self.account.bought_between(0, now)
        return [self._row(number, now) for number in found[start:][: length or None]]

    def _cancel(self, asked: Asked) -> object:
        now = time.time()
        number = self._find(asked, now)
        state = State.BANNED if asked.params.get("ban") == "1" else State.CANCELLED
        match self.account.cancel(number, now, state=state):
            case Closing.CLOSED:
                raise _No("This order has already been refunded.")
            case Closing.HAS_CODE:
                raise _No("This order has been completed.")
            case Closing.TOO_EARLY:
                raise _No("Your order cannot be cancelled yet, please try again later.")
        return {"success": 1, "message": "Your order has been <b>cancelled</b>."}

    def _cancel_all(self, _asked: Asked) -> object:
        now = time.time()
        waiting = [one for one in self.account.books.open_now(now) if one.state is State.WAITING]
        done = [one for one in list(waiting) if self.account.cancel(one, now) is Closing.DONE]
        return {"success": 1, "refunded_orders": [self.reference(number) for number in done]}

    def _check_resend(self, asked: Asked) -> object:
        self._find(asked, time.time())
        return {"success": 1, "resends": 5, "resendCost": "0.00", "expires_in_hour": 1}

    def _resend(self, asked: Asked) -> object:
        now = time.time()
        number = self._find(asked, now)
        if number.state is not State.RECEIVED:
            raise _No("You have not received an SMS on this order.")
        self.account.books.close(number, State.FINISHED, now)
        again = self.account.books.sell_again(number, now)
        return {
            "success": 1,
            "message": "The number has been requested again.",
            "resend": 1,
            "charge": "0.00",
            "order_id": self.reference(again),
        }

    def _goods(self, asked: Asked) -> tuple[Service, Country]:
        for name in ("service", "country"):
            if not asked.params.get(name):
                missing = {"message": "is required", "param": name, "description": ""}
                raise _No("Missing parameter", errors=[missing])
        for key, service in self._services.items():
            if asked.params["service"] in _service_names(key, service):
                break
        else:
            raise _No("This service does not exist.")
        for key, country in self._countries.items():
            if asked.params["country"] in _country_names(key, country):
                return service, country
        raise _No("This country does not exist.")

    def _find(self, asked: Asked, now: float) -> Number:
        reference = asked.params.get("orderid") or asked.params.get("order_id") or ""
        number = self.account.find(self.number_id(reference), now)
        if number is None:
            raise _No("We could not find this order!")
        return number

    def _row(self, number: Number, now: float) -> dict[str, object]:
        last = number.messages[-1] if number.messages else None
        return {
            "cost": decimal_text(number.cost),
            "order_code": self.reference(number),
            "phonenumber": number.phone,
            "code": (last and last.code) or "0",
            "full_code": last.text if last else "0",
            "short_name": _short_name(number.country),
            "service": number.service.name,
            "status": _STATUSES[number.state][1],
            "pool": _pool(number),
            "timestamp": utc_text(number.bought_at),
            "expiry": str(int(number.expires_at)),
            "time_left": max(0, int(number.expires_at - now)),
        }


def _not_sold(refusal: NotSold) -> _No:
    if refusal.why is Why.BANNED:
        return _No("Your account is <b>suspended</b>.", 403)
    name = _NOT_SOLD[refusal.why]
    said = f"<div>{name.replace('_', ' ').capitalize()}.</div>"
    return _No(said, 422, type=name, errors=[], pools={"Alpha": {"type": name, "message": said}})


def _pool(number: Number) -> str:
    return list(_POOLS)[number.country.operators.index(number.operator)]


def _short_name(country: Country) -> str:
    return f"{country.iso}_V" if "virtual" in country.name else country.iso


def _country_names(key: int, country: Country) -> Iterator[str]:
    yield from (str(key), country.name, _short_name(country))


def _service_names(key: int, service: Service) -> Iterator[str]:
    yield from (str(key), service.name)
