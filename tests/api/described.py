"""Every answer that a test gets is held against what OpenAPI says of its call."""

import json
import re
from copy import deepcopy
from functools import cache
from typing import Any

import jsonschema

from nexotp.reference.schema import build

# What may carry anything, as documented.
_OPEN = {"Error"}


def check(method: str, path: str, status: int, body: dict[str, Any]) -> None:
    """Fail where an answer has a status, a field or a value that is not described."""
    operation = _operation(method, path.partition("?")[0])
    if operation is None:
        assert status in {404, 405, 400, 401, 413, 415, 500, 503}, (method, path, status)
        return
    assert str(status) in operation["responses"], f"{method} {path}: {status} is not described"
    _validator(operation["operationId"], str(status)).validate(body)


@cache
def _document() -> dict[str, Any]:
    """The document in which an answer's objects may hold nothing that is not described."""
    document: dict[str, Any] = deepcopy(json.loads(json.dumps(build("en"), default=str)))
    for name, schema in document["components"]["schemas"].items():
        if name not in _OPEN and "allOf" not in schema and schema.get("type") == "object":
            schema.setdefault("additionalProperties", False)
    return document


@cache
def _routes() -> list[tuple[str, re.Pattern[str], dict[str, Any]]]:
    found = [
        (method.upper(), re.compile(re.sub(r"\{id\}", "[^/]+", path)), operation)
        for path, methods in _document()["paths"].items()
        for method, operation in methods.items()
    ]
    # An address spelled out comes before one with a name in it.
    return sorted(found, key=lambda route: "[^/]+" in route[1].pattern)


def _operation(method: str, path: str) -> dict[str, Any] | None:
    asked = "GET" if method == "HEAD" else method
    return next(
        (each for verb, form, each in _routes() if verb == asked and form.fullmatch(path)), None
    )


@cache
def _validator(operation_id: str, status: str) -> jsonschema.Draft202012Validator:
    document = _document()
    operation = next(each for _v, _f, each in _routes() if each["operationId"] == operation_id)
    response = operation["responses"][status]
    if "$ref" in response:
        response = document["components"]["responses"][response["$ref"].rsplit("/", 1)[1]]
    schema = response["content"]["application/json"]["schema"]
    return jsonschema.Draft202012Validator({"components": document["components"], **schema})
