"""Who changes something from a browser, told to the audit."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from nexotp.lib.acting import acting
from nexotp.lib.addresses import client_address
from nexotp.lib.ids import new_id

_SAFE = {"GET", "HEAD", "OPTIONS", "TRACE"}


class ActingMiddleware:
    """Every changing request of a browser says who is there, and from which page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.method in _SAFE:
            return self.get_response(request)
        request_id = new_id("req")
        with acting(lambda: _context(request, request_id)):
            return self.get_response(request)


def _context(request: HttpRequest, request_id: str) -> dict[str, Any]:
    # Asked at each write: signing in is a write too, and by then it is known who did.
    return {
        "by": request.user.pk,
        "request_id": request_id,
        "path": request.path[:200],
        "address": client_address(request),
    }
