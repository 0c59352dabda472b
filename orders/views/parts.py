"""What the pages about orders share."""

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils.http import url_has_allowed_host_and_scheme

from accounts.models import User
from accounts.modes import mode_of
from catalog.models import Service
from nexotp.lib.pages import page_or_part

__all__ = ["back_or", "customer_of", "page_or_part", "visible_service"]


def customer_of(request: HttpRequest) -> User:
    assert not isinstance(request.user, AnonymousUser)
    return request.user


def visible_service(request: HttpRequest, code: str) -> Service:
    """Return the service; what the session's mode does not sell is not there."""
    return get_object_or_404(Service.objects.visible_in(mode_of(request)), code=code)


def back_or(request: HttpRequest, otherwise: str) -> str:
    """Return the page of ours from which a form was sent, as it says itself."""
    back = request.POST.get("back", "")
    is_ours = url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()})
    return back if is_ours else otherwise
