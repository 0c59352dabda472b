"""Whoever works in the admin has a second step, and has shown it in this session.

It stands before every page below /admin/, whatever serves it.
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from allauth.account.internal.flows.login import get_authentication_records, record_authentication
from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect

from accounts.models import User

_MFA = "mfa"


class StaffSecondStepMiddleware:
    """Leads staff without a second step to where one is set up, and others to show theirs."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.path_info.startswith(reverse("admin:index")):
            return self.get_response(request)
        user = request.user
        if not isinstance(user, User) or not user.is_staff or has_shown(request, user):
            return self.get_response(request)
        page = self._way(request, user)
        # A part of an admin's page must not get another page inside itself.
        is_part = bool(request.headers.get("HX-Request"))
        return HttpResponseClientRedirect(page) if is_part else redirect(page)

    def _way(self, request: HttpRequest, user: User) -> str:
        types = steps_of(user)
        if not types:
            text = _("Staff signs in with a second step. Set one up, then the admin opens.")
            messages.warning(request, text)
            return reverse("mfa_index")
        shown = "mfa_reauthenticate" if Authenticator.Type.TOTP in types else _PASSKEY
        return f"{reverse(shown)}?{urlencode({'next': request.get_full_path()})}"


_PASSKEY = "mfa_reauthenticate_webauthn"


def steps_of(user: User) -> set[str]:
    """Return the kinds of second step that an account has; recovery codes alone are none."""
    kinds = Authenticator.objects.filter(user=user).exclude(type=Authenticator.Type.RECOVERY_CODES)
    return set(kinds.values_list("type", flat=True))


def has_shown(request: HttpRequest, user: User) -> bool:
    """Whether this session showed a second step, and the account still has one."""
    records = get_authentication_records(request, user)
    return any(record.get("method") == _MFA for record in records) and bool(steps_of(user))


def remember_added(
    *, request: HttpRequest, user: User, authenticator: Authenticator, **_signal: Any
) -> None:
    """Count a second step as shown to the session that set it up: it was used for that."""
    if authenticator.type != Authenticator.Type.RECOVERY_CODES:
        record_authentication(request, user, _MFA, id=authenticator.pk, type=authenticator.type)
