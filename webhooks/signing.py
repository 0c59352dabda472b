"""Signatures as Standard Webhooks 1.0 has them: `v1,` and base64 of HMAC-SHA256.

What is signed is `id.timestamp.body`. A secret is `whsec_` and base64 of 32 random bytes.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable
from datetime import datetime

_PREFIX = "whsec_"
_SECRET_BYTES = 32


def new_secret() -> str:
    return _PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def signed_headers(
    event_id: str, body: bytes, secrets_in_use: Iterable[str], *, now: datetime
) -> dict[str, str]:
    """Return what a receiver needs to verify a body, with one signature for each secret."""
    timestamp = int(now.timestamp())
    content = f"{event_id}.{timestamp}.".encode() + body
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(_signature(content, secret) for secret in secrets_in_use),
    }


def _signature(content: bytes, secret: str) -> str:
    key = base64.b64decode(secret.removeprefix(_PREFIX))
    return "v1," + base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()
