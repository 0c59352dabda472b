"""What no generator thinks of, on every call of the document, over a real socket."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from accounts.models import Mode
from nexotp.reference.schema import build
from orders.reports import audit_ledger
from tests.api import described
from tests.api.calls import MOUNTS, enveloped
from tests.fuzz import attacks
from tests.fuzz.attacks import Call
from tests.fuzz.shop import Holder, move_in

# The server itself refuses what is no HTTP, without a word of the shop's.
_BY_THE_SERVER = {400, 414, 431}

# What the shop knows, so that what is wrong is what the attack made wrong; no name is looked up.
_KNOWN = {"service": "whatsapp", "country": "id", "endpoint_url": "https://8.8.8.8/"}


def _on_queries(call: Call, operation: dict[str, Any], key: str) -> Iterator[Call]:
    parameters = [each["name"] for each in operation.get("parameters", ()) if each["in"] == "query"]
    return attacks.on_queries(call, parameters)


def _on_bodies(call: Call, operation: dict[str, Any], key: str) -> Iterator[Call]:
    reference = _json_body(operation).get("schema", {}).get("$ref", "")
    fields = build("en")["components"]["schemas"].get(reference.rsplit("/", 1)[-1], {})
    return attacks.on_bodies(call, list(fields.get("properties", {})))


ATTACKS: dict[str, Callable[[Call, dict[str, Any], str], Iterator[Call]]] = {
    "addresses": lambda call, operation, key: attacks.on_addresses(call),
    "ids": lambda call, operation, key: attacks.on_ids(call) if b"{id}" in call.path else iter(()),
    "queries": _on_queries,
    "headers": lambda call, operation, key: attacks.on_headers(call, key.encode()),
    "bodies": _on_bodies,
    "framing": lambda call, operation, key: attacks.on_framing(call),
    "methods": lambda call, operation, key: attacks.on_methods(call),
}


@pytest.mark.parametrize("kind", ATTACKS)
def test_hostile_bytes_get_an_honest_answer(open_shop: str, kind: str) -> None:
    alice = move_in("alice", mode=Mode.SANDBOX)
    faults = [
        f"{fault}\n  {call}"
        for path, method, operation in _operations()
        for call in ATTACKS[kind](_base(path, method, operation, alice), operation, alice.key)
        if (fault := _fault(open_shop, _named(call, path, alice)))
    ]

    assert not faults, f"{len(faults)} faults\n" + "\n".join(faults[:40])
    assert audit_ledger() == []


@pytest.mark.parametrize("stranger", ["bob", "alice in the other mode"])
def test_nobody_reaches_what_is_somebody_elses(open_shop: str, stranger: str) -> None:
    """Every call that names a thing, with a thing of somebody else's, by its id and its number."""
    alice = move_in("alice", mode=Mode.SANDBOX)
    owner = move_in("bob", mode=Mode.SANDBOX) if stranger == "bob" else replace(alice, mode="live")
    tried = []

    for path, method, operation in _operations():
        if "{id}" not in path:
            continue
        thing = owner.one_of(path)
        for name in (thing.public_id, str(thing.pk)):
            status, headers, content = (
                _base(path, method, operation, alice).for_id(name).send(open_shop)
            )
            refusal = enveloped(status, headers, content).refusal
            is_open_secret = stranger == "bob" and name == thing.public_id
            assert refusal == ((403, "forbidden") if is_open_secret else (404, "not_found")), path
            tried.append(path)

    assert len(tried) > 10


def _operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in build("en")["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def _base(path: str, method: str, operation: dict[str, Any], me: Holder) -> Call:
    """The call as it should be made, but for its id."""
    query = [
        f"{each['name']}={_KNOWN[each['name']]}"
        for each in operation.get("parameters", ())
        if each["in"] == "query" and each.get("required")
    ]
    body = b""
    if content := _json_body(operation):
        example = next(iter(content["examples"].values()))["value"]
        body = json.dumps(
            {name: _KNOWN.get(name, value) for name, value in example.items()}
        ).encode()
    headers = [
        (b"Host", b"localhost"),
        (b"Connection", b"close"),
        (b"Authorization", b"Bearer " + me.key.encode()),
    ]
    if body:
        headers.append((b"Content-Type", attacks.JSON))
    target = f"{MOUNTS[0]}{path}".encode()
    return Call(method.upper().encode(), target, "&".join(query).encode(), tuple(headers), body)


def _json_body(operation: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = (
        operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    )
    return found


def _named(call: Call, path: str, me: Holder) -> Call:
    return call.for_id(me.one_of(path).public_id) if b"{id}" in call.path else call


def _fault(base_url: str, call: Call) -> str | None:
    """Send the call and return what is wrong with the answer."""
    try:
        status, headers, content = call.send(base_url)
    except OSError as error:
        return f"no answer: {error!r}"
    if status in _BY_THE_SERVER and not content:
        return None
    if call.method == b"HEAD":
        return f"HEAD answers {status}" if status >= 500 or content else None
    try:
        answer = enveloped(status, headers, content)
        method, path = call.method.decode().upper(), call.path.decode(errors="replace")
        described.check(method, path.removeprefix(MOUNTS[0]), status, _shortened(answer.body))
    except Exception as error:
        return f"{status} {error!r} {content[:300]!r}"
    return f"{status} {content[:300]!r}" if status >= 500 else None


def _shortened(body: dict[str, Any]) -> dict[str, Any]:
    """Return the body with the beginning of a list: what comes after looks the same."""
    data = body.get("data")
    return body | {"data": data[:2]} if isinstance(data, list) else body
