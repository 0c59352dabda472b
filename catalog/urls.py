from django.urls import path

from catalog import views

urlpatterns = [
    path("", views.landing, name="landing"),
    path("pictures/<slug:code>/<slug:digest>.png", views.service_picture, name="service_picture"),
    path("prices/", views.prices, name="prices"),
    path("prices/in/<slug:country_code>/", views.country_prices, name="country_prices"),
    path("prices/<slug:service_code>/", views.service_prices, name="service_prices"),
]
