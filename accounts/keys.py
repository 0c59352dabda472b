"""The shape of an API key: prefix, public id, secret, checksum. No database here.

`nx_live_` + 10 characters of public id + 32 of secret (190 bits) + 6 of CRC32, all base 62. The
checksum refuses typing errors and garbage before any query; the keyed hash is all we store.
"""

import hashlib
import hmac
import re
import secrets
import string
import zlib
from dataclasses import dataclass
from functools import lru_cache

from django.conf import settings

_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_PUBLIC, _SECRET, _CHECKSUM = 10, 32, 6
_FORM = re.compile(
    rf"nx_(live|test)_([0-9A-Za-z]{{{_PUBLIC}}})[0-9A-Za-z]{{{_SECRET + _CHECKSUM}}}"
)
_PREFIXES = {"live": "nx_live_", "sandbox": "nx_test_"}
_MODES = {"live": "live", "test": "sandbox"}


@dataclass(frozen=True, slots=True)
class ParsedKey:
    """A key whose form and checksum are right; whether it exists is another question."""

    mode: str
    public_id: str


def generate(mode: str) -> tuple[str, str]:
    """Return a new key and its public id."""
    public_id = _random(_PUBLIC)
    return assemble(mode, public_id, _random(_SECRET)), public_id


def derive(mode: str, entropy: bytes) -> str:
    """Return the key that 64 secret bytes spell: the same bytes give the same key."""
    text = _spell(int.from_bytes(entropy), _PUBLIC + _SECRET)
    return assemble(mode, text[:_PUBLIC], text[_PUBLIC:])


def assemble(mode: str, public_id: str, secret: str) -> str:
    """Return the whole key, checksum included."""
    body = f"{_PREFIXES[mode]}{public_id}{secret}"
    return body + _checksum(body)


def parse(key: str) -> ParsedKey | None:
    """Return the key's mode and public id, or None when it cannot be one of ours."""
    found = _FORM.fullmatch(key)
    if not found or key[-_CHECKSUM:] != _checksum(key[:-_CHECKSUM]):
        return None
    return ParsedKey(mode=_MODES[found[1]], public_id=found[2])


def newest_pepper() -> int:
    """Return the version that signs new keys."""
    return max(_peppers())


def digest(key: str, pepper_version: int) -> bytes:
    """Return HMAC-SHA256 of the whole key under a pepper. Raises KeyError for a retired one."""
    return hmac.digest(_peppers()[pepper_version], key.encode(), hashlib.sha256)


@lru_cache(maxsize=1)
def _peppers() -> dict[int, bytes]:
    versions = (part.split(":", 1) for part in settings.API_KEY_PEPPERS.split(","))
    return {int(version): secret.encode() for version, secret in versions}


def _random(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def _checksum(body: str) -> str:
    return _spell(zlib.crc32(body.encode()), _CHECKSUM)


def _spell(number: int, length: int) -> str:
    digits = ""
    while len(digits) < length:
        number, rest = divmod(number, 62)
        digits = _ALPHABET[rest] + digits
    return digits
