"""The forms of django-allauth in the shop's words, told to password managers as what they are."""

from typing import Any

from allauth.account import forms as account
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base import forms as second_step
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.webauthn import forms as passkeys
from django import forms
from django.contrib.auth.hashers import make_password
from django.core.cache import cache
from django.core.validators import EmailValidator
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.terms import agree_to_terms

_PASSWORD_HINT = _("At least 8 characters, not only digits, and not one that many people use.")
_Words = dict[str, "str | Promise"]
_NEW_PASSWORD: _Words = {"label": _("New password"), "help_text": _PASSWORD_HINT}
_AGAIN: _Words = {"label": _("New password, again"), "help_text": ""}
_LETTERS = {"autocapitalize": "characters", "spellcheck": "false", "autocorrect": "off"}
_DIGITS = {"inputmode": "numeric"}


class _Dressed:
    """Labels and hints of ours; no text inside the fields, where it would vanish on typing."""

    words: dict[str, _Words] = {}
    first = ""
    attributes: dict[str, dict[str, str]] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, forms.Field] = self.fields  # type: ignore[attr-defined]
        for name, field in fields.items():
            field.widget.attrs.pop("placeholder", None)
            field.widget.attrs |= self.attributes.get(name, {})
            for part, text in self.words.get(name, {}).items():
                setattr(field, part, text)
        if self.first in fields:
            fields[self.first].widget.attrs["autofocus"] = True


class SignInForm(_Dressed, account.LoginForm):  # type: ignore[misc]
    words = {
        "login": {"label": _("E-mail")},
        "password": {"label": _("Password"), "help_text": ""},
    }
    attributes = {"login": {"autocomplete": "username webauthn", "inputmode": "email"}}
    first = "login"


class SignUpForm(_Dressed, account.SignupForm):  # type: ignore[misc]
    """An account is opened, or its owner is told by mail that there is one; it looks the same."""

    account_already_exists: bool
    terms = forms.BooleanField(
        label=_("I accept the terms"),
        error_messages={"required": _("Without the terms there is no account.")},
    )
    words = {
        "email": {"label": _("E-mail"), "help_text": _("We send a code there.")},
        "password1": {"label": _("Password"), "help_text": _PASSWORD_HINT},
    }
    attributes = {"email": {"autocomplete": "username", "inputmode": "email"}}
    field_order = ["email", "password1", "terms"]
    first = "email"

    def clean_email(self) -> str:
        """An address too long to be kept would be cut, and be another one."""
        longest = User._meta.get_field("email").max_length or 0
        if len(self.cleaned_data["email"]) > longest:
            raise forms.ValidationError(EmailValidator.message)
        address: str = super().clean_email()
        return address

    def try_save(self, request: HttpRequest) -> tuple[User | None, HttpResponse | None]:
        if self.account_already_exists:
            # A new account costs a hash; the answer to a known address must take as long.
            make_password(self.cleaned_data["password1"])
        else:
            try:
                with transaction.atomic():
                    return self.save(request), None
            except IntegrityError:
                # Somebody signed up with this address a moment ago.
                self.account_already_exists = True
        answer: tuple[User | None, HttpResponse | None] = super().try_save(request)
        return answer

    def custom_signup(self, request: HttpRequest, user: User) -> None:
        agree_to_terms(user, now=timezone.now())


class ConfirmEmailForm(_Dressed, account.ConfirmEmailVerificationCodeForm):  # type: ignore[misc]
    words = {"code": {"label": _("Code from the e-mail")}}
    attributes = {"code": _DIGITS}
    first = "code"


class ConfirmResetForm(_Dressed, account.ConfirmPasswordResetCodeForm):  # type: ignore[misc]
    words = {"code": {"label": _("Code from the e-mail")}}
    attributes = {"code": _LETTERS}
    first = "code"


class ForgotPasswordForm(_Dressed, account.ResetPasswordForm):  # type: ignore[misc]
    words = {"email": {"label": _("E-mail")}}
    attributes = {"email": {"autocomplete": "username", "inputmode": "email"}}
    first = "email"


class NewPasswordForm(_Dressed, account.ResetPasswordKeyForm):  # type: ignore[misc]
    words = {"password1": _NEW_PASSWORD, "password2": _AGAIN}
    first = "password1"


class FirstPasswordForm(_Dressed, account.SetPasswordForm):  # type: ignore[misc]
    words = {"password1": _NEW_PASSWORD, "password2": _AGAIN}
    first = "password1"


class ChangePasswordForm(_Dressed, account.ChangePasswordForm):  # type: ignore[misc]
    words = {
        "oldpassword": {"label": _("Present password"), "help_text": ""},
        "password1": _NEW_PASSWORD,
        "password2": _AGAIN,
    }
    first = "oldpassword"


class ChangeEmailForm(_Dressed, account.AddEmailForm):  # type: ignore[misc]
    words = {"email": {"label": _("New e-mail"), "help_text": _("We send a code there.")}}
    attributes = {"email": {"inputmode": "email"}}


class ConfirmPasswordForm(_Dressed, account.ReauthenticateForm):  # type: ignore[misc]
    words = {"password": {"label": _("Password"), "help_text": ""}}
    first = "password"


class _OnceOnly(_Dressed):
    """A code of the authenticator app opens once, however long it would still be taken."""

    words = {"code": {"label": _("Code"), "help_text": ""}}
    attributes = {"code": {"inputmode": "text", **_LETTERS}}
    first = "code"

    def clean_code(self) -> str:
        code: str = super().clean_code()  # type: ignore[misc]
        user: User = self.user  # type: ignore[attr-defined]
        # allauth remembers it for one period only; with tolerance it is good for three.
        if not cache.add(f"code-used:{user.pk}:{code.strip()}", 1, timeout=4 * 30):
            raise get_adapter().validation_error("incorrect_code")
        return code


class SecondStepForm(_OnceOnly, second_step.AuthenticateForm):  # type: ignore[misc]
    pass


class ConfirmSecondStepForm(_OnceOnly, second_step.ReauthenticateForm):  # type: ignore[misc]
    pass


class AddAuthenticatorForm(_Dressed, ActivateTOTPForm):  # type: ignore[misc]
    words = {"code": {"label": _("Code that the app shows")}}
    attributes = {"code": {**_DIGITS, "maxlength": "8"}}


class AddPasskeyForm(_Dressed, passkeys.AddWebAuthnForm):  # type: ignore[misc]
    """Always one that signs in by itself: the device asks for a finger, a face or its PIN."""

    passwordless = forms.BooleanField(initial=True, widget=forms.HiddenInput)
    words = {
        "name": {
            "label": _("Name"),
            "help_text": _("So that you can tell your passkeys apart later."),
        }
    }
    attributes = {"name": {"maxlength": "60"}}


class RenamePasskeyForm(_Dressed, passkeys.EditWebAuthnForm):  # type: ignore[misc]
    words = {"name": {"label": _("Name")}}
    attributes = {"name": {"maxlength": "60"}}
    first = "name"
