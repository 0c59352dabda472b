"""A whole shop in processes of its own, on servers of its own, to be treated badly."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import redis

from dev import ports, processes
from dev.servers import Servers, start_servers
from suppliers.simulator.remote import RemoteSimulator
from tests.orders.upstream import Owned, compare

ROOT = Path(__file__).parents[2]
MONEY = 100_000_000
PASSWORD = "correct horse battery"

# Everything takes seconds where a real shop takes minutes.
SHORT = {
    "ORDER_LEASE_SECONDS": "6",
    "PURCHASE_ABANDONED_SECONDS": "5",
    "UNKNOWN_PURCHASE_LOOKS": "2,2,3",
}
NUMBERS = {
    "latency_ms": 100,
    "code_after_s": 4,
    "code_rate": 0.6,
    "cancel_lock_s": 1,
    # longer than it takes to find a lost purchase: a closed one is not listed
    "lifetime_s": 28,
}

PREPARE = """
import sys
from django.core.management import call_command
call_command("migrate", interactive=False, stdout=sys.stderr)
call_command("load_reference_data", stdout=sys.stderr)
call_command("seed_demo", "--supplier-url", "{supplier}", "--gateway-url", "{gateway}",
             stdout=sys.stderr)
from catalog.models import Supplier
Supplier.objects.filter(code="alpha").update(
    options={{"cancel_lock_seconds": "1", "requests_per_second": "200"}})
call_command("create_user", "trader@example.test", "--plan", "unlimited", stdout=sys.stderr)
from accounts.models import User
trader = User.objects.get(email="trader@example.test")
trader.set_password("{password}")
trader.save()
call_command("credit_wallet", "trader@example.test", "{money}", "--reason", "test",
             stdout=sys.stderr)
