"""Signing in."""

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.utils.translation import gettext_lazy as _


class SignInForm(AuthenticationForm):
    """E-mail and password, told to browsers and password managers as what they are."""

    username = forms.EmailField(
        label=_("E-mail"),
        widget=forms.EmailInput(
            attrs={"autocomplete": "username", "autofocus": True, "inputmode": "email"}
        ),
    )
    error_messages = {
        "invalid_login": _("E-mail and password do not match. Both may be mistyped; try again."),
        "inactive": _("This account is closed."),
    }
