"""What is sent, and what receivers can do to us: hang, drip, flood, lie and break off."""

import gzip
import socket
import time
from collections.abc import Iterator

import pytest
from pytest_django import Settings

from tests.webhooks.raw import RawServer, Talk, listening, says
from webhooks import transport
from webhooks.states import Failure

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.fixture
def server() -> Iterator[RawServer]:
    with listening(says(OK)) as server:
        yield server
        transport.close_connections()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "TOTAL_SECONDS", 0.4)


def post(server: RawServer, path: str = "/hook?a=b") -> transport.Answer:
    url = f"http://127.0.0.1:{server.port}{path}"
    return transport.post(url, {"webhook-id": "evt_1"}, b'{"a": 1}')


def test_the_request_as_it_goes_out(server: RawServer) -> None:
    answer = post(server)

    head, _, body = server.heard[0].partition(b"\r\n\r\n")
    first, *headers = head.decode().split("\r\n")
    assert first == "POST /hook?a=b HTTP/1.1"
    assert dict(line.split(": ", 1) for line in headers) == {
        "Host": f"127.0.0.1:{server.port}",
        "Content-Type": "application/json",
        "Content-Length": "8",
        "Accept-Encoding": "identity",
        "User-Agent": "NexOTP-Webhooks/1",
        "webhook-id": "evt_1",
    }
    assert body == b'{"a": 1}'
    assert (answer.status, answer.failure, answer.body) == (200, None, b"ok")


@pytest.mark.parametrize("proxy", ["http_proxy", "https_proxy", "all_proxy", "HTTPS_PROXY"])
def test_no_proxy_comes_from_the_environment(
    server: RawServer, monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    monkeypatch.setenv(proxy, "http://127.0.0.1:1")

    assert post(server).status == 200


def hangs(connection: socket.socket) -> None:
    connection.recv(1)


def drips_its_head(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    for number in range(100):
        connection.sendall(b"X-%d: y\r\n" % number)
        time.sleep(0.05)


def waits_in_between(connection: socket.socket) -> None:
    while True:
        connection.sendall(b"HTTP/1.1 103 Early Hints\r\n\r\n")
        time.sleep(0.01)


@pytest.mark.parametrize("talk", [hangs, drips_its_head, waits_in_between])
def test_one_deadline_holds_for_everything(server: RawServer, impatient: None, talk: Talk) -> None:
    server.talk = talk

    answer = post(server)

    assert (answer.status, answer.failure) == (None, Failure.TIMEOUT)
    assert answer.seconds < 1


def test_a_server_that_takes_no_body_is_left_too(impatient: None) -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(1)
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}/"

        answer = transport.post(url, {}, b"x" * 20_000_000)

    assert answer.failure == Failure.TIMEOUT
    assert answer.seconds < 1


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 500_000 + b"\r\n\r\n",
        b"\x00" * 1_000,
        b"\xff\xfe" * 1_000,
    ],
    ids=["nothing", "ssh", "no-status", "cut", "bad-length", "endless-head", "nul", "bytes"],
)
def test_what_is_no_http(server: RawServer, text: bytes) -> None:
    server.talk = says(text)

    answer = post(server)

    assert (answer.status, answer.failure) == (None, Failure.BROKEN)


@pytest.mark.parametrize(
    "text",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\nzz\r\n",
        b"HTTP/1.0 200 OK\r\n\r\nshort",
    ],
    ids=["length", "chunks", "close"],
)
def test_an_answer_that_was_given_counts_though_its_body_lies(
    server: RawServer, text: bytes
) -> None:
    server.talk = says(text)

    answer = post(server)

    assert (answer.status, answer.failure, answer.body) == (200, None, b"short")


def test_a_body_without_end_is_not_read(server: RawServer) -> None:
    sent = 0

    def flood(connection: socket.socket) -> None:
        nonlocal sent
        connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        while True:
            sent += connection.send(b"x" * 65_536)

    server.talk = flood

    answer = post(server)

    assert (answer.status, answer.body) == (200, b"x" * 1024)
    assert answer.seconds < 2
    assert sent < 20_000_000


def test_a_body_that_drips_ends_with_the_deadline(server: RawServer, impatient: None) -> None:
    def drip(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 500 Oh\r\nConnection: close\r\n\r\n")
        while True:
            connection.sendall(b"x")
            time.sleep(0.05)

    server.talk = drip

    answer = post(server)

    assert (answer.status, answer.failure) == (500, Failure.STATUS)
    assert answer.body.startswith(b"x")
    assert answer.seconds < 1


def test_nothing_is_decompressed(server: RawServer) -> None:
    bomb = gzip.compress(b"0" * 10_000_000)
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb)
    server.talk = says(head + bomb)

    assert post(server).body == bomb[:1024]


def test_nobody_listens() -> None:
    with listening(says(OK)) as server:
        pass

    answer = post(server)

    assert (answer.status, answer.failure) == (None, Failure.CONNECT)


def test_connections_are_kept_and_replaced_when_the_other_side_closed_them(
    server: RawServer,
) -> None:
    def answers_twice_and_hangs_up(connection: socket.socket) -> None:
        connection.sendall(OK)
        connection.recv(65_536)
        connection.sendall(OK)
        # The third request meets a connection that is just being closed.
        connection.recv(65_536)

    server.talk = answers_twice_and_hangs_up

    answers = [post(server) for _ in range(5)]

    assert [answer.status for answer in answers] == [200] * 5
    assert server.connections == 3


def test_a_fresh_connection_that_breaks_is_not_tried_again(server: RawServer) -> None:
    server.talk = says(b"")

    assert post(server).failure == Failure.BROKEN
    assert server.connections == 1


def test_another_port_needs_the_setting(settings: Settings) -> None:
    settings.WEBHOOK_ALLOW_LOOPBACK = False
    settings.WEBHOOK_PORTS = [443, 8443]

    assert transport.parse("https://hooks.example.com:8443/x").port == 8443
    with pytest.raises(transport.UrlRefused):
        transport.parse("https://hooks.example.com:8444/x")
