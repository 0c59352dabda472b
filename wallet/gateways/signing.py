"""Signatures of callbacks: HMAC-SHA256 over the time of sending and the body."""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import datetime

from wallet.gateways.base import NotAuthentic

# Clocks differ, and networks are slow; what is older may be somebody repeating it.
_TOLERANCE_SECONDS = 600
_SIGNATURE = re.compile(r"t=(\d{1,12}),v1=([0-9a-f]{64})", re.ASCII)


def sign(secret: str, body: bytes, *, now: datetime) -> str:
    """Return what stands in the header of a callback sent now."""
    sent_at = int(now.timestamp())
    return f"t={sent_at},v1={_digest(secret, sent_at, body)}"


def check(secret: str, signature: str, body: bytes, *, now: datetime) -> None:
    """Raises NotAuthentic unless the body was signed with this secret, lately."""
    found = _SIGNATURE.fullmatch(signature)
    if found is None or not secret:
        raise NotAuthentic("no signature")
    sent_at = int(found[1])
    if not hmac.compare_digest(found[2], _digest(secret, sent_at, body)):
        raise NotAuthentic("the signature does not fit")
    if abs(now.timestamp() - sent_at) > _TOLERANCE_SECONDS:
        raise NotAuthentic("too old")


def _digest(secret: str, sent_at: int, body: bytes) -> str:
    return hmac.new(secret.encode(), b"%d." % sent_at + body, hashlib.sha256).hexdigest()
