"""Asking whoever comes back whether they agree to terms that have changed meanwhile."""

from collections.abc import Callable
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse

from accounts.terms import must_agree
from nexotp.lib.terms import TERMS_VERSION

# Where nobody is stopped: the terms themselves, the ways in and out, staff at work.
_NOT_HERE = ("/terms/", "/sign-", "/forgot-password/", "/account/", "/admin/", "/dev/")
_ASKED = "terms_asked"


class TermsMiddleware:
    """Leads to the question once after each sign-in; whoever goes on without agreeing may look."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not _opens_page(request) or not _is_to_be_asked(request):
            return self.get_response(request)
        request.session[_ASKED] = TERMS_VERSION
        back = urlencode({"next": request.get_full_path()})
        return HttpResponseRedirect(f"{reverse('agree_to_terms')}?{back}")


def _opens_page(request: HttpRequest) -> bool:
    """Whether somebody looks at a whole page, and not a part, a file or a picture."""
    return (
        request.method == "GET"
        # Nor a colleague who looks at the shop as a customer, and cannot answer.
        and not hasattr(request, "viewing")
        and "text/html" in request.headers.get("Accept", "")
        and "HX-Request" not in request.headers
        and not request.path.startswith(_NOT_HERE)
    )


def _is_to_be_asked(request: HttpRequest) -> bool:
    user = request.user
    if not user.is_authenticated or not must_agree(user):
        return False
    return bool(request.session.get(_ASKED) != TERMS_VERSION)
