"""What the pages about money share."""

from collections.abc import Callable
from functools import wraps

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from accounts.models import User


def owner_of(request: HttpRequest) -> User:
    assert not isinstance(request.user, AnonymousUser)
    return request.user


def posted_only(view: Callable[[HttpRequest], HttpResponse]) -> Callable[..., HttpResponse]:
    """A view that takes POST only; asked for with GET, as after a sign-in, it shows the wallet."""

    @wraps(view)
    def posted(request: HttpRequest) -> HttpResponse:
        return view(request) if request.method == "POST" else redirect("wallet")

    return posted
