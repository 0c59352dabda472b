"""Failed sign-ins at a colleague's door, told to the audit; customers' own are their affair."""

from typing import Any

from allauth.mfa.signals import authentication_failed
from django.contrib.auth.signals import user_login_failed
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import User
from nexotp.lib.addresses import client_address
from office.actions import note_failed_sign_in


def listen() -> None:
    """Hear of wrong passwords from Django, and of wrong codes from django-allauth."""
    user_login_failed.connect(_wrong_password)
    authentication_failed.connect(_wrong_code)


def _wrong_password(
    *, credentials: dict[str, Any], request: HttpRequest | None = None, **_signal: Any
) -> None:
    email = str(credentials.get("email", "")).strip().lower()
    if user := User.objects.filter(email=email, is_staff=True).first():
        _note(user, "password", request)


def _wrong_code(*, user: User, request: HttpRequest | None = None, **_signal: Any) -> None:
    if user.is_staff:
        _note(user, "code", request)


def _note(user: User, step: str, request: HttpRequest | None) -> None:
    note_failed_sign_in(
        user,
        step=step,
        address=client_address(request) if request else "",
        path=request.path if request else "",
        now=timezone.now(),
    )
