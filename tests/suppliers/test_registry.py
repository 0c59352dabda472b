"""Opening a supplier by the name of its protocol."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import suppliers
from suppliers.base import Credentials, Supplier
from suppliers.registry import PROTOCOLS, UnknownProtocol, open_supplier


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_protocol_opens_without_a_request(protocol):
    assert isinstance(open_supplier(protocol, Credentials("", "k")), Supplier)


def test_an_unknown_protocol_is_named():
    with pytest.raises(UnknownProtocol, match="carrier-pigeon"):
        open_supplier("carrier-pigeon", Credentials("", ""))


def test_an_option_that_should_be_a_number_is_checked_at_once():
    with pytest.raises(ValueError, match="soon"):
        open_supplier("smsactivate", Credentials("", "", options={"lifetime_seconds": "soon"}))


def test_only_the_simulator_needs_a_server():
    """aiohttp is a development dependency; production must not import it."""
    importers = {
        path.name
        for path in Path(suppliers.__file__).parent.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Import | ast.ImportFrom) and "aiohttp" in ast.unparse(node)
    }

    assert importers == {"server.py"}
