"""Watching one order, and what can be done with it."""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.modes import mode_of
from nexotp.lib.errors import Problem
from orders.actions import (
    OrderNotCancellable,
    cancel_order,
    finish_order,
    report_number,
    resend_code,
)
from orders.models import Order
from orders.views.again import again
from orders.views.board import card_part
from orders.views.parts import back_or, customer_of, page_or_part
from orders.wording import look_at


@never_cache
@require_safe
def show_order(request: HttpRequest, order_id: str) -> HttpResponse:
    """An order's page. While it is open, its live part asks again when told of a change."""
    order, now = _order(request, order_id), timezone.now()
    look = look_at(order, now=now)
    is_poll = bool(request.headers.get("HX-Request"))
    if is_poll and request.GET.get("seen") == look.mark:
        return HttpResponse(status=204)
    wants_another = look.needs_help or not order.is_open
    # Buying is in the mode that the session looks at, and so must what is bought again.
    is_at_home = order.mode == mode_of(request)
    user = customer_of(request)
    context = {
        "order": order,
        "look": look,
        "messages_received": list(order.shown_messages())[::-1],
        "again": again(order, user=user, now=now) if wants_another and is_at_home else None,
        "is_at_home": is_at_home,
    }
    return page_or_part(request, "orders/order.html", "update", context)


def change_of_order(view: "Callable[[HttpRequest, str], HttpResponse]") -> Any:
    """A view that takes POST only; asked for with GET, as after a sign-in, it shows the order."""

    @wraps(view)
    def changing(request: HttpRequest, order_id: str) -> HttpResponse:
        if request.method == "POST":
            return view(request, order_id)
        return redirect("order", order_id)

    return changing


@change_of_order
def cancel(request: HttpRequest, order_id: str) -> HttpResponse:
    def act(order: Order, now: datetime) -> None:
        _close(lambda: cancel_order(order, by=customer_of(request), reason="", now=now))

    return _change(request, order_id, act, done=_("Cancelled. Your money is back."))


@change_of_order
def report(request: HttpRequest, order_id: str) -> HttpResponse:
    def act(order: Order, now: datetime) -> None:
        _close(lambda: report_number(order, by=customer_of(request), now=now))

    return _change(request, order_id, act, done=_("Thank you for telling us. Your money is back."))


def _close(act: Callable[[], object]) -> None:
    """Raises what the act raises, in words for somebody who looks at a page."""
    try:
        act()
    except OrderNotCancellable as problem:
        raise OrderNotCancellable(
            _("Too late to cancel: a code came first, or the order has ended.")
        ) from problem


@change_of_order
def resend(request: HttpRequest, order_id: str) -> HttpResponse:
    def act(order: Order, now: datetime) -> None:
        resend_code(order, now=now)

    return _change(
        request, order_id, act, done=_("We asked for another code. Have it sent once more.")
    )


@change_of_order
def finish(request: HttpRequest, order_id: str) -> HttpResponse:
    def act(order: Order, now: datetime) -> None:
        finish_order(order, by=customer_of(request), now=now)

    return _change(request, order_id, act, done=_("Finished. Thank you!"))


def _change(
    request: HttpRequest,
    order_id: str,
    act: Callable[[Order, datetime], None],
    *,
    done: "str | Promise",
) -> HttpResponse:
    """Do one thing to an order and go back to where it was asked, which tells how it stands.

    A card of the board is answered with the card.
    """
    try:
        act(_order(request, order_id), timezone.now())
    except Problem as problem:
        level, note = messages.WARNING, problem.message
    else:
        level, note = messages.SUCCESS, done
    if request.headers.get("HX-Request"):
        return card_part(request, _order(request, order_id), note=note)
    messages.add_message(request, level, str(note))
    return redirect(back_or(request, reverse("order", args=[order_id]), field="back"))


def _order(request: HttpRequest, order_id: str) -> Order:
    """Return the customer's own order; anybody else's does not exist for them."""
    mine = Order.objects.filter(user=customer_of(request))
    return get_object_or_404(mine.select_related("service", "country"), public_id=order_id)
