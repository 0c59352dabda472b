from django.urls import path

from orders import views

urlpatterns = [
    path("", views.choose_service, name="buy"),
    path("buy/<slug:service_code>/", views.choose_country, name="choose_country"),
    path("buy/<slug:service_code>/<slug:country_code>/", views.confirm, name="confirm"),
    path("orders/", views.list_orders, name="orders"),
    path("orders/<slug:order_id>", views.show_order, name="order"),
    path("orders/<slug:order_id>/cancel", views.cancel, name="cancel_order"),
    path("orders/<slug:order_id>/resend", views.resend, name="resend_code"),
    path("orders/<slug:order_id>/finish", views.finish, name="finish_order"),
]
