"""Calling the handler door as a program does; no answer may be a page or a crash of ours."""

import json
from dataclasses import dataclass
from typing import Any

from django.test import Client

from accounts.models import Dialect

PATHS = {
    Dialect.CLASSIC: "/stubs/handler_api.php",
    Dialect.HERO: "/hero/stubs/handler_api.php",
    Dialect.GRIZZLY: "/grizzly/stubs/handler_api.php",
}


@dataclass(frozen=True)
class Said:
    """What came back."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        assert self.headers["content-type"] == "application/json", self.text
        return json.loads(self.text)

    @property
    def word(self) -> str:
        """The token, from text or from JSON."""
        if self.status >= 400:
            body = self.json
            assert set(body) == {"title", "details", "info"}
            return str(body["title"])
        assert self.headers["content-type"].startswith("text/plain"), self.text
        return self.text


@dataclass
class Door:
    """The door in Django's own client, with one key in hand."""

    key: str = ""
    dialect: Dialect = Dialect.CLASSIC
    path: str = ""

    def __call__(self, action: str, **params: Any) -> Said:
        return self.send("GET", {"api_key": self.key, "action": action, **params})

    def send(self, method: str, query: Any, **options: Any) -> Said:
        response = Client().generic(
            method,
            self.path or PATHS[self.dialect],
            QUERY_STRING=query if isinstance(query, str) else encoded(query),
            **options,
        )
        return checked(response.status_code, dict(response.items()), response.content)


def encoded(params: dict[str, Any]) -> str:
    from urllib.parse import urlencode

    return urlencode(params)


def checked(status: int, headers: dict[str, str], content: bytes) -> Said:
    """Return an answer after making sure that any program could read it."""
    headers = {name.lower(): value for name, value in headers.items()}
    text = content.decode()
    assert status < 500, text
    assert "<" not in text, text
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    if status != 204:
        assert headers["content-type"] in {"application/json", "text/plain; charset=utf-8"}
    assert text == text.strip()
    return Said(status, headers, text)
