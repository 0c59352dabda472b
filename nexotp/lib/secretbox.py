"""Secrets at rest: Fernet under keys from the environment; the first key encrypts."""

from functools import lru_cache

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings


@lru_cache(maxsize=1)
def _box() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.ENCRYPTION_KEYS])


def encrypt(text: str) -> bytes:
    return _box().encrypt(text.encode())


def decrypt(token: bytes) -> str:
    """Raises cryptography.fernet.InvalidToken when no key fits."""
    return _box().decrypt(bytes(token)).decode()
