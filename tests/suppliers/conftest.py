"""A simulator to buy from, a server that answers what it is told, and every adapter at work."""

from __future__ import annotations

import json
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from suppliers import transport
from suppliers.base import Credentials, Goods, Listing, Supplier
from suppliers.registry import open_supplier
from suppliers.simulator.catalogue import Catalogue
from suppliers.simulator.remote import RemoteSimulator
from suppliers.simulator.server import running
from suppliers.simulator.shops import SPEAKERS

KEY = "sk+secret/key"


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)


class Simulators:
    """One simulated supplier for each protocol, started when it is first wanted."""

    def __init__(self, open_ones: ExitStack) -> None:
        self._open_ones = open_ones
        self._running: dict[str, RemoteSimulator] = {}
        self._price_lists: dict[str, list[Listing]] = {}

    def get(self, protocol: str) -> RemoteSimulator:
        """Return one that never sends a code by itself, and has no cancel lock."""
        if protocol not in self._running:
            catalogue = Catalogue(0, services=60, countries=15)
            started = running(protocol, api_key=KEY, catalogue=catalogue)
            self._running[protocol] = self._open_ones.enter_context(started)
        simulator = self._running[protocol]
        simulator.reset()
        simulator.control(code_rate=0, cancel_lock_s=0)
        return simulator

    def price_list(self, protocol: str) -> list[Listing]:
        """Return what is sold; the same whatever has been bought meanwhile."""
        if protocol not in self._price_lists:
            url = self.get(protocol).url
            account = open_supplier(protocol, Credentials(url, KEY))
            self._price_lists[protocol] = list(account.listings())
        return self._price_lists[protocol]


@pytest.fixture(scope="session")
def simulators() -> Iterator[Simulators]:
    with ExitStack() as open_ones:
        yield Simulators(open_ones)
        transport.close_clients()


@pytest.fixture
def simulator(simulators: Simulators) -> RemoteSimulator:
    return simulators.get("smsactivate")


@pytest.fixture
def account(simulator: RemoteSimulator) -> Supplier:
    return open_supplier("smsactivate", Credentials(simulator.url, KEY))


@pytest.fixture
def price_list(simulators: Simulators) -> list[Listing]:
    return simulators.price_list("smsactivate")


@dataclass
class Stage:
    """An adapter, and what a test needs to know to play a scene with it.

    `simulator` is there where the supplier is a simulated one.
    """

    protocol: str
    supplier: Supplier
    goods: Goods
    cost: int
    resendable: Goods
    run_out: Callable[[], Goods]
    unlock: Callable[[bool], Goods]
    let_code_come: Callable[[str, datetime], datetime]
    simulator: RemoteSimulator | None = None


@pytest.fixture(params=["sandbox", *SPEAKERS])
def stage(request: pytest.FixtureRequest, simulators: Simulators) -> Stage:
    if request.param == "sandbox":
        return _sandbox_stage()
    return _simulator_stage(simulators, request.param)


@pytest.fixture(params=[*SPEAKERS])
def simulated(request: pytest.FixtureRequest, simulators: Simulators) -> Stage:
    """Every adapter at its simulator."""
    return _simulator_stage(simulators, request.param)


def _sandbox_stage() -> Stage:
    supplier = open_supplier("sandbox", Credentials("", ""))
    costs = {listing.goods: listing.cost for listing in supplier.listings()}
    goods = Goods("whatsapp", "id")
    return Stage(
        protocol="sandbox",
        supplier=supplier,
        goods=goods,
        cost=costs[goods],
        resendable=Goods("test-resend", "id"),
        run_out=lambda: Goods("test-no-numbers", "id"),
        unlock=lambda locked: Goods("test-early-cancel" if locked else "whatsapp", "id"),
        let_code_come=lambda _reference, now: now + timedelta(seconds=3),
    )


