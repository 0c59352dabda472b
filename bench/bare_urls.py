"""What the shop's answers are measured against: one indexed SELECT, one JsonResponse."""

from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.urls import path

from orders.models import Order


def bare(request: HttpRequest, pk: int) -> JsonResponse:
    order = Order.objects.get(pk=pk)
    return JsonResponse({"id": order.pk, "status": order.status, "number": order.phone_number})


def bare_offer(request: HttpRequest, service: int, country: int) -> JsonResponse:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT price, stock FROM catalog_offer"
            " WHERE service_id = %s AND country_id = %s AND stock > 0 AND price IS NOT NULL"
            " ORDER BY price LIMIT 1",
            (service, country),
        )
        price, stock = cursor.fetchone()
    return JsonResponse({"price": price, "stock": stock})


urlpatterns = [
    path("bare/<int:pk>", bare),
    path("bare/offer/<int:service>/<int:country>", bare_offer),
]
