"""Watching one order, and what can be done with it."""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from nexotp.lib.errors import Problem
from orders.actions import (
    OrderNotCancellable,
    cancel_order,
    finish_order,
    resend_code,
)
from orders.models import Order
from orders.views.parts import customer_of, page_or_part
from orders.wording import look_at


@never_cache
@require_safe
def show_order(request: HttpRequest, order_id: str) -> HttpResponse:
    """An order's page. While it is open, its live part asks again when told of a change."""
    order = _order(request, order_id)
    look = look_at(order, now=timezone.now())
    is_poll = bool(request.headers.get("HX-Request"))
    if is_poll and request.GET.get("seen") == look.mark:
        return HttpResponse(status=204)
    context = {
        "order": order,
        "look": look,
        "messages_received": order.messages.shown().reverse(),
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
        try:
            cancel_order(order, by=customer_of(request), reason="", now=now)
        except OrderNotCancellable as problem:
            raise OrderNotCancellable(
                _("Too late to cancel: a code came first, or the order has ended.")
            ) from problem

    return _change(request, order_id, act, done=_("Cancelled. Your money is back."))


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
    """Do one thing to an order and go back to its page, which tells how it stands."""
    try:
        act(_order(request, order_id), timezone.now())
    except Problem as problem:
        messages.warning(request, str(problem.message))
    else:
        messages.success(request, str(done))
    return redirect("order", order_id)


def _order(request: HttpRequest, order_id: str) -> Order:
    """Return the customer's own order; anybody else's does not exist for them."""
    mine = Order.objects.filter(user=customer_of(request))
    return get_object_or_404(mine.select_related("service", "country"), public_id=order_id)
