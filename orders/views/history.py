"""All orders of a customer."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.modes import mode_of
from nexotp.lib.pagination import keyset_page
from orders.models import Order
from orders.views.parts import customer_of

_PER_PAGE = 20


@require_safe
def list_orders(request: HttpRequest) -> HttpResponse:
    """Every order of the customer, newest first."""
    mine = Order.objects.for_account(customer_of(request), mode_of(request))
    page = keyset_page(
        mine.newest_first().select_related("service", "country"),
        before=request.GET.get("before", ""),
        size=_PER_PAGE,
    )
    return render(request, "orders/orders.html", {"page": page})
