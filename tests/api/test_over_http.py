"""What only a real server shows: sizes, streams and paths as they come over the wire."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from urllib.parse import urlsplit

import httpx2
import pytest

from accounts.models import User
from tests import cast
from tests.api.calls import Answer, enveloped

pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture
def wire(web_server: str, alice: User) -> Iterator[httpx2.Client]:
    """Alice's live key over HTTP."""
    with httpx2.Client(
        base_url=web_server, headers=cast.bearer(cast.key_for(alice)), trust_env=False
    ) as client:
        yield client


def answer(response: httpx2.Response) -> Answer:
    return enveloped(response.status_code, dict(response.headers), response.content)


def test_a_call_over_http(wire: httpx2.Client) -> None:
    assert answer(wire.get("/api/v1/balance")).data["balance"] == 1_000_000


@pytest.mark.parametrize("megabytes", [1, 8])
def test_a_body_that_is_too_large(wire: httpx2.Client, megabytes: int) -> None:
    body = b'{"service": "%s"}' % (b"x" * megabytes * 2**20)

    response = wire.post(
        "/api/v1/order", content=body, headers={"Content-Type": "application/json"}
    )

    assert answer(response).refusal == (413, "payload_too_large")


def test_a_stream_that_is_too_large(wire: httpx2.Client) -> None:
    def stream() -> Iterator[bytes]:
        yield b'{"service": "'
        for _ in range(100):
            yield b"x" * 10_000

    response = wire.post(
        "/api/v1/order", content=stream(), headers={"Content-Type": "application/json"}
    )

    assert answer(response).refusal == (413, "payload_too_large")


def test_a_streamed_body_is_read(wire: httpx2.Client) -> None:
    response = wire.post(
        "/api/v1/order",
        content=iter([b'{"service": ', b'"nothing"}']),
        headers={"Content-Type": "application/json"},
    )

    assert answer(response).wrong_fields == {"service": "unknown", "country": "required"}


@pytest.mark.parametrize("path", ["/api/v1/order/%00", "/api/v1/order/%ff%fe", "/api/v1/%2e%2e/"])
def test_a_path_that_cannot_be(wire: httpx2.Client, path: str) -> None:
    assert answer(wire.get(path)).refusal == (404, "not_found")


def test_head_has_the_headers_and_no_body(wire: httpx2.Client) -> None:
    response = wire.head("/api/v1/balance")

    assert response.status_code == 200
    assert response.content == b""
    assert response.headers["X-Request-Id"].startswith("req_")
    assert response.headers["RateLimit-Policy"]


def test_one_connection_serves_many_calls_after_refusals(wire: httpx2.Client) -> None:
    statuses = []

    for _ in range(3):
        statuses.append(
            wire.post(
                "/api/v1/order",
                content=b"x" * 300_000,
                headers={"Content-Type": "application/json"},
            ).status_code
        )
        statuses.append(wire.get("/api/v1/balance").status_code)

    assert statuses == [413, 200] * 3


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain; charset=hex",
        "text/plain; charset=undefined",
        "text/plain; charset*=utf-8''rot13",
        "application/json; a*=bogus''%41",
        "a; b*0*=x''a; b*1*=%ff",
    ],
)
def test_a_content_type_that_is_not_to_be_understood(
    wire: httpx2.Client, content_type: str
) -> None:
    headers = {"Content-Type": content_type}

    listed = answer(wire.get("/api/v1/services?q=what%73app&limit=1", headers=headers))
    refused = answer(wire.post("/api/v1/order", content=b"{}", headers=headers))

    assert [each["serviceCode"] for each in listed.data] == ["whatsapp"]
    assert refused.refusal == (415, "unsupported_media_type")


def test_a_stranger_who_never_ends_a_body_keeps_nobody_waiting(
    wire: httpx2.Client, web_server: str
) -> None:
    """More of them than the server has threads."""
    address = urlsplit(web_server)
    with ExitStack() as stack:
        for _ in range(20):
            stranger = socket.create_connection((address.hostname or "", address.port or 0))
            stack.enter_context(stranger)
            stranger.sendall(
                b"POST /api/v1/order HTTP/1.1\r\nHost: localhost\r\n"
                b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"
            )

        assert answer(wire.get("/api/v1/balance")).status == 200
