"""Which account a browser's session belongs to; as a request would find it, but never writing.

Django's own `get_user` may renew the session's key, which nobody would tell the browser.
"""

from collections.abc import Iterable
from importlib import import_module

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.db import connection
from django.utils.crypto import constant_time_compare

from accounts.models import User

_store = import_module(settings.SESSION_ENGINE).SessionStore


def accounts_of(session_keys: Iterable[str]) -> dict[str, int]:
    """Return the account of each session that is signed in as somebody active."""
    try:
        sessions = {key: _store(key).load() for key in session_keys}
        pks = {session.get(SESSION_KEY) for session in sessions.values()} - {None}
        users = {str(user.pk): user for user in User.objects.filter(pk__in=pks, is_active=True)}
    finally:
        # Back to the pool; the next look may be a minute away.
        connection.close()
    return {
        key: users[session[SESSION_KEY]].pk
        for key, session in sessions.items()
        if session.get(SESSION_KEY) in users and _is_valid(session, users[session[SESSION_KEY]])
    }


def _is_valid(session: dict[str, str], user: User) -> bool:
    """Whether the session was opened with the password that the user still has."""
    if session.get(BACKEND_SESSION_KEY) not in settings.AUTHENTICATION_BACKENDS:
        return False
    found = session.get(HASH_SESSION_KEY, "")
    hashes = [user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()]
    return any(constant_time_compare(found, each) for each in hashes)
