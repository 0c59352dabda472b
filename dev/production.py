"""Settings as a production machine would have them, for checks that nobody but us sees."""

from __future__ import annotations

import base64
import secrets

HOST = "shop.example"


def environment() -> dict[str, str]:
    return {
        "DEBUG": "false",
        "SECURE": "true",
        "SECRET_KEY": secrets.token_urlsafe(50),
        "API_KEY_PEPPERS": f"1:{secrets.token_hex(32)}",
        "ENCRYPTION_KEYS": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "ALLOWED_HOSTS": HOST,
        "CSRF_TRUSTED_ORIGINS": f"https://{HOST}",
        "TRUSTED_PROXY_COUNT": "1",
        # Nothing answers there; a check that needs a server brings its own.
        "DATABASE_URL": "postgresql://nexotp:secret@127.0.0.1:9/nexotp",
        "REDIS_URL": "redis://127.0.0.1:9/0",
        "BROKER_URL": "redis://127.0.0.1:9/1",
    }
