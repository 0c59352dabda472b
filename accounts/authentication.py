"""Who calls the API: a key in `Authorization: Bearer` or `X-NexOTP-API-Key`."""

import hmac
from collections.abc import Callable
from datetime import datetime
from functools import partial

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from accounts import keys
from accounts.actions import LAST_USED_PRECISION, note_key_use
from accounts.limits import check_bad_key_limit
from accounts.models import ApiKey, Plan, User
from nexotp.lib.addresses import client_address
from nexotp.lib.db import PreparedRead
from nexotp.lib.errors import Problem


class MissingApiKey(Problem):
    code = "missing_api_key"
    status = 401
    message = _("Send your API key as `Authorization: Bearer KEY`.")


class InvalidApiKey(Problem):
    code = "invalid_api_key"
    status = 401
    message = _("This API key is not valid.")


class KeyExpired(Problem):
    code = "key_expired"
    status = 401
    message = _("This API key has expired. Create a new one in your account.")


class ConflictingApiKeys(Problem):
    code = "conflicting_api_keys"
    status = 401
    message = _("Two different API keys were sent. Send one.")


class IpNotAllowed(Problem):
    code = "ip_not_allowed"
    status = 403
    message = _("This API key may not be used from your address.")


class ScopeMissing(Problem):
    code = "scope_missing"
    status = 403
    message = _("This API key lacks the scope for this call.")
    example_details = {"scope": "order:write"}


class ApiKeyAuthentication(BaseAuthentication):
    """Sets `request.user` to the account and `request.auth` to its key."""

    def authenticate(self, request: Request) -> tuple[User, ApiKey]:
        key = identify(
            request._request,
            partial(_sent_key, request),
            read=partial(self.read_key, request),
            now=timezone.now(),
        )
        return key.user, key

    def read_key(self, request: Request, public_id: str, mode: str) -> ApiKey | None:
        """Return the key's row with its user and plan; a view may read more in the same query."""
        return read_key(public_id, mode)

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="NexOTP"'


def identify(
    request: HttpRequest,
    sent_key: Callable[[], str],
    *,
    read: Callable[[str, str], ApiKey | None],
    now: datetime,
) -> ApiKey:
    """Return the key that a request carries; wrong ones count against its sender.

    `read` gives the row of a public id and a mode. Raises MissingApiKey, ConflictingApiKeys,
    InvalidApiKey, KeyExpired, IpNotAllowed, RateLimited.
    """
    address = client_address(request)
    try:
        key = _find(sent_key(), read, now)
    except (InvalidApiKey, ConflictingApiKeys):
        check_bad_key_limit(request, address)
        raise
    if not key.allows_address(address):
        raise IpNotAllowed
    if key.last_used_at is None or key.last_used_at < now - LAST_USED_PRECISION:
        note_key_use(key, now=now)
    return key


def _find(sent: str, read: Callable[[str, str], ApiKey | None], now: datetime) -> ApiKey:
    """Raises InvalidApiKey, KeyExpired."""
    parsed = keys.parse(sent)
    if parsed is None:
        raise InvalidApiKey
    row = read(parsed.public_id, parsed.mode)
    # An unknown key costs one hash as well, so that its answer takes as long.
    pepper = row.pepper_version if row else keys.newest_pepper()
    try:
        expected = keys.digest(sent, pepper)
    except KeyError as error:
        raise InvalidApiKey from error
    if row is None or not hmac.compare_digest(bytes(row.digest), expected):
        raise InvalidApiKey
    if row.revoked_at is not None or not row.user.is_active:
        raise InvalidApiKey
    if row.expires_at is not None and row.expires_at <= now:
        raise KeyExpired
    return row


def _sent_key(request: Request) -> str:
    """Raises MissingApiKey, ConflictingApiKeys."""
    scheme, _space, bearer = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    sent = {
        key
        for key in (
            bearer.strip() if scheme.lower() == "bearer" else "",
            request.META.get("HTTP_X_NEXOTP_API_KEY", "").strip(),
        )
        if key
    }
    if not sent:
        raise MissingApiKey
    if len(sent) > 1:
        raise ConflictingApiKeys
    return str(sent.pop())


KEY_SQL = (
    "FROM accounts_apikey key JOIN accounts_user account ON account.id = key.user_id"
    " JOIN accounts_plan plan ON plan.id = account.plan_id {join}"
    " WHERE key.public_id = %s AND key.mode = %s"
)
KEY_READ = PreparedRead(
    "SELECT {0}, {1}, {2} " + KEY_SQL.format(join=""), key=ApiKey, account=User, plan=Plan
)


def read_key(public_id: str, mode: str) -> ApiKey | None:
    """Return a key's row with its user and plan."""
    found = KEY_READ.one((public_id, mode))
    return joined(*found) if found else None


def joined(key: ApiKey, user: User, plan: Plan) -> ApiKey:
    """Return the key with its user and the user's plan at hand."""
    key.user = user
    user.plan = plan
    return key
