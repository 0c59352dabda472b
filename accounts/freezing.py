"""Accounts that staff has stopped: they are signed in and read, and spend nothing.

Open orders go on to their end, and what comes back goes back to the wallet.
"""

from accounts.models import FROZEN, User
from nexotp.lib.errors import Problem


class AccountFrozen(Problem):
    code = "account_frozen"
    status = 403
    message = FROZEN


def check_not_frozen(user: User) -> None:
    """Raises AccountFrozen."""
    if user.is_frozen:
        raise AccountFrozen(user.frozen_words)
