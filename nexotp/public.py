"""Pages and files that everybody may see and no app owns: terms, and what robots ask for."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.dateparse import parse_date
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe
from markdown_it import MarkdownIt

from catalog.shelf import countries_on_sale, services_on_sale
from nexotp.lib.env import BASE_DIR
from nexotp.lib.pages import addresses_of, public_page
from nexotp.lib.terms import TERMS_VERSION
from nexotp.reference.calls import reference
from nexotp.reference.guides import SLUGS

_TERMS = BASE_DIR / "docs/terms"
# What strangers have no business with, and what would be the same page at many addresses.
_NOT_FOR_ROBOTS = (
    *("/account", "/admin/", "/api/", "/buy/", "/developers/", "/hooks/", "/orders/", "/wallet/"),
    *("/webhooks/", "/wp-json/", "/*?q=", "/*&q=", "/docs/search/"),
)


@public_page
def terms(request: HttpRequest) -> HttpResponse:
    """What customers agree to when they sign up."""
    context = {
        "text": _terms_text(get_language() or settings.LANGUAGE_CODE),
        "in_force_since": parse_date(TERMS_VERSION),
        "version": TERMS_VERSION,
        **addresses_of(request),
    }
    return render(request, "terms.html", context)


@lru_cache(maxsize=len(settings.LANGUAGES))
def _terms_text(language: str) -> SafeString:
    text = (_TERMS / f"{language}.md").read_text(encoding="utf-8")
    html: str = MarkdownIt("js-default", {"html": False}).render(text)
    return SafeString(html)  # our own text, and the parser passes no HTML


@login_not_required
@require_safe
@cache_control(max_age=3600)
def robots(request: HttpRequest) -> HttpResponse:
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in _NOT_FOR_ROBOTS)]
    lines += ["", f"Sitemap: {request.build_absolute_uri(reverse('sitemap'))}", ""]
    return HttpResponse("\n".join(lines), content_type="text/plain; charset=utf-8")


@login_not_required
@require_safe
@cache_control(max_age=3600)
def sitemap(request: HttpRequest) -> HttpResponse:
    """Every public page, in every language."""
    codes = [code for code, _name in settings.LANGUAGES]
    pages = [request.build_absolute_uri(path) for path in _public_paths()]
    context = {"pages": pages, "codes": codes}
    return render(request, "sitemap.xml", context, content_type="application/xml")


def _public_paths() -> Iterator[str]:
    for name in ("landing", "prices", "docs", "docs_errors", "docs_events", "terms"):
        yield reverse(name)
    for service in services_on_sale():
        yield reverse("service_prices", args=[service.code])
    for shelf in countries_on_sale():
        yield reverse("country_prices", args=[shelf.country.code])
    for slug in SLUGS:
        yield reverse("docs_guide", args=[slug])
    for group in reference(settings.LANGUAGE_CODE).groups:
        for call in group.calls:
            yield reverse("docs_call", args=[call.slug])


@login_not_required
@require_safe
@cache_control(max_age=3600, private=True)
def manifest(request: HttpRequest) -> JsonResponse:
    """What a phone needs to keep the shop on its home screen."""
    sizes = ((192, "any"), (512, "any"), (512, "maskable"))
    icons: list[dict[str, Any]] = [
        {
            "src": static(f"icons/{'full' if purpose == 'maskable' else 'icon'}-{size}.png"),
            "sizes": f"{size}x{size}",
            "type": "image/png",
            "purpose": purpose,
        }
        for size, purpose in sizes
    ]
    return JsonResponse(
        {
            "name": "NexOTP",
            "short_name": "NexOTP",
            "description": _("Phone numbers that receive verification codes."),
            "lang": get_language(),
            "start_url": reverse("buy"),
            "scope": "/",
            "display": "minimal-ui",
            "background_color": "#f5f3ee",
            "theme_color": "#f5f3ee",
            "icons": icons,
        },
        content_type="application/manifest+json",
    )
