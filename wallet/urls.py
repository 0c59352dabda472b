from django.urls import path

from wallet import views

urlpatterns = [path("wallet/", views.show_wallet, name="wallet")]
