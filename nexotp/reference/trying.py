"""The form that tries a call: an input for each parameter and field, filled with the example."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from nexotp.reference.calls import Call
from nexotp.reference.fields import Field, written
from nexotp.reference.samples import request_of

# A value that must be new each time: the same one gives back the first answer.
_FRESH = "idempotencyKey"


@dataclass(frozen=True, slots=True)
class Input:
    """One input. `kind` says how its text becomes JSON: text, number, boolean or list."""

    name: str
    place: str
    kind: str
    value: str
    choices: tuple[str, ...]
    is_required: bool
    is_fresh: bool = False

    @property
    def id(self) -> str:
        return f"try-{self.place}-{self.name}"


def inputs_of(call: Call) -> tuple[Input, ...]:
    """Return the inputs of a call, its address first."""
    return tuple(_inputs(call))


def _inputs(call: Call) -> Iterator[Input]:
    request = request_of(call)
    for field in call.parameters:
        yield _input(field, field.place, request.query.get(field.name, ""))
    body: Mapping[str, Any] = request.body or {}
    for field in call.body:
        yield _input(field, "body", body.get(field.name, ""))


def _input(field: Field, place: str, value: Any) -> Input:
    is_list = field.type.startswith("array")
    text = ", ".join(map(str, value)) if isinstance(value, list) else written(value)
    return Input(
        name=field.name,
        place=place,
        kind="list" if is_list else _KINDS.get(field.type, "text"),
        value=text,
        choices=() if is_list else field.choices,
        is_required=field.is_required,
        is_fresh=field.name == _FRESH,
    )


_KINDS = {"integer": "number", "number": "number", "boolean": "boolean"}
