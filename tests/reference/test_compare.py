"""What the comparison of two documents calls a break, and what it lets pass."""

from copy import deepcopy
from typing import Any

import pytest

from dev.schema import snapshot
from nexotp.reference.compare import changes

ORDER = ("paths", "/order", "post")
PLACED = ("components", "schemas", "PlacedOrder")
REQUESTED = ("components", "schemas", "OrderRequested")


def changed(*path: str, drop: str | None = None, **new: Any) -> list[str]:
    """Changes between the snapshot and itself with something else at a place in it."""
    document = deepcopy(snapshot())
    here: Any = document
    for name in path:
        here = here[name]
    if drop:
        if isinstance(here, list):
            here.remove(drop)
        else:
            del here[drop]
    if new:
        here.update(new)
    return [
        ("!" if each.is_breaking else "+") + each.what for each in changes(snapshot(), document)
    ]


def test_the_same_document_has_not_changed() -> None:
    assert changed() == []


@pytest.mark.parametrize(
    ("path", "edit"),
    [
        pytest.param(("paths",), {"drop": "/balance"}, id="a call goes"),
        pytest.param(ORDER, {"operationId": "placeOrder"}, id="a call is renamed"),
        pytest.param(ORDER, {"x-scope": "balance:read"}, id="a call wants another scope"),
        pytest.param(ORDER, {"x-bucket": "POLL"}, id="a call counts elsewhere"),
        pytest.param(ORDER, {"security": []}, id="a call takes other keys"),
        pytest.param((*PLACED, "properties"), {"drop": "price"}, id="a field of an answer goes"),
        pytest.param((*PLACED, "required"), {"drop": "price"}, id="a field may be missing"),
        pytest.param((*PLACED, "properties", "price"), {"type": "string"}, id="another type"),
        pytest.param(
            (*PLACED, "properties", "status"),
            {"enum": ["waiting"]},
            id="an answer's choices shrink",
        ),
        pytest.param((*REQUESTED, "properties"), {"drop": "pool"}, id="a field is not taken"),
        pytest.param(REQUESTED, {"required": ["service", "country", "pool"]}, id="now required"),
        pytest.param((*REQUESTED, "properties", "idempotencyKey"), {"maxLength": 9}, id="shorter"),
        pytest.param(("components", "securitySchemes"), {"drop": "header"}, id="a key's header"),
        pytest.param((*ORDER, "responses"), {"drop": "200"}, id="no success"),
        pytest.param(
            (*ORDER, "responses", "200", "headers"), {"drop": "RateLimit"}, id="a header goes"
        ),
    ],
)
def test_a_break_is_seen(path: tuple[str, ...], edit: dict[str, Any]) -> None:
    found = changed(*path, **edit)

    assert any(each.startswith("!") for each in found), found


@pytest.mark.parametrize(
    ("path", "edit"),
    [
        pytest.param(("paths",), {"/new": {}}, id="an address without calls"),
        pytest.param((*PLACED, "properties"), {"colour": {"type": "string"}}, id="a new field"),
        pytest.param((*REQUESTED, "properties"), {"colour": {"type": "string"}}, id="may be sent"),
        pytest.param(
            ("components", "schemas", "ErrorCode"), {"enum": ["new_one"]}, id="inside a reference"
        ),
        pytest.param(ORDER, {"summary": "Buy", "description": "Better words"}, id="better words"),
        pytest.param((*ORDER, "responses"), {"drop": "402"}, id="a failure comes no more"),
    ],
)
def test_what_programs_were_told_to_bear_is_no_break(
    path: tuple[str, ...], edit: dict[str, Any]
) -> None:
    if path[-1] == "ErrorCode":
        codes = snapshot()["components"]["schemas"]["ErrorCode"]["enum"]
        edit = {"enum": [*codes, "new_one"]}

    found = changed(*path, **edit)

    assert not [each for each in found if each.startswith("!")], found
