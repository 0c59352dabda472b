"""Who is asking, in the browser, and whether it is still them."""

from collections.abc import Callable
from typing import Any

from allauth.account.decorators import reauthentication_required
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse

from accounts.models import User

_View = Callable[..., HttpResponse]


def signed_in(request: HttpRequest) -> User:
    """Return the account of a request that only signed-in people reach."""
    assert not isinstance(request.user, AnonymousUser)
    return request.user


def asks_again(view: _View) -> _View:
    """A view for whoever typed the password, or showed a second step, in the last five minutes."""
    asking: Any = reauthentication_required(view)
    again: _View = asking
    return again
