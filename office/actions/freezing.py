"""Stopping an account, and letting it go on."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from nexotp.lib.acting import because
from nexotp.lib.errors import Problem
from wallet.models import LedgerAccount


class NotYourRank(Problem):
    code = "not_your_rank"
    status = 403
    message = _("You cannot do this with this account: it is your own, or has rights of its own.")


class AlreadySo(Problem):
    code = "already_so"
    status = 409
    message = _("A colleague was faster: it stands so already.")


def outranks(by: User, user: User) -> bool:
    """Whether somebody may act on an account that may have rights itself; never on their own."""
    if by.pk == user.pk or (user.is_superuser and not by.is_superuser):
        return False
    return not user.is_staff or by.has_perm("auth.change_group")


@transaction.atomic
def freeze_account(user: User, *, by: User, reason: str, message: str, now: datetime) -> None:
    """Let an account sign in and read only; `message` is what its owner reads instead of the
    usual words.

    An order that is being placed is placed before or refused. Raises NotYourRank, AlreadySo.
    """
    if not outranks(by, user):
        raise NotYourRank
    row = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    # Whoever opens a top-up holds the account; whoever places an order holds its wallet until the
    # order is there, and looks then whether the account is frozen: one of the two sees the other.
    list(LedgerAccount.objects.select_for_update().filter(owner=user).order_by("pk"))
    if row.is_frozen:
        raise AlreadySo
    _set(row, frozen_at=now, reason=reason, message=message, why=reason)


@transaction.atomic
def unfreeze_account(user: User, *, by: User, reason: str) -> None:
    """Let a frozen account buy again. Raises NotYourRank, AlreadySo."""
    if not outranks(by, user):
        raise NotYourRank
    row = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    if not row.is_frozen:
        raise AlreadySo
    _set(row, frozen_at=None, reason="", message="", why=reason)


def _set(user: User, *, frozen_at: datetime | None, reason: str, message: str, why: str) -> None:
    user.frozen_at, user.frozen_reason, user.frozen_message = frozen_at, reason, message
    with because(why):
        user.save(update_fields=["frozen_at", "frozen_reason", "frozen_message"])
