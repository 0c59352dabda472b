"""Where a page finds the stream."""

from functools import partial
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.http.request import split_domain_port
from django.utils.functional import SimpleLazyObject


def live(request: HttpRequest) -> dict[str, Any]:
    """A context processor; the address is made only where a template shows it.

    None while staff looks at the shop as a customer: the stream would be the colleague's own.
    Pages look by themselves then.
    """
    if hasattr(request, "viewing"):
        return {}
    return {"live_url": SimpleLazyObject(partial(_address, request))}


def _address(request: HttpRequest) -> str:
    if not settings.LIVE_PORT:
        return "/live/"
    domain, _port = split_domain_port(request.get_host())
    return f"{request.scheme}://{domain}:{settings.LIVE_PORT}/live/"
