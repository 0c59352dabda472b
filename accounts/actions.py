"""Opening accounts and handing out keys."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from ipaddress import ip_network

import structlog
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts import keys
from accounts.models import ApiKey, Dialect, Mode, Plan, Scope, User
from nexotp.lib.errors import Problem

logger = structlog.get_logger(__name__)

LAST_USED_PRECISION = timedelta(minutes=5)


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


def create_user(
    *, email: str, password: str | None, plan: str = "free", is_staff: bool = False
) -> User:
    """Open an account; without a password it can only use API keys.

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

    Raises InvalidScope, and ValueError for a network that is none.
    """
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
