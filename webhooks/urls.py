from django.urls import path

from webhooks import views

urlpatterns = [
    path("webhooks/", views.list_webhooks, name="webhooks"),
    path("webhooks/new", views.add, name="add_webhook"),
    path("webhooks/deliveries/<slug:delivery_id>", views.show_delivery, name="delivery"),
    path("webhooks/deliveries/<slug:delivery_id>/again", views.send_again, name="redeliver"),
    path("webhooks/<slug:webhook_id>", views.show_webhook, name="webhook"),
    path("webhooks/<slug:webhook_id>/events", views.choose_events, name="choose_events"),
    path("webhooks/<slug:webhook_id>/test", views.test, name="test_webhook"),
    path("webhooks/<slug:webhook_id>/pause", views.pause, name="pause_webhook"),
    path("webhooks/<slug:webhook_id>/enable", views.enable, name="enable_webhook"),
    path("webhooks/<slug:webhook_id>/rotate", views.rotate, name="rotate_secret"),
    path("webhooks/<slug:webhook_id>/again", views.send_range_again, name="redeliver_range"),
    path("webhooks/<slug:webhook_id>/delete", views.delete, name="delete_webhook"),
]
