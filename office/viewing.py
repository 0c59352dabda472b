"""Looking at the shop as a customer: what the session remembers, and what may be looked at.

The session stays the colleague's. Each request outside of the admin is answered as the customer's,
if it only reads: by one of the pages named here, in a transaction that cannot write.
"""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext
from django_htmx.http import HttpResponseClientRedirect
from psycopg.errors import ReadOnlySqlTransaction

from office.actions import end_view, may_view
from office.models import CustomerView

SAFE = {"GET", "HEAD"}
#: Pages that show no secret and change nothing; every other one is closed to whoever only looks.
VIEWABLE = frozenset(
    {
        *("landing", "prices", "service_prices", "country_prices", "terms", "manifest"),
        *("buy", "choose_country", "confirm"),
        *("orders", "order_history", "batch", "receipt", "order"),
        *("wallet", "top_up", "show_top_up"),
        *("developers", "key", "usage"),
        *("webhooks", "webhook"),
    }
)

_KEY = "viewing"


def remember_view(request: HttpRequest, view: CustomerView) -> None:
    request.session[_KEY] = view.pk


def forget_view(request: HttpRequest) -> None:
    if _KEY in request.session:
        del request.session[_KEY]


def view_of(request: HttpRequest) -> CustomerView | None:
    """Return the view that this session has begun, be it over or not; None without one."""
    key = request.session.get(_KEY)
    if key is None:
        return None
    views = CustomerView.objects.select_related("by", "user__plan", "user__tier")
    return views.filter(pk=key).first()


class ViewingMiddleware:
    """Answers as the customer would be answered, while staff looks at the shop as one.

    `request.viewing` is the view then. The admin's own pages stay the colleague's, to read.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        # Without a cookie there is no session; asking would make a page differ by cookies.
        if settings.SESSION_COOKIE_NAME not in request.COOKIES:
            return self.get_response(request)
        view = view_of(request)
        if view is None or view.by_id != request.user.pk:
            forget_view(request)
            return self.get_response(request)
        if not _goes_on(request, view):
            return _over(request, view)
        request.viewing = view  # type: ignore[attr-defined]
        if request.path_info.startswith(reverse("admin:index")):
            return self._in_the_admin(request)
        request.user = view.user
        answer = self._looked_at(request)
        add_never_cache_headers(answer)
        return answer

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponse | None:
        """Refuse every page that is not named, whatever it does."""
        if not _is_customers(request):
            return None
        match = request.resolver_match
        return None if match and match.view_name in VIEWABLE else _closed(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """A page that is named and writes all the same has not: its transaction could not."""
        if _is_customers(request) and isinstance(error.__cause__, ReadOnlySqlTransaction):
            request.wrote = True  # type: ignore[attr-defined]
            return HttpResponse(status=403)
        return None

    def _in_the_admin(self, request: HttpRequest) -> HttpResponseBase:
        is_end = request.path_info == reverse("admin:accounts_user_end_view")
        if request.method in SAFE or is_end:
            return self.get_response(request)
        return _closed(request)

    def _looked_at(self, request: HttpRequest) -> HttpResponseBase:
        if request.method not in SAFE:
            return _closed(request)
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION READ ONLY")
            answer = self.get_response(request)
            # Nothing was written; what waits for a commit must not be done either.
            transaction.set_rollback(True)
        return _closed(request) if hasattr(request, "wrote") else answer


def _is_customers(request: HttpRequest) -> bool:
    """Whether this request is answered as a customer's."""
    view = getattr(request, "viewing", None)
    return view is not None and request.user == view.user


def _goes_on(request: HttpRequest, view: CustomerView) -> bool:
    """Whether the view is still on, and still this person's to have."""
    is_on = view.ended_at is None and view.until > timezone.now()
    return is_on and may_view(view.by, view.user)


def _over(request: HttpRequest, view: CustomerView) -> HttpResponse:
    """Go back to the admin, whatever was asked for: it was meant for somebody else's account."""
    forget_view(request)
    end_view(view, now=timezone.now())
    text = gettext("You no longer see the shop as %(account)s; you are yourself again.")
    messages.info(request, text % {"account": view.user})
    page = reverse("admin:accounts_user_change", args=[view.user_id])
    # A part of a page that asks again must not get the admin inside itself.
    return HttpResponseClientRedirect(page) if request.headers.get("HX-Request") else redirect(page)


def _closed(request: HttpRequest) -> HttpResponse:
    return render(request, "office/closed.html", status=403)
