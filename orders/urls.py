from django.urls import path

from orders.views import buying, history, order

urlpatterns = [
    path("buy/", buying.choose_service, name="buy"),
    path("buy/<slug:service_code>/", buying.choose_country, name="choose_country"),
    path("buy/<slug:service_code>/<slug:country_code>/", buying.confirm, name="confirm"),
    path("orders/", history.list_orders, name="orders"),
    path("orders/<slug:order_id>", order.show_order, name="order"),
    path("orders/<slug:order_id>/cancel", order.cancel, name="cancel_order"),
    path("orders/<slug:order_id>/resend", order.resend, name="resend_code"),
    path("orders/<slug:order_id>/finish", order.finish, name="finish_order"),
]
