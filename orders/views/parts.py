"""What the pages about orders share."""

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from accounts.models import User
from accounts.modes import mode_of
from catalog.models import Service
from nexotp.lib.pages import back_or, page_or_part

__all__ = ["back_or", "customer_of", "page_or_part", "visible_service"]


def customer_of(request: HttpRequest) -> User:
    assert not isinstance(request.user, AnonymousUser)
    return request.user


def visible_service(request: HttpRequest, code: str) -> Service:
    """Return the service; what the session's mode does not sell is not there."""
    return get_object_or_404(Service.objects.visible_in(mode_of(request)), code=code)
