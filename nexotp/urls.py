from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path

from nexotp.api_v1 import not_found, v1
from nexotp.frame import choose_theme
from nexotp.health import healthz
from nexotp.outbox import show_mail
from nexotp.public import manifest, robots, sitemap, terms
from nexotp.reference.views import schema
from orders.callbacks import supplier_push
from orders.handler.urls import handler

handler500 = "nexotp.trouble.server_error"
# Staff signs in where everybody does, so that limits and the second step hold for the admin too.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

urlpatterns = [
    path("healthz", healthz),
    path("robots.txt", robots),
    path("sitemap.xml", sitemap, name="sitemap"),
    path("manifest.webmanifest", manifest, name="manifest"),
    path("terms/", terms, name="terms"),
    path("theme/", choose_theme, name="choose_theme"),
    path("api/v1/schema", schema),
    path("wp-json/nexotp/v1/schema", schema),
    # One list of routes at two addresses: the two public documents name different ones.
    path("api/v1/", include(v1)),
    path("wp-json/nexotp/v1/", include(v1)),
    path("api/v1/<path:rest>", not_found),
    path("wp-json/nexotp/v1/<path:rest>", not_found),
    # SMS-Activate's protocol, in its dialects.
    *handler,
    path("docs/", include("nexotp.reference.urls")),
    path("hooks/supplier/<slug:code>/<str:token>", supplier_push),
    path("dev/mail/", show_mail),
    path("admin/", admin.site.urls),
    path("", include("catalog.urls")),
    path("", include("accounts.urls")),
    path("", include("wallet.urls")),
    path("", include("webhooks.urls")),
    path("", include("orders.urls")),
]
