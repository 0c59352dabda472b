"""What the polling endpoint is measured against: one primary-key get, one JsonResponse."""

from django.http import HttpRequest, JsonResponse
from django.urls import path

from orders.models import Order


def bare(request: HttpRequest, pk: int) -> JsonResponse:
    order = Order.objects.get(pk=pk)
    return JsonResponse({"id": order.pk, "status": order.status, "number": order.phone_number})


urlpatterns = [path("bare/<int:pk>", bare)]
