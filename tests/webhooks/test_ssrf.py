"""Nothing is ever sent into our own network. A canary listens there, and must hear nobody."""

import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.checks import run_checks
from django.utils import timezone
from pytest_django import Settings

from nexotp.lib import deadline
from tests.receiver import Receiver, answer
from tests.webhooks.conftest import deliver
from tests.webhooks.raw import RawServer, listening, says
from webhooks import transport
from webhooks.actions import send_test
from webhooks.addresses import is_public
from webhooks.models import DeliveryAttempt, Endpoint
from webhooks.states import Failure

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
PUBLIC = ["8.8.8.8", "2606:4700::1111"]


@pytest.fixture(autouse=True)
def guarded(loopback: None, settings: Settings) -> None:
    """As in production, but for the port: that must not be what stops anybody."""
    settings.WEBHOOK_ALLOW_LOOPBACK = False
    settings.WEBHOOK_PORTS = range(1, 65536)


@pytest.fixture(scope="module")
def canaries() -> Iterator[list[RawServer]]:
    """Listening on every address of this machine that an attack may name."""
    with listening(says(OK)) as v4, listening(says(OK), address="::1") as v6:
        yield [v4, v6]


@pytest.fixture
def canary(canaries: list[RawServer]) -> Iterator[RawServer]:
    for each in canaries:
        each.connections = 0
    yield canaries[0]
    time.sleep(0.02)
    assert [each.connections for each in canaries] == [0, 0]


