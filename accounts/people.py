"""Who is asking, in the browser, and whether it is still them."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account.decorators import reauthentication_required
from allauth.core.exceptions import ReauthenticationRequired
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from accounts.models import User

_View = Callable[..., HttpResponse]


def signed_in(request: HttpRequest) -> User:
    """Return the account of a request that only signed-in people reach."""
    assert not isinstance(request.user, AnonymousUser)
    return request.user


def asks_again(view: _View) -> _View:
    """A view for whoever signed in, or was asked again, in the last fifteen minutes."""
    asking: Any = reauthentication_required(view)
    again: _View = asking
    return again


def keeps_nothing(view: _View) -> _View:
    """A view that asks again and keeps nothing of what was sent too late for that.

    django-allauth keeps it in the session and carries it out when the password is typed for that
    page, be it days later and only to look: nobody's account must end by it.
    """

    @wraps(view)
    def keeping_nothing(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except ReauthenticationRequired:
            if request.method != "POST":
                raise
            return redirect(request.path)

    return keeping_nothing
