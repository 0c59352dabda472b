"""What stands around every page: the theme, the page's addresses, and the theme's switch."""

from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from nexotp.lib.pages import back_or

THEMES = ("light", "dark")
_COOKIE = "theme"
_A_YEAR = 365 * 24 * 60 * 60


def frame(request: HttpRequest) -> dict[str, Any]:
    """Context processor: `theme` is empty where the visitor's system decides."""
    return {"theme": theme_of(request), "themes": THEMES}


def theme_of(request: HttpRequest) -> str:
    chosen = request.COOKIES.get(_COOKIE, "")
    return chosen if chosen in THEMES else ""


@login_not_required
@require_POST
def choose_theme(request: HttpRequest) -> HttpResponse:
    """Remember light or dark; anything else leaves it to the system again."""
    theme = request.POST.get("theme", "")
    response = redirect(back_or(request, "landing"))
    if theme in THEMES:
        response.set_cookie(
            _COOKIE,
            theme,
            max_age=_A_YEAR,
            samesite="Lax",
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
        )
    else:
        response.delete_cookie(_COOKIE, samesite="Lax")
    return response