def _simulator_stage(simulators: Simulators, protocol: str) -> Stage:
    price_list = simulators.price_list(protocol)
    simulator = simulators.get(protocol)
    sold = next(listing for listing in price_list if listing.stock)

    def run_out() -> Goods:
        simulator.control(stock=0)
        return sold.goods

    def unlock(locked: bool) -> Goods:
        simulator.control(cancel_lock_s=120 if locked else 0)
        return sold.goods

    def let_code_come(reference: str, now: datetime) -> datetime:
        simulator.deliver(reference)
        return now

    return Stage(
        protocol=protocol,
        supplier=open_supplier(protocol, Credentials(simulator.url, KEY)),
        goods=sold.goods,
        cost=sold.cost,
        resendable=sold.goods,
        run_out=run_out,
        unlock=unlock,
        let_code_come=let_code_come,
        simulator=simulator,
    )


Step = bytes | Callable[[socket.socket], None]


@dataclass
class ScriptedServer:
    """Answers each request with the next step, and the last step from then on."""

    root: str = ""
    url: str = ""
    steps: list[Step] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    is_reading: bool = True

    def answers(self, *steps: Step) -> None:
        self.steps = list(steps)
        self.requests = []
        self.is_reading = True

    def takes_over(self, step: Callable[[socket.socket], None]) -> None:
        """Hand each connection to the step as it comes, before anything is read from it."""
        self.answers(step)
        self.is_reading = False

    def next_step(self, request: str) -> Step:
        if self.is_reading:
            self.requests.append(request)
        return self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]

    def actions(self) -> list[str]:
        """Return the action of each request, in order."""
        return [line.split("action=")[1].split("&")[0].split(" ")[0] for line in self.requests]


@pytest.fixture(scope="session")
def scripted_server() -> Iterator[ScriptedServer]:
    script = ScriptedServer()

    class Connection(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            asked = b""
            while script.is_reading and b"\r\n\r\n" not in asked:
                piece = self.request.recv(65536)
                if not piece:
                    return
                asked += piece
            step = script.next_step(asked.decode().partition("\r\n")[0])
            try:
                if callable(step):
                    step(self.request)
                else:
                    self.request.sendall(step)
            except OSError:
                pass  # the other side has had enough, which some tests are about

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False
        request_queue_size = 50

    with Server(("127.0.0.1", 0), Connection) as server:
        script.root = f"http://127.0.0.1:{server.server_address[1]}"
        script.url = f"{script.root}/stubs/handler_api.php"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield script
        transport.close_clients()
        server.shutdown()
        thread.join()


@pytest.fixture
def scripted(scripted_server: ScriptedServer) -> ScriptedServer:
    scripted_server.answers(b"")
    return scripted_server


@pytest.fixture
def scripted_account(scripted: ScriptedServer) -> Supplier:
    return open_supplier("smsactivate", Credentials(scripted.url, KEY))


@pytest.fixture
def raw() -> Callable[..., bytes]:
    """Return what builds the bytes of an HTTP answer."""

    def build(body: str | bytes, *, status: int = 200, headers: str = "") -> bytes:
        content = body.encode() if isinstance(body, str) else body
        head = (
            f"HTTP/1.1 {status} Whatever\r\nConnection: close\r\n"
            f"Content-Length: {len(content)}\r\n{headers}\r\n"
        )
        return head.encode() + content

    return build


@pytest.fixture
def account_told(scripted: ScriptedServer, raw: Callable[..., bytes]) -> Callable[..., Supplier]:
    """Return what opens an account whose supplier gives these answers, one after the other."""

    def open_account(
        protocol: str, credentials: Credentials, *answers: object, status: int = 200
    ) -> Supplier:
        steps = [one if isinstance(one, str) else json.dumps(one) for one in answers]
        scripted.answers(*(raw(step, status=status) for step in steps))
        return open_supplier(protocol, credentials)

    return open_account


@pytest.fixture
def free_port() -> int:
    """Return a port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
