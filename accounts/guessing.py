"""How often a password may be wrong, without a stranger's tries keeping the owner out.

Tries count for the e-mail address and the network that they come from; all networks together have
a wider limit against many who guess at once (ACCOUNT_RATE_LIMITS). A browser in which its owner
has signed in before counts by itself, whatever others do. Unknown addresses are counted the same.
"""

import secrets
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.core.internal import ratelimit
from allauth.core.internal.ratelimit import RateLimitUsage
from django.conf import settings
from django.core import signing
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.crypto import salted_hmac

from nexotp.lib.addresses import network_of

_APP = "allauth.account"
_COOKIE = "known_browser"
_A_YEAR = 365 * 24 * 60 * 60
_MOST_KNOWN = 5


def count_try(request: HttpRequest, email: str) -> RateLimitUsage | None:
    """Count a password that may be wrong; None is one too many. What was right is taken back."""
    browser = _known_as(request)
    if _mark(email) in browser["people"]:
        key = f"{email.lower()}:{browser['id']}"
        return _consume(request, "login_failed_known_browser", key)
    here = _consume(request, "login_failed", _key_here(request, email))
    everywhere = _consume(request, "login_failed_everywhere", email.lower()) if here else None
    if here is None or everywhere is None:
        return None
    return RateLimitUsage([*here.usage, *everywhere.usage])


def forget_tries(request: HttpRequest, email: str) -> None:
    """Start anew for whoever has shown otherwise that the address is theirs."""
    keys = {"login_failed": _key_here(request, email), "login_failed_everywhere": email.lower()}
    for action, key in keys.items():
        ratelimit.clear(request, app=_APP, action=action, key=key)


def _key_here(request: HttpRequest, email: str) -> str:
    # Without the host name: a caller chooses its port, and would get a fresh count with each.
    return f"{email.lower()}:{network_of(get_adapter().get_client_ip(request))}"


def remember_browser(request: HttpRequest, response: HttpResponseBase, email: str) -> None:
    """Let this browser be known as one in which the owner of an address has signed in."""
    browser = _known_as(request)
    people = [each for each in browser["people"] if each != _mark(email)]
    browser["people"] = [*people, _mark(email)][-_MOST_KNOWN:]
    response.set_cookie(
        _COOKIE,
        signing.dumps(browser, salt=_COOKIE),
        max_age=_A_YEAR,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
    )


def _consume(request: HttpRequest, action: str, key: str) -> RateLimitUsage | None:
    usage: RateLimitUsage | None = ratelimit.consume(request, app=_APP, action=action, key=key)
    return usage


def _known_as(request: HttpRequest) -> dict[str, Any]:
    try:
        return dict(signing.loads(request.COOKIES.get(_COOKIE, ""), salt=_COOKIE, max_age=_A_YEAR))
    except signing.BadSignature:
        return {"id": secrets.token_urlsafe(9), "people": []}


def _mark(email: str) -> str:
    """Return what stands for an address in a cookie that others at the browser can read."""
    return salted_hmac(_COOKIE, email.lower()).hexdigest()[:16]
