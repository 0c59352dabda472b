"""Looking at the shop as a customer sees it: some minutes, and nothing can be changed by it."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Mode, User
from nexotp.lib.errors import Problem
from office.actions.noting import note
from office.models import Act, CustomerView
from wallet.actions import open_wallet

LONGEST = timedelta(minutes=15)


class NotToBeSeen(Problem):
    code = "not_to_be_seen"
    status = 403
    message = _("Only accounts of customers that are not closed can be looked at.")


def may_view(by: User, user: User) -> bool:
    """Whether somebody may look at the shop as this account, at this moment."""
    if by.pk == user.pk or not (by.is_active and by.is_staff and user.is_active):
        return False
    if (user.is_staff or user.is_superuser) and not by.is_superuser:
        return False
    return by.has_perm("accounts.view_as_user")


@transaction.atomic
def begin_view(user: User, *, by: User, reason: str, now: datetime) -> CustomerView:
    """Begin to look at the shop as an account; whatever this person looked at before ends.

    Raises NotToBeSeen.
    """
    if not may_view(by, user):
        raise NotToBeSeen
    for earlier in CustomerView.objects.running().filter(by=by):
        end_view(earlier, now=now)
    # Its pages open them at the first look, and a look that only looks cannot.
    for mode in Mode:
        open_wallet(user=user, mode=mode)
    view = CustomerView.objects.create(by=by, user=user, began_at=now, until=now + LONGEST)
    note(Act.VIEW_BEGAN, user, by=by, reason=reason, until=[None, view.until.isoformat()])
    return view


@transaction.atomic
def end_view(view: CustomerView, *, now: datetime) -> bool:
    """End a look, once; whether it was this call that did."""
    ended_at = min(now, view.until)
    if not CustomerView.objects.running().filter(pk=view.pk).update(ended_at=ended_at):
        return False
    seconds = int((ended_at - view.began_at).total_seconds())
    note(Act.VIEW_ENDED, view.user, by=view.by, seconds=[None, seconds])
    return True


def end_overdue_views(*, now: datetime) -> int:
    """End what nobody has ended in time; return how many."""
    overdue = CustomerView.objects.overdue(now).select_related("by", "user")
    return sum(end_view(view, now=now) for view in overdue)
