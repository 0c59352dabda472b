"""Forms that count once, however often a browser sends them: reloaded, or from its history.

A form carries a token of its own, and the session remembers which have been used.
"""

import secrets

from django.http import HttpRequest

_REMEMBERED = 50


def new_token() -> str:
    """Return what a form carries as `once`."""
    return secrets.token_urlsafe(12)


def is_repeat(request: HttpRequest) -> bool:
    """Whether this very form was sent before; one without a token never was."""
    token = request.POST.get("once", "")[:40]
    used = request.session.get("once", [])
    if not token:
        return False
    if token in used:
        return True
    request.session["once"] = [*used, token][-_REMEMBERED:]
    return False
