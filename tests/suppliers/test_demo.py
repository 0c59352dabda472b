"""The demo's suppliers: one process, each below its own name, in a protocol of its own."""

from __future__ import annotations

import subprocess
import sys

import pytest

from suppliers import transport
from suppliers.base import Credentials, OutcomeUnknown
from suppliers.registry import open_supplier
from suppliers.simulator.demo import DEMO
from suppliers.simulator.remote import RemoteSimulator


@pytest.fixture(scope="module")
def root():
    command = [sys.executable, "-m", "suppliers.simulator", "--demo", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as program:
        assert program.stderr is not None
        yield program.stderr.readline().split()[-1].removesuffix("/stubs/handler_api.php")
        transport.close_clients()
        program.terminate()


def test_the_demo_speaks_every_protocol():
    assert {"herosms", "fivesim", "smspool"} < {supplier.protocol for supplier in DEMO}


@pytest.mark.parametrize("supplier", DEMO, ids=lambda supplier: supplier.code)
def test_each_sells_and_steers_for_itself(supplier, root, now):
    simulator = RemoteSimulator(f"{root}/{supplier.code}")
    credentials = Credentials(supplier.url(root), simulator.api_key, supplier.currency)
    account = open_supplier(supplier.protocol, credentials)
    simulator.control(faults=dict.fromkeys(supplier.faults, 0))
    listing = next(line for line in account.listings() if line.stock)

    bought = account.buy(listing.goods, max_cost=listing.cost, reference="a", now=now)

    assert [one["id"] for one in simulator.activations()] == [bought.reference]
    assert not RemoteSimulator(root).activations()


@pytest.mark.parametrize("supplier", DEMO, ids=lambda supplier: supplier.code)
def test_a_reset_brings_back_the_suppliers_own_faults(supplier, root):
    simulator = RemoteSimulator(f"{root}/{supplier.code}")
    simulator.control(code_rate=0, faults=dict.fromkeys(supplier.faults, 0))

    simulator.reset()

    settings = simulator.control()["settings"]
    assert settings["code_rate"] == supplier.code_rate
    faults = {name: share for name, share in settings["faults"].items() if share}
    assert faults == dict(supplier.faults)


def test_nobody_answers_for_a_supplier_that_is_not_there(root):
    credentials = Credentials(f"{root}/zulu/v1", "simulator-key")

    with pytest.raises(OutcomeUnknown):
        open_supplier("fivesim", credentials).balance()
