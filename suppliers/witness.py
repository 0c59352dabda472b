"""Looking on while a supplier is asked, for people who want to see what it answers.

What is shown is cut short and holds no secret: the key is taken out however it is written, and so
are mail addresses. A supplier may answer with anything at all.
"""

from __future__ import annotations

import base64
import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from urllib.parse import quote, quote_plus

_KEPT_BYTES = 2_000
_SHOWN = 400
_HIDDEN = "•••"
_MAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,64})+")
# Shorter, it would be found in every word.
_SHORTEST_SECRET = 4


@dataclass(slots=True)
class Exchange:
    """One request: its method and host, and what came back. `status` is None without an answer."""

    method: str
    host: str
    status: int | None = None
    body: bytes = b""

    def note(self, chunk: bytes) -> None:
        if len(self.body) < _KEPT_BYTES:
            self.body = (self.body + chunk)[:_KEPT_BYTES]


_exchanges: ContextVar[list[Exchange] | None] = ContextVar("exchanges", default=None)


@contextmanager
def witnessed() -> Iterator[list[Exchange]]:
    """Note the requests of this thread within the block."""
    seen: list[Exchange] = []
    before = _exchanges.set(seen)
    try:
        yield seen
    finally:
        _exchanges.reset(before)


def note_request(method: str, host: str) -> Exchange | None:
    """Return where to note what comes back, if anybody looks on."""
    seen = _exchanges.get()
    if seen is None:
        return None
    seen.append(Exchange(method, host))
    return seen[-1]


def redacted(body: bytes, secret: str) -> str:
    """Return the beginning of an answer as harmless text without the secret."""
    text = body.decode("utf-8", "replace")
    if len(secret) >= _SHORTEST_SECRET:
        for form in _forms(secret):
            text = re.sub(re.escape(form), _HIDDEN, text, flags=re.IGNORECASE)
        if len(body) >= _KEPT_BYTES:
            text = _without_a_cut_secret(text, secret)
    text = _MAIL.sub(_HIDDEN, text)
    # Neither control characters nor those that turn the direction of what follows.
    text = "".join(c if c.isprintable() and unicodedata.category(c) != "Cf" else " " for c in text)
    text = " ".join(text.split())
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]} …"


def _forms(secret: str) -> set[str]:
    plain = secret.encode()
    return {
        secret,
        quote(secret, safe=""),
        quote_plus(secret),
        base64.b64encode(plain).decode().rstrip("="),
        base64.urlsafe_b64encode(plain).decode().rstrip("="),
    }


def _without_a_cut_secret(text: str, secret: str) -> str:
    """Where reading ended in the middle of the secret, its beginning stands at the end."""
    for size in range(len(secret) - 1, _SHORTEST_SECRET - 1, -1):
        if text.endswith(secret[:size]):
            return text[:-size] + _HIDDEN
    return text
