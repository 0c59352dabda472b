"""What a request asks for: its parameters, from the query or a form, read one by one.

Parameters that we do not know are ignored; one that we cannot read refuses the request, since
whoever sends a limit counts on it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_FLOOR, Decimal, InvalidOperation
from functools import cached_property

from django.conf import settings
from django.http import HttpRequest

from accounts.models import ApiKey, User
from catalog.account_prices import AccountPrices, prices_for
from catalog.models import Country, Service
from catalog.trade import country_by_trade, service_by_trade
from nexotp.lib.errors import InvalidRequest
from nexotp.lib.fields import Fields
from nexotp.lib.money import EXPONENTS
from orders.handler.dialects import Manner
from orders.handler.words import BAD_COUNTRY, BAD_SERVICE, WRONG_DATE, Refusal
from orders.lookup import OrderNotFound
from orders.models import Order

ANY_COUNTRY = "any"
# Where a program names no country, the protocol means Russia.
_USUAL_COUNTRY = "0"
_MOST_NAMES = 100
_MOST_DIGITS = 18
_MOST_SECONDS = 10**11
_NO = frozenset({"", "0", "false", "none", "null"})


@dataclass
class Asked:
    """One request of an account whose key has been checked."""

    request: HttpRequest
    params: Mapping[str, str]
    manner: Manner
    key: ApiKey
    found_order: Order | None
    now: datetime

    @property
    def account(self) -> User:
        return self.key.user

    @cached_property
    def prices(self) -> AccountPrices:
        """What the account pays."""
        return prices_for(self.account, now=self.now)

    @property
    def mode(self) -> str:
        return self.key.mode

    @property
    def order(self) -> Order:
        """The order whose number the request names. Raises OrderNotFound."""
        if self.found_order is None:
            raise OrderNotFound
        return self.found_order

    def text(self, name: str) -> str:
        return self.params.get(name, "").strip()

    def is_yes(self, name: str) -> bool:
        return self.text(name).lower() not in _NO

    def names(self, name: str) -> frozenset[str]:
        """Return the names in a list with commas. Raises InvalidRequest."""
        text = self.text(name)
        names = frozenset(filter(None, map(str.strip, text.split(","))))
        if len(names) > _MOST_NAMES or not text.isprintable():
            raise InvalidRequest
        return names

    def operators(self) -> frozenset[str]:
        """Return the operators named; `any` names none."""
        names = self.names("operator")
        return frozenset() if "any" in names else names

    def number(self, name: str, *, usual: int, most: int) -> int:
        """Return a whole number, at most so much. Raises InvalidRequest."""
        text = self.text(name)
        if not text:
            return usual
        if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
            raise InvalidRequest
        return min(int(text), most)

    @cached_property
    def service(self) -> Service | None:
        """The service named, if any. Raises Refusal."""
        name = self.text("service")
        if not name:
            return None
        if (found := service_by_trade(name, self.mode)) is None:
            raise Refusal(BAD_SERVICE)
        return found

    @cached_property
    def country(self) -> Country | None:
        """The country named, if any. Raises Refusal."""
        name = self.text("country")
        if not name or name == ANY_COUNTRY:
            return None
        if (found := country_by_trade(name)) is None:
            raise Refusal(BAD_COUNTRY)
        return found

    def needed_service(self) -> Service:
        """Raises Refusal."""
        if self.service is None:
            raise Refusal(BAD_SERVICE)
        return self.service

    def usual_country(self) -> Country:
        """Return the country named, or the one that the protocol means. Raises Refusal."""
        found = self.country or country_by_trade(_USUAL_COUNTRY)
        if found is None:
            raise Refusal(BAD_COUNTRY)
        return found

    def highest_price(self) -> int | None:
        """Return `maxPrice` in minor units of the shop's currency, rounded down.

        Raises InvalidRequest, also where it is there and empty.
        """
        if "maxPrice" not in self.params:
            return None
        try:
            amount = Decimal(self.text("maxPrice"))
        except InvalidOperation as error:
            raise InvalidRequest from error
        if not amount.is_finite() or abs(amount) > Decimal(10) ** _MOST_DIGITS:
            raise InvalidRequest
        minor = amount.scaleb(EXPONENTS[settings.SHOP_CURRENCY])
        return int(minor.to_integral_value(ROUND_FLOOR))

    def moment(self, name: str) -> datetime | None:
        """Return a time given as seconds since 1970 or in ISO 8601. Raises Refusal."""
        text = self.text(name)
        if not text:
            return None
        if text.isascii() and text.isdigit():
            seconds = int(text) if len(text) <= _MOST_DIGITS else _MOST_SECONDS
            if seconds >= _MOST_SECONDS:
                raise Refusal(WRONG_DATE)
            return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
        fields = Fields(self.params)
        found = fields.moment(name)
        if fields.problems:
            raise Refusal(WRONG_DATE)
        return found
