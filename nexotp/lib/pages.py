"""What pages for people share: parts of a page for htmx, and pages that everybody may see."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

View = Callable[..., Any]


def page_or_part(
    request: HttpRequest, template: str, part: str, context: dict[str, Any]
) -> HttpResponse:
    """Answer htmx with the live part of a page, and everybody else with the whole page."""
    is_part = bool(request.headers.get("HX-Request"))
    response = render(request, f"{template}#{part}" if is_part else template, context)
    patch_vary_headers(response, ["HX-Request"])
    return response


def public_page(view: View) -> View:
    """A page for everybody, in the language of its `?lang`, which is then remembered.

    Search engines keep no cookies: each language of a public page has an address of its own.
    """

    @login_not_required
    @require_safe
    @wraps(view)
    def page(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        language = request.GET.get("lang", "")
        is_chosen = language in dict(settings.LANGUAGES)
        if is_chosen:
            translation.activate(language)
        response: HttpResponse = view(request, *args, **kwargs)
        if is_chosen:
            response.set_cookie(settings.LANGUAGE_COOKIE_NAME, language, samesite="Lax")
        return response

    return page


def back_or(request: HttpRequest, otherwise: str, *, field: str = "next") -> str:
    """Return the page of ours from which a form was sent, as its field says, or another one.

    Only what begins with a slash is a page: `redirect` takes any other word for a view's name.
    """
    back = request.POST.get(field, "")
    is_ours = back.startswith("/") and url_has_allowed_host_and_scheme(
        back, {request.get_host()}, require_https=request.is_secure()
    )
    return back if is_ours else otherwise


def search_text(request: HttpRequest) -> str:
    """Return what was typed into a page's search field."""
    return request.GET.get("q", "").replace("\x00", "").strip()[:60]


def addresses_of(request: HttpRequest) -> dict[str, Any]:
    """Return a public page's addresses: one for each language, and where its switches come back to.

    The page itself is the canonical one of the language it is in.
    """
    page = request.build_absolute_uri(request.path)
    rest = [(name, value) for name, value in request.GET.items() if name != "lang"]
    return {
        "page_url": page,
        "canonical": f"{page}?{urlencode({'lang': get_language() or settings.LANGUAGE_CODE})}",
        "language_codes": [code for code, _name in settings.LANGUAGES],
        "origin": request.build_absolute_uri("/").rstrip("/"),
        "stay_at": f"{request.path}?{urlencode(rest)}" if rest else request.path,
    }
