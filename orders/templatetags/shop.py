"""What the storefront's templates say about services, stock and money that is held."""

import zlib
from typing import Any

from django import template
from django.db.models import Sum
from django.utils.translation import gettext as _

from accounts.models import User
from orders.models import Order
from orders.states import Status
from orders.wording import status_label, tone_of

register = template.Library()
register.filter("status_label", status_label)
register.filter("tone", tone_of)

_HUES = 8
_LEVELS = [(500, "many"), (20, "some")]


@register.filter
def hue(code: str) -> int:
    """Return one of the palette's numbers, always the same for a code."""
    return zlib.crc32(code.encode()) % _HUES


@register.filter
def initials(name: str) -> str:
    """Return the one or two letters that stand for a name without a picture."""
    words = [word for word in name.replace(".", " ").replace("/", " ").split() if word[0].isalnum()]
    letters = "".join(word[0] for word in words[:2]) or name[:1]
    return letters.upper()


@register.filter
def stock_level(stock: int) -> str:
    """Return stock as few, some or many: suppliers' exact figures are not to be believed."""
    return next((level for least, level in _LEVELS if stock >= least), "few")


@register.filter
def stock_words(level: str) -> str:
    """Return what a level of stock is called."""
    return {"many": _("Many numbers"), "some": _("Some numbers")}.get(level, _("Few left"))


@register.filter
def percent(share: float) -> int:
    return round(share * 100)


@register.filter
def clock(seconds: int) -> str:
    """Return minutes and seconds, as the countdown script goes on counting them."""
    return f"{seconds // 60}:{seconds % 60:02d}"


@register.simple_tag
def held_in_open_orders(user: User, mode: str) -> int:
    """Return how much of a customer's money waits in orders that may still give it back."""
    undecided = [Status.PURCHASING, Status.WAITING, Status.CLOSING]
    orders = Order.objects.for_account(user, mode).open().filter(status__in=undecided)
    found: dict[str, Any] = orders.aggregate(held=Sum("price"))
    return int(found["held"] or 0)
