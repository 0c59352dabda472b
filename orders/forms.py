"""What a request for an order may say, checked field by field."""

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext_lazy as _

from catalog.lookup import find_country, find_service, is_known_provider
from catalog.models import ANY_PROVIDER, Country, Service
from nexotp.lib.errors import InvalidRequest
from nexotp.lib.fields import Fields
from orders.actions import OrderRequest

_REQUIRED = _("This field is required.")


def read_order_request(data: Any, *, header_key: str | None, mode: str) -> OrderRequest:
    """Return the request that a JSON body and the Idempotency-Key header make.

    Raises InvalidRequest naming every field that is wrong.
    """
    if not isinstance(data, Mapping):
        raise InvalidRequest(_("The body must be a JSON object."))
    reader = _Reader(data)
    service = reader.service(mode)
    country = reader.country()
    provider = reader.provider(mode)
    best_delivery = reader.pricing_option()
    max_price = reader.max_price()
    key = reader.key(header_key)
    if reader.problems or service is None or country is None:
        raise InvalidRequest(fields=reader.problems)
    return OrderRequest(
        service=service,
        country=country,
        provider=provider,
        best_delivery=best_delivery,
        max_price_usd=max_price,
        key=key,
    )


_DECIMAL = re.compile(r"\d{1,7}(\.\d{1,10})?([eE]-\d{1,2})?", re.ASCII)


class _Reader(Fields):
    """The fields of one order's body."""

    def service(self, mode: str) -> Service | None:
        found: Service | None = self._known("service", lambda named: find_service(named, mode))
        return found

    def country(self) -> Country | None:
        found: Country | None = self._known("country", find_country)
        return found

    def _known(self, field: str, find: Any) -> Any:
        before = len(self.problems)
        named = self.text(field)
        if named is None:
            if len(self.problems) == before:
                self.wrong(field, "required", _REQUIRED)
            return None
        try:
            return find(named)
        except InvalidRequest as problem:
            self.problems += problem.fields
            return None

    def provider(self, mode: str) -> str:
        """`provider` and `pool` are the two documents' names for the same choice."""
        provider, pool = self.text("provider"), self.text("pool")
        if provider and pool and provider != pool:
            self.wrong("pool", "conflict", _("`provider` and `pool` say different things."))
        chosen = provider or pool or ANY_PROVIDER
        if not is_known_provider(chosen, mode):
            field = "provider" if provider else "pool"
            self.wrong(field, "unknown", _("There is no such provider. GET /providers lists them."))
        return chosen

    def pricing_option(self) -> bool:
        value = self.data.get("pricing_option")
        if value in (None, ""):
            return False
        if isinstance(value, bool) or str(value) not in {"0", "1"}:
            self.wrong("pricing_option", "out_of_range", _("0 for cheapest, 1 for best rate."))
            return False
        return str(value) == "1"

    def max_price(self) -> Decimal | None:
        value = self.data.get("max_price")
        if value in (None, ""):
            return None
        try:
            if isinstance(value, bool) or not isinstance(value, int | float | str):
                raise ValueError
            if not _DECIMAL.fullmatch(str(value)):
                raise ValueError
            price = Decimal(str(value))
            if not price.is_finite() or not 0 < price <= 1_000_000:
                raise ValueError
        except (ValueError, InvalidOperation):
            self.wrong("max_price", "not_a_price", _("A positive amount of US dollars."))
            return None
        return price

    def key(self, header_key: str | None) -> str | None:
        """The body's idempotencyKey or the header's, whose quotes do not count."""
        body_key = self.text("idempotencyKey")
        header = (header_key or "").strip()
        if len(header) >= 2 and header[0] == header[-1] == '"':
            header = header[1:-1]
        if body_key and header and body_key != header:
            self.wrong(
                "idempotencyKey", "conflict", _("The Idempotency-Key header says something else.")
            )
        key = body_key or header or None
        if key and (len(key) > 255 or not key.isprintable()):
            self.wrong("idempotencyKey", "not_printable", _("1 to 255 printable characters."))
            return None
        return key
