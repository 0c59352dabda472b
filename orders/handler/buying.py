"""getNumber and getNumberV2: one order, in two spellings."""

import re
from typing import Any

from catalog.models import Country, Service
from catalog.price_lists import goods_on_sale
from catalog.routing import Wanted
from nexotp.lib.errors import InvalidRequest
from nexotp.lib.money import to_json
from orders.actions import OrderRequest, SupplierUnavailable, place_order
from orders.forms import LONGEST_KEY, PRINTABLE
from orders.handler.asking import ANY_COUNTRY, Asked
from orders.handler.telling import CURRENCIES, digits_of, operator_of
from orders.handler.words import NO_NUMBERS, ORDER_EXISTS, Refusal
from orders.models import Order
from orders.presentation import trade_time

# Asks for calls or for forwarding, which nobody sells here: a number without would be wrong goods.
_OTHER_GOODS = ("activationType", "forward", "verification")


def number(asked: Asked) -> str:
    order = _buy(asked)
    return f"ACCESS_NUMBER:{order.pk}:{digits_of(order.phone_number)}"


def number_v2(asked: Asked) -> dict[str, Any]:
    order = _buy(asked)
    ends = trade_time(order.expires_at)
    return {
        "activationId": order.pk,
        "phoneNumber": digits_of(order.phone_number),
        "activationCost": to_json(order.price, order.currency),
        "currency": CURRENCIES[order.currency],
        "countryCode": str(order.country.trade_number),
        "countryPhoneCode": int(digits_of(order.country.prefix)),
        "serviceCode": order.service.trade_code or order.service.code,
        "canGetAnotherSms": "1" if order.can_resend else "0",
        "activationTime": trade_time(order.created_at),
        "activationCancel": trade_time(order.cancel_available_at),
        "activationEnd": ends,
        "activationEndTime": ends,
        "activationOperator": operator_of(order),
    }


def _buy(asked: Asked) -> Order:
    """Raises Refusal, and what place_order raises."""
    service = asked.needed_service()
    if any(asked.is_yes(name) for name in _OTHER_GOODS):
        raise Refusal(NO_NUMBERS)
    request = OrderRequest(
        service=service,
        country=_country(asked, service),
        wanted=_wanted(asked),
        max_price=asked.highest_price(),
        key=_key(asked),
    )
    try:
        placement = place_order(
            request,
            user=asked.account,
            mode=asked.mode,
            now=asked.now,
            request_id=asked.request.request_id,  # type: ignore[attr-defined]
        )
    except SupplierUnavailable as failure:
        # Nothing was charged, and to a program it is the same as nothing left.
        raise Refusal(NO_NUMBERS) from failure
    if placement.is_replay:
        raise Refusal(ORDER_EXISTS, activationId=placement.order.pk)
    return placement.order


def _country(asked: Asked, service: Service) -> Country:
    """Return the country named; for `any` the one with the lowest price. Raises Refusal."""
    if asked.text("country") != ANY_COUNTRY:
        return asked.usual_country()
    on_sale = goods_on_sale(asked.mode, asked.prices, service=service, now=asked.now)
    if not on_sale:
        raise Refusal(NO_NUMBERS)
    cheapest = min(on_sale, key=lambda goods: goods.price)
    return Country.objects.get(code=cheapest.country)


def _wanted(asked: Asked) -> Wanted | None:
    wanted = Wanted(
        operators=asked.operators(),
        providers=asked.names("providerIds"),
        not_providers=asked.names("exceptProviderIds"),
    )
    return wanted if wanted != Wanted() else None


def _key(asked: Asked) -> str | None:
    """Return `orderId`, the buyer's own; a repeated one buys nothing.

    Raises InvalidRequest, also where it is there and empty.
    """
    if "orderId" not in asked.params:
        return None
    key = asked.params["orderId"]
    if len(key) > LONGEST_KEY or not re.fullmatch(PRINTABLE, key):
        raise InvalidRequest
    return key
