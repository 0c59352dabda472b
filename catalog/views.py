"""The shop window: what anybody may see of services, countries and prices."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from catalog.shelf import search_services
from nexotp.lib.pages import page_or_part, public_page, search_text

_MOST_ON_LANDING = 12


@public_page
def landing(request: HttpRequest) -> HttpResponse:
    """What the shop is, with its prices; customers go on to buying."""
    if request.user.is_authenticated:
        return redirect("buy")
    text = search_text(request)
    found = search_services(text)
    context = {
        "text": text,
        "services": found[:_MOST_ON_LANDING],
        "count": len(found),
        "currency": settings.SHOP_CURRENCY,
    }
    return page_or_part(request, "catalog/landing.html", "results", context)
