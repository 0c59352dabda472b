"""Processes and servers die while two hundred orders run: each one ends, and is paid once."""

import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.shop import MONEY, Shop, open_shop, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

ORDERS = 200


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    # Not pytest's own folder: its path is too long for a socket, and closed to PostgreSQL's user.
    data = Path(tempfile.mkdtemp(prefix="nexotp-chaos-"))
    try:
        with open_shop(data) as running:
            yield running
    finally:
        shutil.rmtree(data, ignore_errors=True)


class Customers:
    """Two hundred orders being placed, and some of them cancelled, in the background."""

    def __init__(self, shop: Shop, name: str) -> None:
        self.shop = shop
        self.keys = [f"{name}-{number}" for number in range(ORDERS)]
        self.orders: dict[str, str] = {}
        self._thread = threading.Thread(target=self._buy)
        self._thread.start()

    def _buy(self) -> None:
        self.orders = self.shop.place(self.keys)
        for order_id in list(self.orders.values())[::10]:
            self.shop.cancel(order_id)

    def placed(self, share: float) -> bool:
        """Whether this share of the orders is on its way."""
        like = f"orders_order WHERE idempotency_key LIKE '{self.keys[0][:-1]}%'"
        return self.shop.count(like) >= share * ORDERS

    def leave(self) -> None:
        self._thread.join()


def all_is_well(shop: Shop, customers: Customers) -> None:
    """Every order has ended, each customer was charged once for what was got, nothing is lost."""
    customers.leave()
    assert len(customers.orders) == ORDERS
    wait_until(lambda: not shop.unfinished(), seconds=90)
    assert shop.findings() == []
    by_key = shop.query(
        "SELECT idempotency_key, count(*) FROM orders_order WHERE status <> 'failed'"
        " GROUP BY idempotency_key HAVING count(*) > 1"
    )
    assert by_key == []
    (spent,) = shop.query(
        "SELECT coalesce(sum(price), 0) FROM orders_order WHERE status = 'success'"
    )
    (balance,) = shop.query(
        "SELECT balance FROM wallet_ledgeraccount JOIN accounts_user ON accounts_user.id = owner_id"
        " WHERE email = 'trader@example.test'"
    )
    assert balance[0] == MONEY - spent[0]
    assert shop.count("orders_purchaseattempt WHERE state = 'review'") == 0
    codes = sum(len(each["codes"]) > 0 for each in shop.simulator.activations())
    lost = shop.count("orders_purchaseattempt WHERE state = 'lost'")
    assert shop.count("orders_order WHERE status = 'success'") == codes - lost


def test_processes_are_killed(shop: Shop) -> None:
    customers = Customers(shop, "processes")
    wait_until(lambda: customers.placed(0.3))

    for name in ("worker", "worker", "web", "worker", "web"):
        shop.kill(name)
        shop.start(name)
        time.sleep(2)

    all_is_well(shop, customers)


def test_valkey_is_flushed_and_killed(shop: Shop) -> None:
    customers = Customers(shop, "valkey")
    wait_until(lambda: customers.placed(0.5))

    shop.flush_valkey()
    time.sleep(2)
    shop.servers.valkey.kill()
    time.sleep(2)
    shop.servers.valkey.start()

    all_is_well(shop, customers)
    assert all(process.poll() is None for process in shop.running.values())


def test_postgresql_crashes(shop: Shop) -> None:
    customers = Customers(shop, "postgres")
    wait_until(lambda: customers.placed(0.5))

    for _ in range(2):
        shop.servers.postgres.restart(mode="immediate")
        time.sleep(3)

    all_is_well(shop, customers)
    assert all(process.poll() is None for process in shop.running.values())
