from django.contrib import admin
from django.urls import include, path

from nexotp.api_v1 import not_found, v1
from nexotp.health import healthz
from nexotp.reference.views import schema
from orders.callbacks import supplier_push

urlpatterns = [
    path("healthz", healthz),
    path("api/v1/schema", schema),
    path("wp-json/nexotp/v1/schema", schema),
    # One list of routes at two addresses: the two public documents name different ones.
    path("api/v1/", include(v1)),
    path("wp-json/nexotp/v1/", include(v1)),
    path("api/v1/<path:rest>", not_found),
    path("wp-json/nexotp/v1/<path:rest>", not_found),
    path("docs/", include("nexotp.reference.urls")),
    path("hooks/supplier/<slug:code>/<str:token>", supplier_push),
    path("admin/", admin.site.urls),
    path("", include("catalog.urls")),
    path("", include("accounts.urls")),
    path("", include("wallet.urls")),
    path("", include("webhooks.urls")),
    path("", include("orders.urls")),
]
