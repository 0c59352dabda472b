"""What the pages about orders share."""

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest

from accounts.models import User
from nexotp.lib.pages import page_or_part

__all__ = ["customer_of", "page_or_part"]


def customer_of(request: HttpRequest) -> User:
    assert not isinstance(request.user, AnonymousUser)
    return request.user
