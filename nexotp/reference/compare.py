"""What changed between two OpenAPI documents, and which of it breaks programs out there.

v1 is frozen: fields may be added to answers, never renamed, removed or given another meaning, and
what a request may say today it may say tomorrow.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_METHODS = ("get", "post", "put", "patch", "delete")
# Words for people: they may get better at any time.
_WORDS = {"description", "summary", "examples", "example", "x-purpose", "x-notes", "tags", "links"}


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """One difference, where it is, and whether it breaks somebody."""

    place: str
    what: str
    is_breaking: bool

    def __str__(self) -> str:
        return f"{'BREAKS ' if self.is_breaking else 'adds   '} {self.place}: {self.what}"


def changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Change]:
    """Return every difference that a program could notice, the breaking ones first."""
    found = set(_operations(old, new)) | set(_security(old, new))
    return sorted(found, key=lambda change: (not change.is_breaking, change))


def _security(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    before, after = (each["components"].get("securitySchemes", {}) for each in (old, new))
    for name in before:
        if _bare(before[name]) != _bare(after.get(name)):
            yield Change("security", f"{name} changed or went", True)
    for name in after.keys() - before.keys():
        yield Change("security", f"{name} is new", False)


def _operations(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    before, after = _by_name(old), _by_name(new)
    for place in before.keys() - after.keys():
        yield Change(place, "the call is gone", True)
    for place in after.keys() - before.keys():
        yield Change(place, "a new call", False)
    for place in before.keys() & after.keys():
        yield from _operation(place, _Side(old, before[place]), _Side(new, after[place]))


def _by_name(document: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        f"{method.upper()} {path}": operations[method]
        for path, operations in document["paths"].items()
        for method in _METHODS
        if method in operations
    }


@dataclass(frozen=True, slots=True)
class _Side:
    """One of two documents, at some place in it."""

    document: Mapping[str, Any]
    here: Any

    def at(self, *names: str) -> "_Side":
        """Go down by names, through references, but not into the last one."""
        side = self
        for name in names:
            here = side.resolved().here
            side = _Side(side.document, here.get(name) if isinstance(here, Mapping) else None)
        return side

    def resolved(self) -> "_Side":
        here = self.here
        while isinstance(here, Mapping) and "$ref" in here:
            target: Any = self.document
            for name in here["$ref"].removeprefix("#/").split("/"):
                target = target[name]
            here = target
        return _Side(self.document, here)


def _operation(place: str, old: _Side, new: _Side) -> Iterator[Change]:
    for name in ("operationId", "x-scope", "x-bucket", "security"):
        if old.here.get(name) != new.here.get(name):
            yield Change(place, f"{name}: {old.here.get(name)} → {new.here.get(name)}", True)
    yield from _parameters(place, old, new)
    content = ("requestBody", "content", "application/json", "schema")
    if old.at("requestBody").here is None and new.at("requestBody").here is not None:
        yield Change(place, "takes a body", bool(new.at("requestBody").here.get("required")))
    else:
        if new.at("requestBody", "required").here and not old.at("requestBody", "required").here:
            yield Change(place, "the body is required now", True)
        yield from _schema(f"{place} body", old.at(*content), new.at(*content), is_request=True)
    yield from _responses(place, old, new)


def _parameters(place: str, old: _Side, new: _Side) -> Iterator[Change]:
    before, after = (
        {(each["name"], each["in"]): each for each in side.here.get("parameters", ())}
        for side in (old, new)
    )
    for name, where in before.keys() - after.keys():
        yield Change(place, f"the {where} parameter {name} is gone", True)
    for name, where in after.keys() - before.keys():
        is_required = bool(after[name, where].get("required"))
        yield Change(place, f"a new {where} parameter {name}", is_required)
    for key in before.keys() & after.keys():
        if after[key].get("required") and not before[key].get("required"):
            yield Change(place, f"the parameter {key[0]} is required now", True)
        yield from _schema(
            f"{place} {key[0]}",
            _Side(old.document, before[key]["schema"]),
            _Side(new.document, after[key]["schema"]),
            is_request=True,
        )


def _responses(place: str, old: _Side, new: _Side) -> Iterator[Change]:
    before, after = old.here["responses"], new.here["responses"]
    for status in before.keys() - after.keys():
        # No program is harmed by a failure that does not come any more.
        yield Change(place, f"no answer {status} any more", status.startswith("2"))
    for status in after.keys() - before.keys():
        yield Change(place, f"a new answer {status}", status.startswith("2"))
    for status in before.keys() & after.keys():
        here = f"{place} {status}"
        old_answer, new_answer = old.at("responses", status), new.at("responses", status)
        headers, left = (side.at("headers").here or {} for side in (old_answer, new_answer))
        for header in headers.keys() - left.keys():
            yield Change(here, f"the header {header} is gone", True)
        content = ("content", "application/json", "schema")
        yield from _schema(here, old_answer.at(*content), new_answer.at(*content), is_request=False)


def _schema(place: str, old: _Side, new: _Side, *, is_request: bool) -> Iterator[Change]:
    """Compare two schemas: requests may allow more than before, answers may only say more."""
    # What many calls share is told once, by its name.
    place = _shared_name(old, new) or place
    old, new = old.resolved(), new.resolved()
    if old.here is None or new.here is None:
        if old.here is not new.here:
            yield Change(place, "the schema came or went", True)
        return
    if _shape(old.here) != _shape(new.here):
        yield Change(place, f"{_shape(old.here)} → {_shape(new.here)}", True)
    yield from _enums(place, old, new, is_request=is_request)
    yield from _properties(place, old, new, is_request=is_request)
    if "items" in old.here and "items" in new.here:
        yield from _schema(f"{place}[]", old.at("items"), new.at("items"), is_request=is_request)
    for number, (first, second) in enumerate(
        zip(old.here.get("allOf", ()), new.here.get("allOf", ()), strict=False)
    ):
        yield from _schema(
            f"{place}({number})",
            _Side(old.document, first),
            _Side(new.document, second),
            is_request=is_request,
        )


def _shared_name(old: _Side, new: _Side) -> str:
    names = {side.here.get("$ref") for side in (old, new) if isinstance(side.here, Mapping)}
    name = names.pop() if len(names) == 1 else None
    return name.rsplit("/", 1)[1] if name else ""


def _shape(schema: Mapping[str, Any]) -> dict[str, Any]:
    """What a schema demands by itself, without words, choices and what is inside it."""
    inside = {"properties", "required", "items", "enum", "allOf", "additionalProperties", "default"}
    return {name: _bare(value) for name, value in schema.items() if name not in inside | _WORDS}


def _bare(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _bare(each) for name, each in value.items() if name not in _WORDS}
    return value


def _enums(place: str, old: _Side, new: _Side, *, is_request: bool) -> Iterator[Change]:
    before, after = (side.here.get("enum") for side in (old, new))
    if before is None and after is None:
        return
    gone, added = set(before or ()) - set(after or ()), set(after or ()) - set(before or ())
    if before is None or (is_request and gone and after is not None):
        yield Change(place, f"fewer choices: {sorted(map(str, gone or added))}", True)
    elif gone:
        yield Change(place, f"no {sorted(map(str, gone))} any more", not is_request)
    if before is not None and added:
        # An error's code or a new status: programs were told that new ones may come.
        yield Change(place, f"also {sorted(map(str, added))}", False)


def _properties(place: str, old: _Side, new: _Side, *, is_request: bool) -> Iterator[Change]:
    before, after = (side.here.get("properties", {}) for side in (old, new))
    required_before, required_after = (set(side.here.get("required", ())) for side in (old, new))
    for name in before.keys() - after.keys():
        yield Change(place, f"{name} is gone", True)
    for name in after.keys() - before.keys():
        yield Change(place, f"{name} is new", is_request and name in required_after)
    for name in before.keys() & after.keys():
        if is_request and name in required_after - required_before:
            yield Change(place, f"{name} is required now", True)
        if not is_request and name in required_before - required_after:
            yield Change(place, f"{name} may be missing now", True)
        yield from _schema(
            f"{place}.{name}",
            old.at("properties", name),
            new.at("properties", name),
            is_request=is_request,
        )
