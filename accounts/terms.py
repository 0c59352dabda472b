"""Which terms somebody agreed to. Whoever agreed to older ones is asked, and buys nothing before.

An account that the shop opened itself has no version, and is asked nothing.
"""

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from accounts.models import User
from nexotp.lib.errors import Problem
from nexotp.lib.terms import TERMS_VERSION


class TermsNotAccepted(Problem):
    code = "terms_not_accepted"
    status = 409
    message = _("Our terms have changed. Agree to them before you buy.")


def must_agree(user: User) -> bool:
    return user.terms_version not in {"", TERMS_VERSION}


def agree_to_terms(user: User, *, now: datetime) -> None:
    """Note that somebody agrees to the terms that are in force."""
    user.terms_version, user.terms_accepted_at = TERMS_VERSION, now
    user.save(update_fields=["terms_version", "terms_accepted_at"])
