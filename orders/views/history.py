"""All orders of a customer: listed, searched, downloaded, and a receipt of each."""

from collections.abc import Iterator
from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.modes import mode_of
from nexotp.lib.money import to_decimal
from nexotp.lib.pagination import keyset_page
from nexotp.lib.tables import Cell, column_names, csv_answer, in_batches
from orders.filters import HistoryForm
from orders.models import Order
from orders.models.order import OrderQuerySet
from orders.receipts import receipt_of
from orders.views.parts import customer_of

_PER_PAGE = 20
_COLUMNS = {
    "en": (
        *("time", "order", "number", "service", "country", "phone", "status", "provider"),
        *("price", "charged", "refunded", "currency", "ended"),
    ),
    "id": (
        *("waktu", "pesanan", "nomor", "layanan", "negara", "telepon", "status", "penyedia"),
        *("harga", "ditagih", "dikembalikan", "mata_uang", "berakhir"),
    ),
}


@require_safe
def order_history(request: HttpRequest) -> HttpResponse:
    """Search what was ordered, by what is known of it."""
    form = HistoryForm(request.GET)
    form.is_valid()
    page = keyset_page(_found(request, form), before=request.GET.get("before", ""), size=_PER_PAGE)
    context = {"form": form, "page": page, "languages": _COLUMNS}
    return render(request, "orders/history.html", context)


def _found(request: HttpRequest, form: HistoryForm) -> OrderQuerySet:
    mine = Order.objects.for_account(customer_of(request), mode_of(request))
    return form.among(mine).newest_first().select_related("service", "country")


@require_safe
def download_history(request: HttpRequest) -> HttpResponseBase:
    """The orders that the page shows, all of them, for a spreadsheet."""
    form = HistoryForm(request.GET)
    if not form.is_valid():
        return order_history(request)
    columns = column_names(_COLUMNS, request.GET.get("columns", ""))
    return csv_answer("nexotp-orders", columns, _cells(_found(request, form)))


def _cells(orders: OrderQuerySet) -> Iterator[list[Cell]]:
    for batch in in_batches(orders):
        yield from [_line(order) for order in batch]


def _line(order: Order) -> list[Cell]:
    charged = order.price if order.is_charged else 0
    return [
        timezone.localtime(order.created_at).isoformat(timespec="seconds"),
        order.public_id,
        order.pk,
        order.service.name,
        order.country.name_en,
        # Without its plus, which a spreadsheet takes for a sum.
        order.phone_number.removeprefix("+"),
        order.public_status,
        order.provider_code,
        to_decimal(order.price, order.currency),
        to_decimal(charged, order.currency),
        to_decimal(order.refund_amount, order.currency),
        order.currency,
        _time(order.closed_at),
    ]


def _time(moment: datetime | None) -> str:
    return timezone.localtime(moment).isoformat(timespec="seconds") if moment else ""


@require_safe
def show_receipt(request: HttpRequest, order_id: str) -> HttpResponse:
    """What an order cost, and the transfers behind it, to be printed."""
    mine = Order.objects.filter(user=customer_of(request)).select_related("service", "country")
    order = get_object_or_404(mine, public_id=order_id)
    return render(request, "orders/receipt.html", {"receipt": receipt_of(order), "order": order})
