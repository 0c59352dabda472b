from django.urls import path

from orders.views import board, buying, confirming, history, leaving, order

urlpatterns = [
    path("account/delete/", leaving.leave, name="delete_account"),
    path("buy/", buying.choose_service, name="buy"),
    path("buy/<slug:service_code>/", buying.choose_country, name="choose_country"),
    path("buy/<slug:service_code>/favorite", buying.set_favorite, name="favorite"),
    path("buy/<slug:service_code>/<slug:country_code>/", confirming.confirm, name="confirm"),
    path("orders/", board.show_board, name="orders"),
    path("orders/history/", history.order_history, name="order_history"),
    path("orders/history.csv", history.download_history, name="download_history"),
    path("orders/together/<slug:key>", board.show_batch, name="batch"),
    path("orders/<slug:order_id>/receipt", history.show_receipt, name="receipt"),
    path("orders/<slug:order_id>", order.show_order, name="order"),
    path("orders/<slug:order_id>/cancel", order.cancel, name="cancel_order"),
    path("orders/<slug:order_id>/report", order.report, name="report_number"),
    path("orders/<slug:order_id>/resend", order.resend, name="resend_code"),
    path("orders/<slug:order_id>/finish", order.finish, name="finish_order"),
]
