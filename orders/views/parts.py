"""What the pages about orders share."""

from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers

from accounts.models import User


def customer_of(request: HttpRequest) -> User:
    assert not isinstance(request.user, AnonymousUser)
    return request.user


def page_or_part(
    request: HttpRequest, template: str, part: str, context: dict[str, Any]
) -> HttpResponse:
    """Answer htmx with the live part of a page, and everybody else with the whole page."""
    is_part = bool(request.headers.get("HX-Request"))
    response = render(request, f"{template}#{part}" if is_part else template, context)
    patch_vary_headers(response, ["HX-Request"])
    return response
