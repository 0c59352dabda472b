"""Pages for when something is in the way: refusals, too many requests, maintenance, failures.

None of them asks the database: some are shown because it is away.
"""

import math
import sys
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.utils.cache import add_never_cache_headers
from django.utils.translation import get_language_from_request, override

from nexotp.frame import THEMES, theme_of
from nexotp.lib.errors import Problem, RateLimited, ServiceUnavailable
from nexotp.lib.http import DATABASE_AWAY
from nexotp.lib.maintenance import maintenance_seconds

# Answered while the shop is closed: whoever mends it must get in, and balancers must see us.
_ALWAYS_OPEN = ("/admin/", "/sign-in/", "/account/confirm/", "/healthz", "/hooks/", "/theme/")


class TroubleMiddleware:
    """Closes the shop for maintenance, and draws a page where a view raises a Problem.

    Stands behind the middleware that knows who is there: staff goes on working.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        pause = maintenance_seconds()
        if pause is None or request.path_info.startswith(_ALWAYS_OPEN) or _is_staff(request):
            return self.get_response(request)
        return trouble_page(request, "maintenance.html", status=503, retry_after=pause)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        match error:
            case RateLimited():
                return too_many_requests(request, error.retry_after)
            case ServiceUnavailable():
                return unavailable(request, error.retry_after)
            case Problem():
                return trouble_page(request, "problem.html", status=error.status, problem=error)
        return None


def _is_staff(request: HttpRequest) -> bool:
    try:
        return bool(request.user.is_authenticated and request.user.is_staff)
    except DATABASE_AWAY:
        return False


def too_many_requests(request: HttpRequest, retry_after: int | None = None) -> HttpResponse:
    return trouble_page(request, "429.html", status=429, retry_after=retry_after)


def unavailable(request: HttpRequest, retry_after: int | None = None) -> HttpResponse:
    return trouble_page(request, "503.html", status=503, retry_after=retry_after or 5)


def server_error(request: HttpRequest) -> HttpResponse:
    """handler500: a database that is away is no failure of ours, and comes back."""
    if isinstance(sys.exc_info()[1], DATABASE_AWAY):
        return unavailable(request)
    return trouble_page(request, "500.html", status=500)


def trouble_page(
    request: HttpRequest,
    template: str,
    *,
    status: int,
    retry_after: int | None = None,
    problem: Problem | None = None,
) -> HttpResponse:
    """Draw a page with nothing on it that must be looked up: not even who is there."""
    context = {
        "theme": theme_of(request),
        "themes": THEMES,
        "retry_after": retry_after,
        "minutes": math.ceil(retry_after / 60) if retry_after else None,
        "problem": problem,
    }
    with override(get_language_from_request(request)):
        response = HttpResponse(render_to_string(template, context), status=status)
    add_never_cache_headers(response)
    if retry_after:
        response["Retry-After"] = str(retry_after)
    return response
