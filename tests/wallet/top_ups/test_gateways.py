"""What every gateway promises, whatever its protocol; and the faults of the simulated one."""

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from django.utils import timezone

from wallet.gateways.base import (
    Gateway,
    GatewayAccount,
    GatewayError,
    GatewayRefused,
    GatewayUnavailable,
    NotAuthentic,
    PaymentRequest,
    PaymentStatus,
)
from wallet.gateways.registry import PROTOCOLS, UnknownProtocol, open_gateway
from wallet.gateways.signing import check, sign
from wallet.gateways.simulator.books import DEFAULT_KEY, DEFAULT_SECRET
from wallet.gateways.simulator.server import GatewayServer


@pytest.fixture(params=sorted(PROTOCOLS))
def client(
    request: pytest.FixtureRequest,
    gateway: GatewayServer,
    gateway_process: tuple[str, GatewayServer],
) -> Gateway:
    return open_gateway(
        request.param, GatewayAccount(gateway_process[0], DEFAULT_KEY, DEFAULT_SECRET)
    )


@pytest.fixture
def online(gateway: GatewayServer, gateway_process: tuple[str, GatewayServer]) -> Gateway:
    account = GatewayAccount(gateway_process[0], DEFAULT_KEY, DEFAULT_SECRET)
    return open_gateway("simulated", account)


def wanted(reference: str = "tup_1", **changes: object) -> PaymentRequest:
    values: dict[str, object] = {
        "amount": 100_000,
        "currency": "IDR",
        "expires_at": timezone.now() + timedelta(hours=1),
        "return_url": "http://127.0.0.1:9/back",
        "callback_url": "http://127.0.0.1:9/hook",
    }
    return PaymentRequest(reference=reference, **values | changes)  # type: ignore[arg-type]


# ---- the contract: every gateway ----------------------------------------------------------------


def test_a_payment_asked_for_twice_is_one(client: Gateway) -> None:
    first, second = client.create_payment(wanted()), client.create_payment(wanted())

    assert first == second
    assert 0 < len(first.gateway_reference) <= 80


def test_two_references_are_two_payments(client: Gateway) -> None:
    made = {client.create_payment(wanted(f"tup_{number}")).gateway_reference for number in (1, 2)}

    assert len(made) == 2


def test_a_new_payment_is_open_and_nothing_has_come(client: Gateway) -> None:
    client.create_payment(wanted())

    found = client.read_payment(reference="tup_1", currency="IDR")

    assert (found.reference, found.status, found.paid) == ("tup_1", PaymentStatus.OPEN, None)


def test_a_payment_that_was_never_made_is_open(client: Gateway) -> None:
    found = client.read_payment(reference="tup_nobody", currency="IDR")

    assert (found.status, found.paid) == (PaymentStatus.OPEN, None)


def test_a_cancelled_payment_has_ended_and_again(client: Gateway) -> None:
    client.create_payment(wanted())

    for _time in range(2):
        found = client.cancel_payment(reference="tup_1", currency="IDR")
        assert (found.status, found.paid) == (PaymentStatus.ENDED, None)


@pytest.mark.parametrize("body", [b"", b"{}", b'{"reference": "tup_1"}', b"\xff" * 100])
def test_an_unsigned_callback_is_not_authentic(client: Gateway, body: bytes) -> None:
    for headers in ({}, {"x-payment-signature": "t=1,v1=" + "0" * 64}):
        with pytest.raises(NotAuthentic):
            client.read_callback(headers, body, now=timezone.now())


def test_whether_a_person_must_look_is_known_beforehand(client: Gateway) -> None:
    has_page = bool(client.create_payment(wanted()).url)

    assert client.is_manual is not has_page


def test_secrets_are_in_no_text(client: Gateway) -> None:
    assert DEFAULT_KEY not in repr(client.account)
    assert DEFAULT_SECRET not in repr(client.account)


def test_an_unknown_protocol_is_said_to_be() -> None:
    with pytest.raises(UnknownProtocol):
        open_gateway("barter", GatewayAccount())


# ---- the simulated gateway ----------------------------------------------------------------------


def test_what_was_paid_is_read_whole(online: Gateway, gateway: GatewayServer) -> None:
    online.create_payment(wanted())
    gateway.books.pay(gateway.books.find("tup_1"), now=timezone.now())

    found = online.read_payment(reference="tup_1", currency="IDR")

    assert (found.status, found.paid) == (PaymentStatus.PAID, 100_000)
    assert online.cancel_payment(reference="tup_1", currency="IDR") == found


def test_currencies_with_decimals_keep_them(online: Gateway, gateway: GatewayServer) -> None:
    online.create_payment(wanted(amount=12_345, currency="USD"))
    gateway.books.pay(gateway.books.find("tup_1"), now=timezone.now())

    found = online.read_payment(reference="tup_1", currency="USD")

    assert gateway.books.find("tup_1").amount == "1.2345"
    assert found.paid == 12_345


def test_one_reference_never_stands_for_two_amounts(online: Gateway) -> None:
    online.create_payment(wanted())

    with pytest.raises(GatewayRefused):
        online.create_payment(wanted(amount=200_000))