@pytest.fixture
def dialed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Which addresses were connected to; those outside do not answer."""
    dialed: list[str] = []
    connect = socket.create_connection

    def note(address: tuple[str, int], *args: Any, **options: Any) -> socket.socket:
        dialed.append(address[0])
        if is_public(address[0]):
            raise OSError("nobody there")
        return connect(address, *args, **options)

    monkeypatch.setattr(socket, "create_connection", note)
    return dialed


class Names:
    """A name server: each name has a list of answers, the last of which it repeats."""

    def __init__(self) -> None:
        self.answers: dict[str, list[list[str]]] = {}
        self.asked: list[str] = []
        self.delay = threading.Event()

    def getaddrinfo(self, host: str, port: int, *args: Any, **options: Any) -> Any:
        if host not in self.answers:
            return REAL(host, port, *args, **options)
        self.asked.append(host)
        answers = self.answers[host]
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        if not found:
            self.delay.wait(30)
            raise socket.gaierror
        return [each for address in found for each in REAL(address, port, *args, **options)]


REAL = socket.getaddrinfo


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Iterator[Names]:
    names = Names()
    monkeypatch.setattr(socket, "getaddrinfo", names.getaddrinfo)
    yield names
    names.delay.set()


def attempt(url: str) -> Failure | None:
    return transport.post(url, {}, b"{}").failure


HOSTS = [
    *("127.0.0.1", "127.0.0.2", "127.255.255.254", "0.0.0.0", "localhost", "localhost."),
    # one number, octal, hexadecimal, short, too long
    *("2130706433", "017700000001", "0x7f000001", "0177.0.0.1", "0x7f.0.0.1", "127.1", "127.0.1"),
    *("0x7f.1", "00000177.0.0.1", "127.0.0.1.", "127.000.000.001", "0"),
    # as other scripts write digits and dots
    *("１２７.0.0.1", "127。0。0。1", "①②⑦.⓪.⓪.①"),
    # private, link-local, carriers' own, metadata of clouds
    *("10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254"),
    *("100.64.0.1", "100.100.100.200", "192.0.0.192", "168.63.129.16", "198.18.0.1"),
    *("192.0.2.1", "198.51.100.1", "203.0.113.1", "192.88.99.1", "224.0.0.1", "240.0.0.1"),
    *("255.255.255.255", "192.0.0.8"),
    *("[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[fe80::1]", "[fc00::1]", "[fd00:ec2::254]"),
    *("[fec0::1]", "[ff02::1]", "[100::1]", "[5f00::1]", "[fe80::1%25lo]", "[fe80::1%lo]"),
    # an IPv4 address inside: mapped, compatible, translated, NAT64, 6to4, Teredo, ISATAP
    *("[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[::7f00:1]"),
    *("[::ffff:0:127.0.0.1]", "[64:ff9b::127.0.0.1]", "[64:ff9b::8.8.8.8]"),
    *("[64:ff9b:1::127.0.0.1]", "[2002:7f00:1::]", "[2002:808:808::]", "[2001::7f00:1]"),
    *("[2001:0:808:808::1]", "[2606:4700::5efe:7f00:1]", "[2606:4700::200:5efe:7f00:1]"),
    *("[2001:db8::1]", "[3fff::1]", "[2001:2::1]", "[2001:10::1]", "[2001:20::1]"),
    *("[2620:4f:8000::1]", "[::ffff:8.8.8.8]", "[v1.1]", "[]"),
]


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("scheme", ["https", "http"])
def test_no_way_of_writing_it_leads_inside(
    canary: RawServer, dialed: list[str], scheme: str, host: str
) -> None:
    assert attempt(f"{scheme}://{host}:{canary.port}/") == Failure.ADDRESS
    assert dialed == []


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.example.com@127.0.0.1:{}/",
        "https://hooks.example.com:443@127.0.0.1:{}/",
        "https://127.0.0.1:{}\\@hooks.example.com/",
        "https://127.0.0.1:{}#@hooks.example.com/",
        "https://hooks.example.com#@127.0.0.1:{}/",
        "https://hooks.example.com\\@127.0.0.1:{}/",
        "https://127.0.0.1:{}\t/",
        "https://127.0.\n0.1:{}/",
        " https://127.0.0.1:{}/",
        "https://127.0.0.1%00.example.com:{}/",
        "https://127.0.0.1%2eexample.com:{}/",
        "https:/127.0.0.1:{}/",
        "https:////127.0.0.1:{}/",
        "HTTPS://127.0.0.1:{}/",
        "file://127.0.0.1:{}/etc/passwd",
        "gopher://127.0.0.1:{}/",
        "//127.0.0.1:{}/",
        "127.0.0.1:{}",
        "unix:///var/run/docker.sock",
    ],
)
def test_no_trick_with_the_url_leads_inside(
    canary: RawServer, dialed: list[str], names: Names, url: str
) -> None:
    names.answers["hooks.example.com"] = [PUBLIC]

    assert attempt(url.replace("{}", str(canary.port))) == Failure.ADDRESS
    assert dialed == []


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "127.1", "0177.0.0.1", "localhost"])
def test_even_what_the_resolver_understands_is_checked(
    canary: RawServer, dialed: list[str], host: str
) -> None:
    """The URL's reader refuses these; were it not there, the resolver's answer would be."""
    deadline.begin(5)
    with pytest.raises(transport.NotPublic):
        transport._GuardedBackend().connect_tcp(host, canary.port)

    assert dialed == []


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["8.8.8.8", "127.0.0.1"],
        ["127.0.0.1", "8.8.8.8"],
        ["8.8.8.8", "2606:4700::1111", "::1"],
        ["8.8.8.8", "::ffff:10.0.0.1"],
        ["8.8.8.8", "8.8.4.4", "1.1.1.1", "9.9.9.9", "10.0.0.1"],
    ],
)
def test_one_address_inside_is_enough_to_send_nothing(
    canary: RawServer, dialed: list[str], names: Names, addresses: list[str]
) -> None:
    names.answers["hooks.example.com"] = [addresses]

    assert attempt(f"https://hooks.example.com:{canary.port}/") == Failure.ADDRESS
    assert dialed == []


def test_a_name_that_changes_its_answer_is_asked_once(
    canary: RawServer, dialed: list[str], names: Names
) -> None:
    names.answers["rebind.example.com"] = [["8.8.8.8"], ["127.0.0.1"]]

    failure = attempt(f"https://rebind.example.com:{canary.port}/")

    assert failure == Failure.CONNECT
    assert names.asked == ["rebind.example.com"]
    assert dialed == ["8.8.8.8"]


def test_a_name_that_was_fine_when_registered_is_checked_again(
    canary: RawServer, dialed: list[str], names: Names
) -> None:
    names.answers["rebind.example.com"] = [["8.8.8.8"], ["127.0.0.1"]]
    url = f"https://rebind.example.com:{canary.port}/"

    transport.check(url)

    assert attempt(url) == Failure.ADDRESS
    assert dialed == []


def test_every_address_is_tried_and_no_other(
    canary: RawServer, dialed: list[str], names: Names
) -> None:
    names.answers["hooks.example.com"] = [["8.8.8.8", "2606:4700::1111", "9.9.9.9", "1.1.1.1"]]

    assert attempt("https://hooks.example.com/") == Failure.CONNECT
    assert dialed == ["8.8.8.8", "2606:4700::1111", "9.9.9.9"]


def test_a_name_server_that_hangs_holds_nobody_for_long(
    canary: RawServer, names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "_RESOLVE_SECONDS", 0.2)
    names.answers["slow.example.com"] = [[]]
    started = time.monotonic()

    failure = attempt("https://slow.example.com/")

    assert failure == Failure.DNS
    assert time.monotonic() - started < 1


def test_a_name_without_an_address(canary: RawServer, names: Names) -> None:
    names.answers["nowhere.example.com"] = [[]]
    names.delay.set()

    assert attempt("https://nowhere.example.com/") == Failure.DNS


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_the_inside_is_not_followed(
    canary: RawServer,
    receiver: Receiver,
    endpoint: Endpoint,
    settings: Settings,
    status: int,
) -> None:
    settings.WEBHOOK_ALLOW_LOOPBACK = True
    receiver.answers["/hook"] = answer(status, Location=f"http://127.0.0.1:{canary.port}/")
    send_test(endpoint, now=timezone.now())
    deliver()

    attempt = DeliveryAttempt.objects.get()
    assert (attempt.status_code, attempt.failure) == (status, "status")


def test_what_was_refused_stands_in_the_log(
    canary: RawServer, endpoint: Endpoint, receiver: Receiver
) -> None:
    Endpoint.objects.update(url=f"https://10.0.0.1:{canary.port}/")
    send_test(endpoint, now=timezone.now())
    deliver()

    attempt = DeliveryAttempt.objects.get()
    assert (attempt.status_code, attempt.failure) == (None, "address_not_public")


def test_loopback_is_for_development_and_for_loopback_only(
    settings: Settings, dialed: list[str], names: Names
) -> None:
    settings.WEBHOOK_ALLOW_LOOPBACK = True
    settings.WEBHOOK_PORTS = [443]
    names.answers["inside.example.com"] = [["10.0.0.1"]]

    refused = ["http://10.0.0.1/", "http://8.8.8.8/", "http://hooks.example.com/"]
    refused += ["https://10.0.0.1/", "https://inside.example.com/", "https://0.0.0.0/"]

    assert {attempt(url) for url in refused} == {Failure.ADDRESS}
    assert dialed == []


def test_the_canary_would_have_heard(canaries: list[RawServer], settings: Settings) -> None:
    settings.WEBHOOK_ALLOW_LOOPBACK = True
    before = canaries[0].connections

    assert attempt(f"http://127.0.0.1:{canaries[0].port}/") is None
    assert canaries[0].connections == before + 1
    transport.close_connections()


def test_deployment_refuses_the_setting_for_development(settings: Settings) -> None:
    settings.WEBHOOK_ALLOW_LOOPBACK = True
    allowed = {each.id for each in run_checks(include_deployment_checks=True)}
    settings.WEBHOOK_ALLOW_LOOPBACK = False
    closed = {each.id for each in run_checks(include_deployment_checks=True)}

    assert "webhooks.E001" in allowed
    assert "webhooks.E001" not in closed
