"""Calling the API as a customer does; every answer is checked to wear the envelope."""

import json
import re
from dataclasses import dataclass, field
from typing import Any

from django.test import Client

from tests.api import described

MOUNTS = ("/api/v1", "/wp-json/nexotp/v1")
REQUEST_ID = re.compile(r"req_[0-9A-HJKMNP-TV-Z]{26}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


@dataclass(frozen=True)
class Answer:
    """What came back: `data` of a success, `error` of a failure."""

    status: int
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def data(self) -> Any:
        assert self.status == 200, self.body
        return self.body["data"]

    @property
    def error(self) -> Any:
        assert self.status >= 400, self.body
        return self.body["error"]

    @property
    def refusal(self) -> tuple[int, str]:
        return self.status, self.error["code"]

    @property
    def wrong_fields(self) -> dict[str, str]:
        """Which fields the error names, each with its code."""
        assert self.refusal == (400, "invalid_request"), self.body
        return {each["field"]: each["code"] for each in self.error["fields"]}


@dataclass
class Api:
    """The API, with one key (or none) in hand."""

    client: Client
    key: str | None = None
    mount: str = MOUNTS[0]
    headers: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, **headers: str) -> Answer:
        return self.call("GET", path, headers=headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Answer:
        sent = b"" if body is None else json.dumps(body).encode()
        return self.call("POST", path, sent, headers=headers)

    def call(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        *,
        content_type: str = "application/json",
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """Headers' names may be written with underscores."""
        sent = {name.replace("_", "-"): value for name, value in (headers or {}).items()}
        if self.key:
            sent = {"Authorization": f"Bearer {self.key}", **sent}
        response = self.client.generic(
            method,
            f"{self.mount}{path}",
            body,
            content_type=content_type,
            headers={**self.headers, **sent},
        )
        answer = enveloped(response.status_code, dict(response.items()), response.content)
        described.check(method, path, answer.status, answer.body)
        return answer


def enveloped(status: int, headers: dict[str, str], content: bytes) -> Answer:
    """Return an answer after making sure that it wears the envelope."""
    headers = {name.title(): value for name, value in headers.items()}
    assert headers["Content-Type"] == "application/json"
    assert headers["Cache-Control"] == "no-store"
    body = json.loads(content)
    assert REQUEST_ID.fullmatch(body["requestId"])
    assert headers["X-Request-Id"] == body["requestId"]
    if status == 200:
        assert set(body) - {"meta"} == {"success", "data", "requestId"}
        assert body["success"] is True
    else:
        assert status >= 400
        assert set(body) == {"success", "error", "requestId"}
        assert body["success"] is False
        _check_error(body["error"], headers)
    return Answer(status, headers, body)


def _check_error(error: dict[str, Any], headers: dict[str, str]) -> None:
    assert {"code", "message", "retryable"} <= set(error)
    assert set(error) <= {"code", "message", "retryable", "retryAfter", "fields", "details"}
    assert re.fullmatch(r"[a-z_]+", error["code"])
    assert error["message"]
    assert isinstance(error["retryable"], bool)
    assert error.get("retryAfter") == (
        int(headers["Retry-After"]) if "Retry-After" in headers else None
    )
    for wrong in error.get("fields", []):
        assert set(wrong) == {"field", "code", "message"}
        assert wrong["message"]
