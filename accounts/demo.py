"""The demo's administrator, whose second step anybody can show: its secret stands here."""

import time

from allauth.mfa import app_settings
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value

from accounts.models import User

ADMIN = "admin@nexotp.test"
SECRET = "NEXOTPDEMONEXOTPDEMONEXOTPDEMO23"  # noqa: S105


def give_second_step(user: User) -> None:
    """Set up an authenticator app with the demo's secret, where there is none."""
    if not Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).exists():
        TOTP.activate(user, SECRET)


def code_now() -> str:
    """Return what an authenticator app with the demo's secret shows at this moment."""
    return code_at(SECRET, time.time())


def code_at(secret: str, seconds: float) -> str:
    return str(format_hotp_value(hotp_value(secret, int(seconds) // app_settings.TOTP_PERIOD)))