def test_a_payment_expires_by_the_clock(online: Gateway) -> None:
    online.create_payment(wanted(expires_at=timezone.now() - timedelta(seconds=1)))

    found = online.read_payment(reference="tup_1", currency="IDR")

    assert found.status == PaymentStatus.ENDED


@pytest.mark.parametrize("fault", ["outage", "html"])
def test_faults_leave_the_outcome_open(online: Gateway, gateway: GatewayServer, fault: str) -> None:
    gateway.books.faults[fault] = 1

    with pytest.raises(GatewayUnavailable):
        online.create_payment(wanted())
    with pytest.raises(GatewayUnavailable):
        online.read_payment(reference="tup_1", currency="IDR")


def test_a_gateway_that_hangs_is_left_in_time(online: Gateway, gateway: GatewayServer) -> None:
    online.create_payment(wanted())
    gateway.books.faults["timeout"], gateway.books.delay_s = 1, 20
    started_at = time.monotonic()

    with pytest.raises(GatewayUnavailable):
        online.read_payment(reference="tup_1", currency="IDR")

    assert time.monotonic() - started_at < 9


def test_a_wrong_key_is_refused(
    gateway: GatewayServer, gateway_process: tuple[str, object]
) -> None:
    other = open_gateway("simulated", GatewayAccount(gateway_process[0], "wrong", "x"))

    with pytest.raises(GatewayRefused):
        other.read_payment(reference="tup_1", currency="IDR")


def test_nobody_at_the_address_is_unavailable() -> None:
    nowhere = open_gateway("simulated", GatewayAccount("http://127.0.0.1:9", "key", "x"))

    with pytest.raises(GatewayUnavailable):
        nowhere.create_payment(wanted())


# ---- answers that nobody should believe ---------------------------------------------------------

Answer = Callable[[bytes], None]


@pytest.fixture
def liar() -> Iterator[tuple[Gateway, Answer]]:
    """A gateway that answers whatever it is told to."""
    said = [b"{}"]

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(said[0])))
            self.end_headers()
            self.wfile.write(said[0])

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.do_GET()

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    yield (
        open_gateway("simulated", GatewayAccount(url, "key", "secret")),
        lambda answer: said.__setitem__(0, answer.replace(b"HERE", url.encode())),
    )
    server.shutdown()
    server.server_close()


PAID = b'{"reference": "tup_1", "currency": "IDR", "status": "paid", "paid_amount": %s}'


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"[]",
        b"null",
        b'{"reference": "tup_2", "currency": "IDR", "status": "paid", "paid_amount": "1"}',
        b'{"reference": "tup_1", "currency": "USD", "status": "paid", "paid_amount": "1"}',
        b'{"reference": "tup_1", "currency": "IDR", "status": "splendid"}',
        PAID % b"null",
        PAID % b"100000",
        PAID % b'"-5"',
        PAID % b'"0"',
        PAID % b'"1e5"',
        PAID % b'"NaN"',
        PAID % b'"1.5"',
        PAID % b'"99999999999999999999"',
        PAID % '"١٢"'.encode(),
        b"x" * 100_000,
    ],
)
def test_what_cannot_be_is_not_believed(liar: tuple[Gateway, Answer], answer: bytes) -> None:
    gateway, say = liar
    say(answer)

    with pytest.raises(GatewayError):
        gateway.read_payment(reference="tup_1", currency="IDR")


MADE = (
    b'{"reference": "tup_1", "currency": "IDR", "amount": "%s", "id": %s, "payment_url": "%s/pay"}'
)


@pytest.mark.parametrize(
    "answer",
    [
        MADE % (b"1000", b'"x"', b"HERE"),
        MADE % (b"100000", b"5", b"HERE"),
        MADE % (b"100000", b'""', b"HERE"),
        MADE % (b"100000", b'"x"', b"https://evil.example.com"),
        MADE % (b"100000", b'"x"', b"javascript:alert(1)//"),
        MADE % (b"100000", b'"x"', b"HERE.evil.example.com"),
    ],
)
def test_nobody_is_sent_to_a_page_that_is_not_the_gateways(
    liar: tuple[Gateway, Answer], answer: bytes
) -> None:
    gateway, say = liar
    say(answer)

    with pytest.raises(GatewayError):
        gateway.create_payment(wanted())


# ---- signatures ---------------------------------------------------------------------------------


def at(seconds: int) -> datetime:
    return timezone.now() + timedelta(seconds=seconds)


def test_a_signature_is_of_the_body_the_secret_and_the_time() -> None:
    signature = sign("secret", b"body", now=at(0))

    check("secret", signature, b"body", now=at(300))
    for secret, text, body, now in (
        ("other", signature, b"body", at(0)),
        ("", signature, b"body", at(0)),
        ("secret", signature, b"another", at(0)),
        ("secret", signature, b"body", at(700)),
        ("secret", signature, b"body", at(-700)),
        ("secret", "", b"body", at(0)),
        ("secret", signature + "0", b"body", at(0)),
    ):
        with pytest.raises(NotAuthentic):
            check(secret, text, body, now=now)
