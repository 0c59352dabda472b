"""Over TLS the same holds: the deadline, and that a certificate nobody vouches for stops it all."""

from __future__ import annotations

import datetime
import ssl
import time
from ipaddress import IPv4Address

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from suppliers import transport
from suppliers.base import OutcomeUnknown, Unreachable


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """Return a file with a key and a certificate for 127.0.0.1, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    today = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - datetime.timedelta(days=1))
        .not_valid_after(today + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False
        )
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
def over_tls(certificate, scripted):
    """Return what makes a step of the scripted server speak TLS."""
    scripted.url = scripted.url.replace("http:", "https:")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def over_tls(step):
        def talk(connection):
            with context.wrap_socket(connection, server_side=True) as secured:
                request = secured.recv(65536)
                scripted.requests.append(request.decode().splitlines()[0])
                step(secured)

        return talk

    yield over_tls
    scripted.url = scripted.url.replace("https:", "http:")


@pytest.fixture
def trusted(certificate, monkeypatch):
    transport.close_clients()
    context = ssl.create_default_context(cafile=str(certificate))
    monkeypatch.setattr(httpx2, "create_ssl_context", lambda **_: context)
    yield
    transport.close_clients()


def test_an_answer_is_read(trusted, over_tls, scripted, raw):
    scripted.takes_over(over_tls(lambda secured: secured.sendall(raw("ACCESS_BALANCE:1"))))

    assert transport.get(scripted.url, {"a": "b"}).body == b"ACCESS_BALANCE:1"


def test_a_server_that_drips_is_left_at_the_deadline(trusted, over_tls, scripted):
    def drip(secured):
        for _ in range(100):
            secured.sendall(b"a")
            time.sleep(0.05)

    scripted.takes_over(over_tls(drip))
    started = time.monotonic()

    with pytest.raises(OutcomeUnknown):
        transport.get(scripted.url, {}, seconds=0.3)

    assert time.monotonic() - started < 1


def test_a_handshake_that_never_ends_is_left_at_the_deadline(trusted, over_tls, scripted):
    scripted.takes_over(lambda _connection: time.sleep(1))
    started = time.monotonic()

    with pytest.raises(Unreachable):
        transport.get(scripted.url, {}, seconds=0.3)

    assert time.monotonic() - started < 1


def test_a_certificate_nobody_vouches_for_stops_it_before_anything_is_sent(over_tls, scripted, raw):
    transport.close_clients()
    scripted.takes_over(over_tls(lambda secured: secured.sendall(raw("too late"))))

    with pytest.raises(Unreachable):
        transport.get(scripted.url, {})

    assert scripted.requests == []
