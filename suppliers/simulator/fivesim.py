"""5sim's API v1 as the simulated supplier answers it: JSON, or a bare sentence where it will not.

A purchase that finds no numbers is answered with status 200, and an order that is RECEIVED has
not received anything yet.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from suppliers.reading import Unreadable, minor_units
from suppliers.simulator.account import Account, Closing, NotSold, Why
from suppliers.simulator.books import Number, State, zoned_text
from suppliers.simulator.catalogue import Country
from suppliers.simulator.speaking import Asked, Said, Speaker, amount, as_json

# what the trade's operators are called here
_OPERATORS = ("virtual21", "virtual34", "virtual7")
_STATUSES = {
    State.WAITING: "RECEIVED",
    State.RECEIVED: "RECEIVED",
    State.RETRY: "RECEIVED",
    State.FINISHED: "FINISHED",
    State.CANCELLED: "CANCELED",
    State.BANNED: "BANNED",
    State.TIMED_OUT: "TIMEOUT",
    State.REFUNDED: "CANCELED",
}
_NOT_SOLD = {
    Why.BAD_SERVICE: ("product is incorrect", 400),
    Why.BAD_COUNTRY: ("country is incorrect", 400),
    Why.BAD_OPERATOR: ("bad operator", 400),
    Why.BANNED: ("not enough rating", 400),
    Why.NO_MONEY: ("not enough user balance", 400),
    # a limit that is too low leaves nothing to choose from
    Why.TOO_DEAR: ("no free phones", 200),
    Why.NO_STOCK: ("no free phones", 200),
    Why.PROHIBITED: ("no product", 400),
}


_PAGE = {"offset": "0", "limit": "15"}


class _Sentence(Exception):
    """What is answered instead of JSON."""

    def __init__(self, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.text = text
        self.status = status


class FiveSim(Speaker):
    """One account at 5sim."""

    address = "/v1"

    def __init__(self, account: Account) -> None:
        super().__init__(account)
        catalogue = account.catalogue
        self._services = {one.fivesim: one for one in catalogue.services.values() if one.fivesim}
        self._countries = {one.fivesim: one for one in catalogue.countries.values() if one.fivesim}
        # by what follows /v1/, with how many more parts there are in the path
        self._answers: dict[tuple[str, int], Callable[..., object]] = {
            ("user/profile", 0): self._profile,
            ("user/orders", 0): self._orders,
            ("user/buy/activation", 3): self._buy,
            ("user/check", 1): self._check,
            ("user/finish", 1): self._finish,
            ("user/cancel", 1): self._cancel,
            ("user/ban", 1): self._ban,
            ("user/sms/inbox", 1): self._inbox,
            ("guest/countries", 0): self._guest_countries,
            ("guest/products", 2): self._guest_products,
            ("guest/prices", 0): self._guest_prices,
        }

    def speaks(self, path: str) -> bool:
        return path.startswith("/v1/")

    def is_purchase(self, asked: Asked) -> bool:
        return asked.path.startswith("/v1/user/buy/")

    def too_fast(self) -> Said:
        return Said("api limit is 100 requests per second", 429)

    def answer(self, asked: Asked) -> Said:
        path = asked.path.removeprefix("/v1/")
        for (name, count), carry_out in self._answers.items():
            if path == name or path.startswith(f"{name}/"):
                rest = path.removeprefix(name).split("/")[1:]
                if len(rest) == count:
                    return self._carry_out(name, carry_out, asked, rest)
        self.count("unknown")
        return Said("404 page not found", 404)

    def _carry_out(
        self, name: str, carry_out: Callable[..., object], asked: Asked, rest: list[str]
    ) -> Said:
        self.count(name)
        if name.startswith("user/") and asked.authorization != f"Bearer {self.account.api_key}":
            return Said("invalid token", 401)
        try:
            return as_json(carry_out(asked, *rest))
        except _Sentence as sentence:
            return Said(sentence.text, sentence.status)

    def _profile(self, _asked: Asked) -> object:
        books = self.account.books
        open_count = len(list(books.open_now(time.time())))
        return {
            "id": 1,
            "email": "shop@nexotp.test",
            "balance": amount(books.balance),
            "rating": 96,
            "default_country": {"name": "russia", "iso": "ru", "prefix": "+7"},
            "default_operator": {"name": "any"},
            "frozen_balance": 0,
            "default_forwarding_number": "",
            "total_active_orders": open_count,
        }

    def _orders(self, asked: Asked) -> object:
        if asked.params.get("category") != "activation":
            found = []
        else:
            # An order that the list leaves out is there all the same.
            listed = {number.id for number in self.account.open_now(time.time())}
            numbers = self.account.books.all.values()
            found = [number for number in numbers if not number.is_open or number.id in listed]
        if asked.params.get("reverse") == "true":
            found.reverse()
        offset, limit = (int(asked.params.get(name, usual)) for name, usual in _PAGE.items())
        rows = [self._order(number) for number in found[offset:][:limit]]
        names = [{"Name": "activation"}]
        return {
            "Data": rows or None,
            "ProductNames": names,
            "Statuses": names,
            "Total": len(found),
        }

    def _buy(self, asked: Asked, country: str, operator: str, product: str) -> object:
        if country not in self._countries:
            raise _Sentence("country is incorrect")
        if product not in self._services:
            raise _Sentence("product is incorrect")
        place = self._countries[country]
        if operator not in ("any", *_OPERATORS):
            raise _Sentence("bad operator")
        try:
            # a limit counts for any operator only
            limit = asked.params.get("maxPrice") if operator == "any" else None
            number = self.account.buy(
                self._services[product].code,
                place.id,
                operator="" if operator == "any" else place.operators[_OPERATORS.index(operator)],
                highest=minor_units(limit) if limit else None,
                now=time.time(),
            )
        except Unreadable:
            raise _Sentence("bad price") from None
        except NotSold as refusal:
            raise _Sentence(*_NOT_SOLD[refusal.why]) from None
        return self._order(number)

    def _check(self, _asked: Asked, number_id: str) -> object:
        return self._order(self._find(number_id))

    def _finish(self, _asked: Asked, number_id: str) -> object:
        number = self._find(number_id)
        if not number.is_open:
            raise _Sentence("order expired")
        if not number.messages:
            raise _Sentence("order no sms")
        self.account.books.close(number, State.FINISHED, time.time())
        return self._order(number)

    def _cancel(self, _asked: Asked, number_id: str) -> object:
        return self._close(number_id, State.CANCELLED)

    def _ban(self, _asked: Asked, number_id: str) -> object:
        return self._close(number_id, State.BANNED)

    def _close(self, number_id: str, state: State) -> object:
        now = time.time()
        number = self._find(number_id)
        match self.account.cancel(number, now, state=state):
            case Closing.CLOSED:
                raise _Sentence("order expired")
            case Closing.HAS_CODE:
                raise _Sentence("order has sms")
            case Closing.TOO_EARLY:
                left = self.account.lock_left(number, now)
                raise _Sentence(f"you need to wait {left} seconds before cancel")
        return {**self._order(number), "status": _STATUSES[state]}

    def _inbox(self, _asked: Asked, number_id: str) -> object:
        number = self._find(number_id)
        rows = [{"ID": index, **one} for index, one in enumerate(self._sms(number), start=1)]
        return {"Data": rows, "Total": len(rows)}

    def _guest_countries(self, _asked: Asked) -> object:
        return {
            slug: {
                "iso": {country.iso.lower(): 1},
                "prefix": {f"+{country.prefix}": 1},
                "text_en": country.name,
                "text_ru": country.name,
                **{operator: {"activation": 1} for operator in _OPERATORS},
            }
            for slug, country in self._countries.items()
        }

    def _guest_products(self, _asked: Asked, country: str, _operator: str) -> object:
        if country not in ("any", *self._countries):
            raise _Sentence("country is incorrect")
        return {
            slug: {"Category": "activation", "Qty": 1000, "Price": 1} for slug in self._services
        } | {"3hours": {"Category": "hosting", "Qty": 1000, "Price": 1}}

    def _guest_prices(self, asked: Asked) -> object:
        wanted_country, wanted = asked.params.get("country"), asked.params.get("product")
        if wanted_country not in (None, *self._countries):
            raise _Sentence("country is incorrect")
        if wanted not in (None, *self._services):
            raise _Sentence("product is incorrect")
        countries = [wanted_country] if wanted_country else list(self._countries)
        products = [wanted] if wanted else list(self._services)
        prices: dict[str, dict[str, object]] = {}
        for country in countries:
            for product in products:
                if lines := self._lines(self._services[product].code, self._countries[country]):
                    outer, inner = (product, country) if wanted else (country, product)
                    prices.setdefault(outer, {})[inner] = lines
        return prices or None

    def _lines(self, service: str, country: Country) -> dict[str, object]:
        return {
            name: {"cost": amount(line.cost), "count": line.stock, "rate": 60 + 10 * index}
            for index, (name, (_operator, line)) in enumerate(
                zip(_OPERATORS, self.account.offers(service, country.id), strict=False)
            )
        }

    def _find(self, number_id: str) -> Number:
        number = self.account.find(number_id, time.time())
        if number is None:
            raise _Sentence("order not found", 404)
        return number

    def _order(self, number: Number) -> dict[str, object]:
        sms = self._sms(number)
        return {
            "id": number.id,
            "phone": f"+{number.phone}",
            "operator": _OPERATORS[number.country.operators.index(number.operator)],
            "product": number.service.fivesim,
            "price": amount(number.cost),
            "status": _STATUSES[number.state],
            "expires": _nanoseconds(number.expires_at),
            "sms": sms or None,
            "created_at": _nanoseconds(number.bought_at),
            "forwarding": False,
            "forwarding_number": "",
            "country": number.country.fivesim,
        }

    def _sms(self, number: Number) -> list[dict[str, object]]:
        return [
            {
                "created_at": _nanoseconds(message.at),
                "date": _nanoseconds(message.at),
                "sender": number.service.name,
                "text": message.text,
                "code": message.code or "",
            }
            for message in number.messages
        ]


def _nanoseconds(moment: float) -> str:
    """Print a time with more digits than anybody needs."""
    return zoned_text(moment).replace("Z", "123Z")
