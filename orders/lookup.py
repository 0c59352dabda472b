"""From what a request names to an order: its id, or its number."""

from django.utils.translation import gettext_lazy as _

from accounts.models import User
from nexotp.lib.errors import NotFound, Problem
from nexotp.lib.ids import number_in, searchable
from orders.models import Order


class OrderNotFound(NotFound):
    message = _("There is no such order.")


class OrderNotYours(Problem):
    code = "forbidden"
    status = 403
    message = _("This order belongs to another account.")


def find_order(order_id: str, account: User, mode: str) -> Order:
    """Return the caller's order by its id or its number. Raises OrderNotFound, OrderNotYours.

    A number finds only the caller's own orders, so it reveals nothing about others'.
    """
    number = number_in(order_id)
    if number is not None:
        found = Order.objects.for_account(account, mode).filter(pk=number).first()
    else:
        found = Order.objects.filter(public_id=searchable(order_id), mode=mode).first()
    return owned(found, account)


def owned(order: Order | None, account: User) -> Order:
    """Return the order if it is the account's. Raises OrderNotFound, OrderNotYours."""
    if order is None:
        raise OrderNotFound
    if order.user_id != account.pk:
        raise OrderNotYours
    return order
