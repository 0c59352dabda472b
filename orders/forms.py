"""What a request for an order may say, checked field by field."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from catalog.lookup import find_country, find_service, is_known_provider
from catalog.models import ANY_PROVIDER, Country, Service
from nexotp.lib.errors import FieldProblem, InvalidRequest
from orders.actions import OrderRequest

_REQUIRED = _("This field is required.")
_NOT_TEXT = _("This must be a text.")


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


# The forms of a text, as OpenAPI shows them: an amount above zero, and nothing unprintable.
MOST_DOLLARS = 1_000_000
DOLLARS = r"^(?=.*[1-9])([0-9]{1,6}(\.[0-9]{1,10})?|1000000(\.0{1,10})?)$"
PRINTABLE = r"^[^\x00-\x1f\x7f-\x9f]+$"
NO_NUL = r"^[^\x00]*$"
LONGEST_KEY, LONGEST_REASON = 255, 200


def read_reason(data: Any) -> str:
    """Return why an order is cancelled, which nobody has to say. Raises InvalidRequest."""
    if not isinstance(data, Mapping):
        raise InvalidRequest(_("The body must be a JSON object."))
    reason = data.get("reason")
    if reason is None:
        return ""
    if not isinstance(reason, str) or len(reason) > LONGEST_REASON or "\x00" in reason:
        raise InvalidRequest(
            fields=[FieldProblem("reason", "invalid", _("A text of at most 200 characters."))]
        )
    return reason


class _Reader:
    """Reads the fields of one body and collects what is wrong with each."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.data = data
        self.problems: list[FieldProblem] = []

    def _wrong(self, field: str, code: str, message: Any) -> None:
        self.problems.append(FieldProblem(field, code, message))

    def _text(self, field: str) -> str | None:
        """Return the field's text; None where it is absent, null, empty or no text."""
        value = self.data.get(field)
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            self._wrong(field, "not_a_string", _NOT_TEXT)
            return None
        return value

    def service(self, mode: str) -> Service | None:
        found: Service | None = self._known("service", lambda named: find_service(named, mode))
        return found

    def country(self) -> Country | None:
        found: Country | None = self._known("country", find_country)
        return found

    def _known(self, field: str, find: Any) -> Any:
        before = len(self.problems)
        named = self._text(field)
        if named is None:
            if len(self.problems) == before:
                self._wrong(field, "required", _REQUIRED)
            return None
        try:
            return find(named)
        except InvalidRequest as problem:
            self.problems += problem.fields
            return None

    def provider(self, mode: str) -> str:
        """`provider` and `pool` are the two documents' names for the same choice."""
        provider, pool = self._text("provider"), self._text("pool")
        if provider and pool and provider != pool:
            self._wrong("pool", "conflict", _("`provider` and `pool` say different things."))
        chosen = provider or pool or ANY_PROVIDER
        if not is_known_provider(chosen, mode):
            field = "provider" if provider else "pool"
            self._wrong(
                field, "unknown", _("There is no such provider. GET /providers lists them.")
            )
        return chosen

    def pricing_option(self) -> bool:
        value = self.data.get("pricing_option")
        if value in (None, ""):
            return False
        if isinstance(value, bool) or value not in (0, 1, "0", "1"):
            self._wrong("pricing_option", "out_of_range", _("0 for cheapest, 1 for best rate."))
            return False
        return value in (1, "1")

    def max_price(self) -> Decimal | None:
        value = self.data.get("max_price")
        if value in (None, ""):
            return None
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        is_amount = isinstance(value, str) and re.fullmatch(DOLLARS, value)
        price = Decimal(str(value)) if is_number or is_amount else None
        if price is None or not 0 < price <= MOST_DOLLARS:
            self._wrong("max_price", "not_a_price", _("A positive amount of US dollars."))
            return None
        return price

    def key(self, header_key: str | None) -> str | None:
        """The body's idempotencyKey or the header's, whose quotes do not count.

        An empty one is refused: whoever sends it counts on not being charged twice.
        """
        body_key = self._text("idempotencyKey")
        header = (header_key or "").strip()
        if len(header) >= 2 and header[0] == header[-1] == '"':
            header = header[1:-1]
        if body_key and header and body_key != header:
            self._wrong(
                "idempotencyKey", "conflict", _("The Idempotency-Key header says something else.")
            )
        is_empty = self.data.get("idempotencyKey") == "" or (header_key is not None and not header)
        key = body_key or header or None
        if is_empty or (key and (len(key) > LONGEST_KEY or not re.fullmatch(PRINTABLE, key))):
            self._wrong("idempotencyKey", "not_printable", _("1 to 255 printable characters."))
            return None
        return key
