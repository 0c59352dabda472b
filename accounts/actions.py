"""Opening accounts and handing out keys."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from ipaddress import ip_network

import structlog
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import keys
from accounts.freezing import check_not_frozen
from accounts.models import ApiKey, Dialect, Mode, Plan, Scope, User
from nexotp.lib.errors import Problem

logger = structlog.get_logger(__name__)

LAST_USED_PRECISION = timedelta(minutes=5)
# Keys of one account that have not ended, in both modes together.
MOST_KEYS = 50


class EmailTaken(Problem):
    code = "email_taken"
    message = _("An account with this e-mail address exists already.")


class InvalidEmail(Problem):
    code = "invalid_email"
    message = _("This is not an e-mail address.")


class UnknownPlan(Problem):
    code = "unknown_plan"
    message = _("There is no such plan.")


class InvalidScope(Problem):
    code = "invalid_scope"
    message = _("There is no such scope.")


class KeyNotUsable(Problem):
    code = "key_not_usable"
    status = 409
    message = _("This key has ended, or another one has taken its place already.")


class TooManyKeys(Problem):
    code = "too_many_keys"
    status = 409
    message = _("You have as many keys as an account can have. Revoke one first.")


def default_plan() -> Plan:
    """Return what people start with who sign up by themselves."""
    return Plan.objects.get(code="free")


def create_user(
    *, email: str, password: str | None, plan: str = "free", is_staff: bool = False
) -> User:
    """Open an account whose address somebody vouches for, so that no code is sent there.

    Without a password it can only use API keys.
    Raises InvalidEmail, EmailTaken, UnknownPlan.
    """
    email = email.strip().lower()
    try:
        validate_email(email)
    except ValidationError as error:
        raise InvalidEmail from error
    try:
        chosen = Plan.objects.get(code=plan)
    except Plan.DoesNotExist as error:
        raise UnknownPlan from error
    user = User(email=email, plan=chosen, is_staff=is_staff, is_superuser=is_staff)
    user.set_password(password)
    try:
        with transaction.atomic():
            user.save()
            EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    except IntegrityError as error:
        raise EmailTaken from error
    return user


def create_api_key(
    *,
    user: User,
    mode: Mode,
    scopes: Sequence[str] = (),
    name: str = "",
    allowed_networks: Sequence[str] = (),
    expires_at: datetime | None = None,
    dialect: Dialect = Dialect.CLASSIC,
    key: str | None = None,
) -> tuple[ApiKey, str]:
    """Create a key and return its row with the key itself, which is not kept; no scope means all.

    Raises AccountFrozen, InvalidScope, TooManyKeys, and ValueError for a network that is none.
    """
    check_not_frozen(user)
    if ApiKey.objects.filter(user=user).usable(timezone.now()).count() >= MOST_KEYS:
        raise TooManyKeys
    if unknown := set(scopes) - set(Scope.values):
        raise InvalidScope(details={"unknown": sorted(unknown)})
    if key is None:
        key, public_id = keys.generate(mode)
    else:
        parsed = keys.parse(key)
        if parsed is None or parsed.mode != mode:
            raise ValueError("this key is not of our form")
        public_id = parsed.public_id
    pepper = keys.newest_pepper()
    row = ApiKey.objects.create(
        user=user,
        mode=mode,
        name=name,
        public_id=public_id,
        digest=keys.digest(key, pepper),
        pepper_version=pepper,
        last_four=key[-4:],
        scopes=list(scopes) or list(Scope.values),
        allowed_networks=[str(ip_network(network)) for network in allowed_networks],
        expires_at=expires_at,
        dialect=dialect,
    )
    return row, key


@transaction.atomic
def rotate_api_key(key: ApiKey, *, overlap: timedelta, now: datetime) -> tuple[ApiKey, str]:
    """Return a new key that may do the same, with the key itself; the old one ends after `overlap`.

    Raises AccountFrozen, and KeyNotUsable, also for the second of two who rotate at once.
    """
    row = ApiKey.objects.select_for_update(of=("self",)).select_related("user").get(pk=key.pk)
    check_not_frozen(row.user)
    if row.ended_as(now) or row.replaced_at is not None:
        raise KeyNotUsable
    ends_at = now + overlap
    old = ApiKey.objects.filter(pk=row.pk)
    if not overlap:
        old.update(replaced_at=now, revoked_at=now)
    elif row.expires_at is None or row.expires_at > ends_at:
        old.update(replaced_at=now, expires_at=ends_at)
    else:
        old.update(replaced_at=now)
    text, public_id = keys.generate(row.mode)
    pepper = keys.newest_pepper()
    # A copy of the whole row: whatever a key may do, the new one may do, too.
    row.pk = None
    row._state.adding = True
    row.public_id = public_id
    row.digest = keys.digest(text, pepper)
    row.pepper_version = pepper
    row.last_four = text[-4:]
    row.created_at, row.last_used_at = now, None
    row.save()
    return row, text


def choose_dialect(key: ApiKey, dialect: Dialect) -> None:
    """Change how the handler door answers a key from now on."""
    ApiKey.objects.filter(pk=key.pk).update(dialect=dialect)


def revoke_api_key(key: ApiKey, *, now: datetime) -> None:
    """Close a key at once; revoking twice keeps the first time."""
    ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=now)


def note_key_use(key: ApiKey, *, now: datetime) -> None:
    """Remember when a key was used, to five minutes, so that a busy key is not a hot row."""
    ApiKey.objects.filter(
        Q(last_used_at=None) | Q(last_used_at__lt=now - LAST_USED_PRECISION), pk=key.pk
    ).update(last_used_at=now)


def lift_cool_down(user: User, *, by: User, now: datetime) -> None:
    """Let an account buy again at once; what it did before is not held against it."""
    User.objects.filter(pk=user.pk).update(cooling_until=None, cooling_reason="", judged_from=now)
    logger.info("cool-down lifted", user=user.pk, by=by.pk)


def forget_person(user: User, *, now: datetime) -> None:
    """Take out of an account what tells whose it was, and lock it for good; the row stays.

    Keys end, everybody is signed out, addresses and second steps go. Call it in a transaction.
    """
    ApiKey.objects.filter(user=user, revoked_at=None).update(revoked_at=now)
    ApiKey.objects.filter(user=user).update(name="", allowed_networks=[])
    for session in UserSession.objects.filter(user=user):
        session.end()
    EmailAddress.objects.filter(user=user).delete()
    Authenticator.objects.filter(user=user).delete()
    user.email = f"{user.public_id}@deleted.invalid".lower()
    user.set_unusable_password()
    user.is_active = False
    user.deleted_at = now
    user.save(update_fields=["email", "password", "is_active", "deleted_at"])


# What goes with a sign-up that nobody confirmed; whatever else points to an account keeps it.
_GOES_ALONG = {EmailAddress, UserSession}
_AT_ONCE = 200


@transaction.atomic
def delete_unconfirmed(*, now: datetime) -> int:
    """Delete sign-ups whose address nobody confirmed in time; return how many.

    An account that was ever signed in to, or to which anything belongs, stays.
    """
    before = now - timedelta(days=settings.UNCONFIRMED_DAYS)
    unconfirmed = EmailAddress.objects.select_for_update(skip_locked=True, of=("self", "user"))
    stale = unconfirmed.filter(
        verified=False, user__created_at__lt=before, user__last_login=None, user__is_staff=False
    )
    confirmed = EmailAddress.objects.filter(user=OuterRef("user"), verified=True)
    addresses = stale.exclude(Exists(confirmed)).select_related("user").order_by("pk")
    owners = {address.user for address in addresses[:_AT_ONCE]}
    alone = [owner for owner in owners if not _belongings(owner)]
    for owner in alone:
        owner.delete()
    return len(alone)


def _belongings(user: User) -> bool:
    """Whether a row of any other table points to an account."""
    return any(
        relation.related_model._base_manager.filter(**{relation.field.name: user}).exists()
        for relation in User._meta.related_objects
        if relation.related_model not in _GOES_ALONG
    )
