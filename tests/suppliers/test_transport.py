"""One request, once, within its deadline and size, and nothing of it in errors or logs."""

from __future__ import annotations

import logging
import socket
import time
import traceback

import pytest

from suppliers import transport
from suppliers.base import Credentials, Goods, OutcomeUnknown, SupplierError, Unreachable
from suppliers.registry import open_supplier
from suppliers.smsactivate import SmsActivate

GOODS = Goods("wa", "6")


def drip(first: bytes):
    """Return a step that sends a byte now and then, for ever."""

    def step(connection: socket.socket) -> None:
        connection.sendall(first)
        for _ in range(100):
            connection.sendall(b"a")
            time.sleep(0.05)

    return step


def cut(first: bytes):
    """Return a step that sends something and closes the connection."""

    def step(connection: socket.socket) -> None:
        connection.sendall(first)

    return step


HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"


@pytest.mark.parametrize("first", [b"", b"HTTP/1.1 200 OK\r\nX-Slow: ", HEAD])
def test_a_server_that_drips_is_left_at_the_deadline(first, scripted):
    scripted.answers(drip(first))
    started = time.monotonic()

    with pytest.raises(OutcomeUnknown):
        transport.get(scripted.url, {}, seconds=0.3)

    assert time.monotonic() - started < 1


def test_a_silent_server_is_left_at_the_deadline(scripted):
    scripted.answers(lambda _connection: time.sleep(1))
    started = time.monotonic()

    with pytest.raises(OutcomeUnknown):
        transport.get(scripted.url, {}, seconds=0.3)

    assert time.monotonic() - started < 1


@pytest.mark.parametrize("first", [b"", b"HTTP/1.1 2", HEAD, HEAD + b"half of it"])
def test_a_connection_cut_after_sending_leaves_the_outcome_unknown(first, scripted):
    scripted.answers(cut(first))

    with pytest.raises(OutcomeUnknown):
        transport.get(scripted.url, {})

    assert len(scripted.requests) == 1


def test_what_is_no_http_leaves_the_outcome_unknown(scripted):
    scripted.answers(cut(b"SSH-2.0-OpenSSH_9.2\r\n"))

    with pytest.raises(OutcomeUnknown):
        transport.get(scripted.url, {})


@pytest.mark.parametrize("headers", ["", "Transfer-Encoding: chunked\r\n"])
def test_an_answer_above_the_cap_is_not_read(headers, scripted):
    def flood(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n" + headers.encode() + b"\r\n")
        while True:
            connection.sendall(b"1000\r\n" + b"a" * 0x1000 + b"\r\n")

    scripted.answers(flood)

    with pytest.raises(OutcomeUnknown, match="larger"):
        transport.get(scripted.url, {}, max_bytes=100_000)


def test_an_answer_at_the_cap_is_read(scripted, raw):
    scripted.answers(raw(b"a" * 1000))

    assert len(transport.get(scripted.url, {}, max_bytes=1000).body) == 1000


def test_a_redirect_is_an_answer(scripted, raw):
    scripted.answers(raw("", status=302, headers=f"Location: {scripted.url}\r\n"))

    assert transport.get(scripted.url, {}).status == 302
    assert len(scripted.requests) == 1


def test_cookies_do_not_pass_from_one_account_to_another(scripted, raw):
    seen = []

    def step(connection: socket.socket) -> None:
        seen.append(connection)
        connection.sendall(raw("ok", headers="Set-Cookie: session=alice\r\n"))

    scripted.answers(step)
    transport.get(scripted.url, {})

    assert not any(client.cookies for client in transport._clients.values())


def test_a_proxy_in_the_environment_is_not_used(scripted, raw, monkeypatch, free_port):
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port}")
    monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{free_port}")
    transport.close_clients()
    scripted.answers(raw("ok"))

    assert transport.get(scripted.url, {}).body == b"ok"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "nonsense",
        "ftp://127.0.0.1/",
        "http://",
        "http:///handler",
        "http://[::1",
        "http://127.0.0.1:99999/",
        "http://" + "a" * 64 + ".example/",
        "http://a b/",
    ],
)
def test_what_is_no_address_is_unreachable(url):
    with pytest.raises(Unreachable):
        transport.get(url, {"api_key": "k"})


def test_nothing_listening_is_unreachable(free_port):
    with pytest.raises(Unreachable):
        transport.get(f"http://127.0.0.1:{free_port}/", {})


def test_a_connection_closed_while_idle_never_repeats_a_purchase(scripted, raw, now):
    """The server keeps the connection open, then drops it on receiving the second request."""

    def answer_then_drop(connection: socket.socket) -> None:
        body = b"ACCESS_BALANCE:1.5"
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        scripted.requests.append(connection.recv(65536).decode().splitlines()[0])

    scripted.answers(answer_then_drop)
    account = SmsActivate(Credentials(scripted.url, "k"))
    account.balance()

    with pytest.raises(OutcomeUnknown):
        account.buy(GOODS, max_cost=1, reference="a", now=now)

    assert scripted.actions() == ["getBalance", "getNumberV2"]


KEYS = ["sk+secret/key", "plainkey"]
ANSWERS = {
    "html": ("<html>your key {key} is wrong</html>", 200, ""),
    "echo": ("Unknown key {key}", 200, ""),
    "server error": ("api_key={key}", 500, ""),
    "redirect": ("", 302, "Location: https://elsewhere.example/?api_key={key}\r\n"),
    "refusal": ("BAD_KEY:{key}", 200, ""),
    "json": ('{{"api_key": "{key}"', 200, ""),
    "fine": ("ACCESS_NUMBER:1:6281234567890", 200, ""),
}


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("name", ANSWERS)
def test_the_key_is_in_no_error_and_in_no_log(name, key, scripted, raw, now, caplog):
    body, status, headers = (
        part.format(key=key) if isinstance(part, str) else part for part in ANSWERS[name]
    )
    scripted.answers(raw(body, status=status, headers=headers))
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="httpx2")
    account = open_supplier("smsactivate", Credentials(scripted.url, key))

    shown = [repr(account), repr(account.credentials)]
    try:
        account.buy(GOODS, max_cost=1000, reference="a", now=now)
    except SupplierError as error:
        shown += _everything_shown(error)

    assert "GET" in caplog.text
    for hidden in (key, key.replace("+", "%2B").replace("/", "%2F")):
        assert hidden not in caplog.text
        assert not [text for text in shown if hidden in text]


@pytest.mark.parametrize("sent", [b"", b"nonsense\r\n\r\n", HEAD])
def test_the_key_is_in_no_error_of_the_connection(sent, scripted, now):
    scripted.answers(cut(sent))
    account = open_supplier("smsactivate", Credentials(scripted.url, "plainkey"))

    with pytest.raises(SupplierError) as error:
        account.buy(GOODS, max_cost=1000, reference="a", now=now)

    assert not [text for text in _everything_shown(error.value) if "plainkey" in text]


def _everything_shown(error: BaseException) -> list[str]:
    """Return what the error, and those it came from, would show anybody."""
    shown = []
    chain: BaseException | None = error
    while chain is not None:
        shown += [str(chain), repr(chain), *map(str, vars(chain).values())]
        chain = chain.__cause__ or chain.__context__
    return [*shown, *traceback.format_exception(error)]
