"""Who calls the API: a key in `Authorization: Bearer` or `X-NexOTP-API-Key`."""

import hmac
from datetime import datetime

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
        now = timezone.now()
        try:
            key = self._find(request, _sent_key(request), now)
        except (InvalidApiKey, ConflictingApiKeys):
            check_bad_key_limit(request._request, client_address(request._request))
            raise
        if not key.allows_address(client_address(request._request)):
            raise IpNotAllowed
        if key.last_used_at is None or key.last_used_at < now - LAST_USED_PRECISION:
            note_key_use(key, now=now)
        return key.user, key

    def _find(self, request: Request, sent: str, now: datetime) -> ApiKey:
        """Raises InvalidApiKey, KeyExpired."""
        parsed = keys.parse(sent)
        if parsed is None:
            raise InvalidApiKey
        row = self.read_key(request, parsed.public_id, parsed.mode)
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

    def read_key(self, request: Request, public_id: str, mode: str) -> ApiKey | None:
        """Return the key's row with its user and plan; a view may read more in the same query."""
        found = KEY_READ.one((public_id, mode))
        return joined(*found) if found else None

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="NexOTP"'


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


def joined(key: ApiKey, user: User, plan: Plan) -> ApiKey:
    """Return the key with its user and the user's plan at hand."""
    key.user = user
    user.plan = plan
    return key
