"""How django-allauth meets the shop: its people, its words, its mail, and who is asking."""

import time
from ipaddress import ip_address
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.core import context as around
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.contrib.sites.shortcuts import get_current_site
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import guessing
from accounts.actions import default_plan
from accounts.mails import post_mail
from accounts.models import User
from nexotp.lib import secretbox
from nexotp.lib.addresses import client_address

_WAIT = _("Too many tries. Wait a few minutes, then try again.")


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "account_inactive": _("This account is closed."),
        "duplicate_email": _("This is your address already."),
        "email_password_mismatch": _(
            "E-mail and password do not match. Both may be mistyped; try again."
        ),
        "enter_current_password": _("This is not your present password."),
        "incorrect_code": _("This code is not right. Look again, or ask for a new one."),
        "incorrect_password": _("This is not your password."),
        "too_many_login_attempts": _(
            "Too many tries. Wait a few minutes, or choose a new password now: we send you a code"
            " for that."
        ),
        "rate_limited": _WAIT,
    }

    def new_user(self, request: HttpRequest) -> User:
        return User(plan=default_plan())

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        request = around.request
        told = {"request": request, "email": email, "current_site": get_current_site(request)}
        letter = self.render_mail(template_prefix, email, told | context)
        post_mail(to=email, subject=letter.subject, text=letter.body, now=timezone.now())

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return the caller's address past our own proxies; callers without one share one."""
        try:
            address = ip_address(client_address(request))
        except ValueError:
            return "0.0.0.0"  # noqa: S104
        return str(getattr(address, "ipv4_mapped", None) or address)

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        usage = guessing.count_try(request, str(credentials.get("email", "")))
        if usage is None:
            raise self.validation_error("too_many_login_attempts")
        self._login_failed_rl_usage = usage

    def _delete_login_attempts_cached_email(self, request: HttpRequest, **credentials: Any) -> None:
        guessing.forget_tries(request, str(credentials.get("email", "")))

    def post_login(self, request: HttpRequest, user: User, **how: Any) -> HttpResponse:
        response: HttpResponse = super().post_login(request, user, **how)
        guessing.remember_browser(request, response, user.email)
        return response

    def is_reauthentication_required(self, *, app: str, **more: Any) -> bool:
        """Whoever signed in a moment ago has just shown who they are."""
        request = around.request
        shown = [float(each["at"]) for each in get_authentication_records(request, request.user)]
        if shown and time.time() - max(shown) < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT:
            return False
        return bool(super().is_reauthentication_required(app=app, **more))

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("account")


class SecondStepAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": _("This code is not right. Codes change every half minute; try again."),
        "unverified_email": _("Confirm your e-mail address first."),
    }

    def encrypt(self, text: str) -> str:
        return secretbox.encrypt(text).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return secretbox.decrypt(encrypted_text.encode())

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        return {**super().get_public_key_credential_rp_entity(), "name": "NexOTP"}

    def generate_authenticator_name(self, user: User, type: Any) -> str:
        return str(_("My passkey"))
