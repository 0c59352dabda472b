"""What requests for orders may say, checked field by field."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from catalog.forms import CatalogFields
from nexotp.lib.errors import FieldProblem, InvalidRequest
from nexotp.lib.fields import Fields
from nexotp.lib.pagination import PageRequest, page_of
from orders.actions import OrderRequest
from orders.states import SHOWN_AS


def read_order_request(data: Any, *, header_key: str | None, mode: str) -> OrderRequest:
    """Return the request that a JSON body and the Idempotency-Key header make.

    Raises InvalidRequest naming every field that is wrong.
    """
    if not isinstance(data, Mapping):
        raise InvalidRequest(_("The body must be a JSON object."))
    fields = _OrderFields(data, mode)
    goods = fields.goods()
    max_price = fields.max_price()
    key = fields.key(header_key)
    fields.check()
    assert goods is not None, "what is not there has been complained about"
    return OrderRequest(
        service=goods.service,
        country=goods.country,
        provider=goods.provider,
        best_delivery=goods.best_delivery,
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


# Every order that has not ended, in one answer.
ACTIVE = "active"


@dataclass(frozen=True, slots=True)
class ListRequest:
    """Which orders a caller asks for, and which page of them."""

    status: str | None
    page: PageRequest


def read_list_request(query: Mapping[str, Any]) -> ListRequest:
    """Raises InvalidRequest naming every parameter that is wrong."""
    fields = Fields(query)
    status = fields.choice("status", [*SHOWN_AS, ACTIVE])
    page = page_of(fields)
    fields.check()
    return ListRequest(status, page)


class _OrderFields(CatalogFields):
    """The fields of one order's body."""

    def max_price(self) -> Decimal | None:
        """An empty one is refused: whoever sends it counts on a limit."""
        value = self.data.get("max_price")
        if value is None:
            return None
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        is_amount = isinstance(value, str) and re.fullmatch(DOLLARS, value)
        price = Decimal(str(value)) if is_number or is_amount else None
        if price is None or not 0 < price <= MOST_DOLLARS:
            self.wrong("max_price", "not_a_price", _("A positive amount of US dollars."))
            return None
        return price

    def key(self, header_key: str | None) -> str | None:
        """The body's idempotencyKey or the header's, whose quotes do not count.

        An empty one is refused: whoever sends it counts on not being charged twice.
        """
        body_key = self.text("idempotencyKey")
        header = (header_key or "").strip()
        if len(header) >= 2 and header[0] == header[-1] == '"':
            header = header[1:-1]
        if body_key and header and body_key != header:
            self.wrong(
                "idempotencyKey", "conflict", _("The Idempotency-Key header says something else.")
            )
        is_empty = self.data.get("idempotencyKey") == "" or (header_key is not None and not header)
        key = body_key or header or None
        if is_empty or (key and (len(key) > LONGEST_KEY or not re.fullmatch(PRINTABLE, key))):
            self.wrong("idempotencyKey", "not_printable", _("1 to 255 printable characters."))
            return None
        return key
