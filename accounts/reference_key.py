"""The reader's own sandbox key in the API reference, which can be shown again and again.

Keys are stored as hashes, so this one is derived: from our secret, the account and a generation.
A key that was revoked, has expired, no longer derives or lacks a scope that has come since is
followed by the next generation.
"""

import hashlib
import hmac
from datetime import datetime
from itertools import count

from django.conf import settings
from django.db import IntegrityError, transaction

from accounts import keys
from accounts.actions import create_api_key
from accounts.models import ApiKey, Mode, Scope, User

NAME = "API reference"


def reference_key(*, user: User, now: datetime) -> str:
    """Return a working sandbox key of this account, made when there is none.

    Two requests at once get the same one: its public id is unique.
    """
    mine = {row.public_id: row for row in ApiKey.objects.filter(user=user, mode=Mode.SANDBOX)}
    for generation in count(1):
        key = _derived(user, generation)
        parsed = keys.parse(key)
        assert parsed is not None
        row = mine.get(parsed.public_id)
        if (row is None and _create(user, key)) or (row and _opens(row, key, now)):
            return key
    raise AssertionError("there is always a next generation")


def _derived(user: User, generation: int) -> str:
    told = f"reference key:{user.public_id}:{generation}"
    entropy = hmac.digest(settings.SECRET_KEY.encode(), told.encode(), hashlib.sha512)
    return keys.derive(Mode.SANDBOX, entropy)


def _create(user: User, key: str) -> bool:
    """Whether the key is there now: made here, or at the same moment by another request."""
    try:
        with transaction.atomic():
            create_api_key(user=user, mode=Mode.SANDBOX, name=NAME, key=key)
    except IntegrityError:
        parsed = keys.parse(key)
        assert parsed is not None
        return ApiKey.objects.filter(user=user, public_id=parsed.public_id).exists()
    return True


def _opens(row: ApiKey, key: str, now: datetime) -> bool:
    if row.revoked_at is not None or (row.expires_at is not None and row.expires_at <= now):
        return False
    if not set(Scope.values) <= set(row.scopes):
        return False
    try:
        return hmac.compare_digest(bytes(row.digest), keys.digest(key, row.pepper_version))
    except KeyError:
        return False
