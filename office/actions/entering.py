"""Letting somebody in again who lost the phone and the recovery codes."""

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.db import transaction

from accounts.models import User
from office.actions.freezing import NotYourRank, outranks
from office.actions.noting import note
from office.models import Act


@transaction.atomic
def take_off_second_step(user: User, *, by: User, reason: str) -> None:
    """Let the password alone open an account until a second step is set up again.

    Everybody who is signed in as it is signed out. Raises NotYourRank.
    """
    if not outranks(by, user):
        raise NotYourRank
    steps = Authenticator.objects.filter(user=user)
    kinds = sorted(steps.values_list("type", flat=True))
    steps.delete()
    for session in UserSession.objects.filter(user=user):
        session.end()
    note(Act.STEP_OFF, user, by=by, reason=reason, steps=[kinds, []])