call_command("create_api_key", "trader@example.test", "--mode", "live")
"""

_CELERY = ("-m", "celery", "--quiet", "-A", "nexotp")
COMMANDS = {
    "worker": (
        *(*_CELERY, "worker", "-n", "all@%h", "-Q", "polling,money", "--concurrency", "2"),
        *("--without-gossip", "--without-mingle", "--loglevel", "warning"),
    ),
    "beat": (*_CELERY, "beat", "--schedule", "{data}/beat", "--loglevel", "warning"),
    "web": (
        *("-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", "{port}"),
        *("--workers", "1", "--blocking-threads", "8", "--no-ws", "--log-level", "error"),
        "nexotp.wsgi:application",
    ),
    "supplier": ("-m", "suppliers.simulator", "--port", "{supplier_port}"),
    "gateway": (
        *("-m", "wallet.gateways.simulator", "--port", "{gateway_port}"),
        *("--books", "{data}/payments.json"),
    ),
}


@dataclass
class Shop:
    """The processes of one shop; what a test may do to them, and what must be true afterwards."""

    data: Path
    servers: Servers
    port: int = field(default_factory=ports.free_port)
    supplier_port: int = field(default_factory=ports.free_port)
    gateway_port: int = field(default_factory=ports.free_port)
    running: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)
    key: str = ""

    @property
    def simulator(self) -> RemoteSimulator:
        return RemoteSimulator(f"http://127.0.0.1:{self.supplier_port}")

    @property
    def web(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def gateway(self) -> str:
        return f"http://127.0.0.1:{self.gateway_port}"

    def environment(self) -> dict[str, str]:
        environment = {**os.environ, **self.servers.environment(), **SHORT, "LOG_LEVEL": "WARNING"}
        environment["PYTHONWARNINGS"] = "ignore:You're running the worker with superuser privileges"
        return processes.marked(environment, self.data)

    def start(self, name: str) -> None:
        values = {
            "data": self.data,
            "port": self.port,
            "supplier_port": self.supplier_port,
            "gateway_port": self.gateway_port,
        }
        self.running[name] = processes.spawn(
            [sys.executable, *(part.format(**values) for part in COMMANDS[name])],
            env=self.environment(),
            cwd=ROOT,
            log=self.data / f"{name}.log",
        )

    def kill(self, name: str) -> None:
        """End a process and its children as `kill -9` does."""
        process = self.running.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def stop(self) -> None:
        for name in list(self.running):
            self.kill(name)
        self.servers.stop()
        processes.stop_leftovers(self.data)

    def manage(self, *command: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=ROOT,
            env=self.environment(),
            capture_output=True,
            text=True,
            check=False,
        )

    def prepare(self) -> None:
        self.start("supplier")
        wait_until(self._supplier_answers)
        self.simulator.control(**NUMBERS)
        script = PREPARE.format(
            supplier=self.simulator.url, gateway=self.gateway, money=MONEY, password=PASSWORD
        )
        done = self.manage("shell", "--no-imports", "--command", script)
        assert done.returncode == 0, done.stderr
        self.key = done.stdout.split()[-1]
        for name in ("gateway", "web", "worker", "beat"):
            self.start(name)
        wait_until(self.web_answers)

    def _supplier_answers(self) -> bool:
        try:
            return bool(self.simulator.control())
        except httpx2.HTTPError:
            return False

    def web_answers(self) -> bool:
        try:
            answer = httpx2.get(f"{self.web}/healthz", trust_env=False)
        except httpx2.HTTPError:
            return False
        return answer.status_code == 200

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.servers.postgres.url, autocommit=True) as connection:
            return connection.execute(sql.encode()).fetchall()

    def count(self, where: str) -> int:
        return int(self.query(f"SELECT count(*) FROM {where}")[0][0])

    def flush_valkey(self) -> None:
        with redis.Redis.from_url(self.servers.valkey.url) as client:
            client.flushall()

    def place(self, keys: list[str]) -> dict[str, str]:
        """Order with each of these keys as a stubborn customer does: until there is an answer.

        Returns the order of each key that got one.
        """
        with ThreadPoolExecutor(8) as customers:
            return dict(each for each in customers.map(self._insist, keys) if each[1])

    def _insist(self, key: str) -> tuple[str, str]:
        body = {"service": "whatsapp", "country": "id", "provider": "any", "idempotencyKey": key}
        ends_at = time.monotonic() + 60
        while time.monotonic() < ends_at:
            try:
                answer = httpx2.post(
                    f"{self.web}/api/v1/order",
                    json=body,
                    headers={"Authorization": f"Bearer {self.key}"},
                    timeout=20,
                    trust_env=False,
                )
                if answer.status_code == 200:
                    return key, str(json.loads(answer.content)["data"]["orderId"])
            except (httpx2.HTTPError, ValueError):
                pass
            time.sleep(0.3)
        return key, ""

    def cancel(self, order_id: str) -> None:
        """Ask once; whatever comes of it."""
        with suppress(httpx2.HTTPError):
            httpx2.post(
                f"{self.web}/api/v1/order/{order_id}/cancel",
                json={},
                headers={"Authorization": f"Bearer {self.key}"},
                timeout=20,
                trust_env=False,
            )

    def unfinished(self) -> str:
        """What still has to come to its end; empty when everything has."""
        orders = self.query(
            "SELECT status, count(*) FROM orders_order WHERE closed_at IS NULL GROUP BY status"
        )
        purchases = self.query(
            "SELECT state, count(*) FROM orders_purchaseattempt"
            " WHERE state IN ('sent', 'bought', 'unknown', 'orphaned') GROUP BY state"
        )
        return " ".join(f"{name}={count}" for name, count in [*orders, *purchases])

    def findings(self) -> list[str]:
        """Everything that is not as it must be: the ledger, and the supplier's books."""
        audit = self.manage("audit_ledger")
        rows = self.query(
            "SELECT attempt.reference, attempt.state, placed.status,"
            " coalesce(array_agg(message.code) FILTER (WHERE NOT message.is_late), '{}')"
            " FROM orders_purchaseattempt attempt"
            " JOIN orders_order placed ON placed.id = attempt.order_id"
            " LEFT JOIN orders_ordermessage message ON message.order_id = placed.id"
            " WHERE attempt.reference <> '' GROUP BY attempt.id, placed.id"
        )
        owned = [Owned(row[0], row[1], row[2], tuple(row[3])) for row in rows]
        return [
            *audit.stdout.splitlines(),
            *(audit.stderr.splitlines() if audit.returncode else ()),
            *compare(self.simulator.activations(), owned),
        ]


def wait_until(condition: Callable[[], bool], *, seconds: float = 60) -> None:
    assert processes.wait_until(condition, timeout=seconds, pause=0.1), "waited in vain"


@contextmanager
def open_shop(data: Path) -> Iterator[Shop]:
    shop = Shop(data, start_servers(data, durable=True))
    try:
        shop.prepare()
        yield shop
    finally:
        shop.stop()
