"""Buying the same once more, by one tap on a button that names the price.

The button is the confirmation: it buys at the price written on it or asks. Its key is made of the
account's newest order, so that a second click, another tab or a page from before buys nothing more.
"""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from accounts.models import User
from catalog.models import Country, Service
from catalog.quotes import find_quote
from orders.models import Order


@dataclass(frozen=True, slots=True)
class Again:
    """What a button for buying once more says and sends. The price is in minor units."""

    service: Service
    country: Country
    provider: str
    price: int
    currency: str
    key: str


def again(order: Order, *, user: User, now: datetime) -> Again | None:
    """Return how to buy what this order bought; None where it is not on sale any more.

    Needs `order.service` and `order.country`.
    """
    service, country = order.service, order.country
    if not (service.is_visible and country.is_visible):
        return None
    quote = find_quote(
        service, country, user=user, mode=order.mode, now=now, provider=order.provider
    )
    if quote.price is None:
        return None
    newest = Order.objects.for_account(user, order.mode).newest_first().values_list("public_id")
    [newest_id] = newest[:1].get()
    return Again(
        service=service,
        country=country,
        provider=order.provider,
        price=quote.price,
        currency=settings.SHOP_CURRENCY,
        key=f"again_{newest_id}_{service.pk}_{country.pk}",
    )
