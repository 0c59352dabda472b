"""Every number that is open, as cards side by side; each changes by itself.

A card carries the mark of what it shows. The page sends all marks along and gets back the cards
that look different now, and nothing else.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Count, Q, Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.functional import Promise
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.modes import mode_of
from orders.actions import MOST_AT_ONCE, keys_of
from orders.models import Order, OrderMessage, OrderQuerySet
from orders.states import FINAL, Status
from orders.views.again import again
from orders.views.batches import recall_batch
from orders.views.parts import customer_of, page_or_part
from orders.wording import Look, look_at

_MOST_CARDS = 60
_MOST_ENDED = 5
_MOST_SEEN = 200
_SEEN = re.compile(r"([0-9]{1,18}):([0-9]{1,14})")
_KEY = re.compile(r"[A-Za-z0-9_]{1,60}")


@dataclass(frozen=True, slots=True)
class Card:
    """An order as the board shows it, with the newest message that came."""

    order: Order
    look: Look
    latest: OrderMessage | None

    @property
    def mark(self) -> str:
        return f"{self.order.pk}:{self.look.mark}"


@never_cache
@require_safe
def show_board(request: HttpRequest) -> HttpResponse:
    """All open orders, and the last few that ended."""
    mine = _mine(request)
    if request.headers.get("HX-Request"):
        return _update(request, mine, mine.open().newest_first()[:_MOST_CARDS])
    now = timezone.now()
    cards = _cards(mine.open().newest_first()[:_MOST_CARDS], now)
    ended = list(_with_goods(mine.filter(status__in=FINAL).newest_first()[:_MOST_ENDED]))
    user = customer_of(request)
    last = ended[0] if ended and not cards else None
    context = {
        # Who has a code does not want to look for it.
        "cards": sorted(cards, key=lambda card: card.order.status != Status.RECEIVED),
        "ended": ended,
        "again": again(last, user=user, now=now) if last else None,
        "summary": _summary(mine),
        "currency": settings.SHOP_CURRENCY,
    }
    return render(request, "orders/board.html", context)


@never_cache
@require_safe
def show_batch(request: HttpRequest, key: str) -> HttpResponse:
    """What became of several numbers that were bought together."""
    if not _KEY.fullmatch(key):
        raise Http404
    mine = _mine(request)
    together = mine.filter(idempotency_key__in=keys_of(key, MOST_AT_ONCE))
    bought = together.exclude(status=Status.FAILED).order_by("pk")
    if request.headers.get("HX-Request"):
        return _update(request, mine, bought)
    if not together.exists():
        raise Http404
    cards = _cards(bought, timezone.now())
    remembered = recall_batch(request, key)
    failed = len(set(together.filter(status=Status.FAILED).values_list("idempotency_key")))
    context = {
        "cards": cards,
        "asked": remembered.asked if remembered else len(cards) + failed,
        "reasons": remembered.reasons if remembered else {},
        "first": _with_goods(together)[0],
        "summary": _summary(mine),
        "currency": settings.SHOP_CURRENCY,
    }
    return render(request, "orders/batch.html", context)


def card_part(request: HttpRequest, order: Order, *, note: "str | Promise") -> HttpResponse:
    """Answer what was asked of one card: the card as it is now, and what came of it."""
    [card] = _cards([order], timezone.now())
    return render(request, "orders/board.html#answer", {"card": card, "note": note})


def _update(request: HttpRequest, mine: OrderQuerySet, shown: OrderQuerySet) -> HttpResponse:
    """Answer with the cards that look different from what the page says it shows."""
    seen = dict(_SEEN.findall(" ".join(request.GET.getlist("seen")[:_MOST_SEEN])))
    rows = {order.pk: order for order in _with_goods(shown)}
    others = [pk for pk in map(int, seen) if pk not in rows]
    rows |= {order.pk: order for order in _with_goods(mine.filter(pk__in=others))}
    cards = _cards(rows.values(), timezone.now())
    news = [card for card in cards if seen.get(str(card.order.pk)) != card.look.mark]
    if not news:
        return HttpResponse(status=204)
    context: dict[str, Any] = {
        "changed": [card for card in news if str(card.order.pk) in seen],
        "added": [card for card in news if str(card.order.pk) not in seen],
        "summary": _summary(mine),
        "currency": settings.SHOP_CURRENCY,
    }
    return page_or_part(request, "orders/board.html", "update", context)


def _mine(request: HttpRequest) -> OrderQuerySet:
    return Order.objects.for_account(customer_of(request), mode_of(request))


def _with_goods(orders: OrderQuerySet) -> OrderQuerySet:
    return orders.select_related("service", "country")


def _cards(orders: Iterable[Order], now: datetime) -> list[Card]:
    if isinstance(orders, OrderQuerySet):
        orders = _with_goods(orders)
    orders = list(orders)
    came = OrderMessage.objects.shown().filter(
        order__in=[order.pk for order in orders if order.message_count]
    )
    latest = {message.order_id: message for message in came}
    return [Card(order, look_at(order, now=now), latest.get(order.pk)) for order in orders]


def _summary(mine: OrderQuerySet) -> dict[str, int]:
    """Count what is open, what has its code, and the money that may still come back."""
    has_code = Q(status=Status.RECEIVED)
    counted: dict[str, int] = mine.open().aggregate(
        open=Count("pk"),
        codes=Count("pk", filter=has_code),
        held=Sum("price", filter=~has_code, default=0),
    )
    return counted
