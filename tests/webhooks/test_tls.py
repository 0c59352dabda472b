"""Over TLS the name of the URL is what counts, though the connection goes to a checked address."""

import datetime
import ssl
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.webhooks.raw import RawServer, listening, says
from webhooks import transport
from webhooks.states import Failure

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
NAME = "hooks.example.test"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate for NAME, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)])
    today = datetime.datetime.now(datetime.UTC)
    day = datetime.timedelta(days=1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - day)
        .not_valid_after(today + day)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "server.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return file


@pytest.fixture
def server_names() -> list[str | None]:
    """Which names the client said it wants to speak to."""
    return []


@pytest.fixture
def server(
    certificate: Path, monkeypatch: pytest.MonkeyPatch, server_names: list[str | None]
) -> Iterator[RawServer]:
    """Speaks TLS on loopback, where every name of these tests leads to."""
    monkeypatch.setattr(transport, "resolve", lambda _host, _port: ["127.0.0.1"])
    monkeypatch.setattr(transport, "_is_local", lambda _host: True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.sni_callback = lambda _socket, name, _context: server_names.append(name)
    with listening(says(OK)) as server:
        server.context = context
        yield server
        transport.close_connections()


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context = ssl.create_default_context(cafile=str(certificate))
    monkeypatch.setattr(httpx2, "create_ssl_context", lambda **_: context)
    transport.close_connections()


def post(server: RawServer, host: str) -> transport.Answer:
    return transport.post(f"https://{host}:{server.port}/", {}, b"{}")


def test_the_right_name_is_spoken_to_by_its_name(
    trusted: None, server: RawServer, server_names: list[str | None]
) -> None:
    answer = post(server, NAME)

    assert (answer.status, answer.failure) == (200, None)
    assert server_names == [NAME]
    assert f"Host: {NAME}:{server.port}".encode() in server.heard[0]


def test_a_certificate_for_another_name_stops_it_before_anything_is_sent(
    trusted: None, server: RawServer, server_names: list[str | None]
) -> None:
    answer = post(server, "other.example.test")

    assert (answer.status, answer.failure) == (None, Failure.TLS)
    assert server_names == ["other.example.test"]
    assert server.heard == []


def test_the_address_instead_of_the_name_is_another_name(trusted: None, server: RawServer) -> None:
    assert post(server, "127.0.0.1").failure == Failure.TLS
    assert server.heard == []


def test_a_certificate_nobody_vouches_for_stops_it(server: RawServer) -> None:
    transport.close_connections()

    assert post(server, NAME).failure == Failure.TLS
    assert server.heard == []


def test_a_server_that_speaks_no_tls(server: RawServer) -> None:
    server.context, server.reads_first = None, False

    assert post(server, NAME).failure == Failure.TLS


def test_a_handshake_that_never_ends(server: RawServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "TOTAL_SECONDS", 0.4)
    server.context = None

    answer = post(server, NAME)

    assert answer.failure == Failure.TIMEOUT
    assert answer.seconds < 1
