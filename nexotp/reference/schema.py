"""The whole OpenAPI document, in one language: every route of v1 and what they all share."""

from functools import lru_cache
from typing import Any

import orjson
from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _
from drf_spectacular.generators import SchemaGenerator

from accounts.description import ULID, Description, problems_of, shared_failures
from nexotp.api_v1 import v1
from nexotp.lib import errors

# Answered before or instead of a described call.
OF_NO_CALL: tuple[type[errors.Problem], ...] = (errors.NotFound, errors.MethodNotAllowed)


@lru_cache(maxsize=len(settings.LANGUAGES))
def build(language: str) -> dict[str, Any]:
    """Return the document, to be read only; its servers are relative to the shop's address."""
    with translation.override(language):
        generator: Any = SchemaGenerator
        generated: dict[str, Any] = generator(patterns=v1).get_schema(public=True)
        generated["info"] |= {"title": "NexOTP API", "version": "1", "description": _introduction()}
        generated["servers"] = [
            {"url": prefix.rstrip("/"), "description": described}
            for prefix, described in zip(
                settings.API_PREFIXES, (_("The API"), _("The same at another address")), strict=True
            )
        ]
        generated["tags"] = _tags()
        generated["paths"] = _public_paths(generated["paths"])
        components = generated["components"]
        components["schemas"] |= _shared_schemas()
        components["headers"] = _headers()
        components["responses"] = shared_failures()
        components["securitySchemes"] = _security()
        # Lazy words would speak whatever language is active when somebody prints them.
        plain: dict[str, Any] = orjson.loads(orjson.dumps(generated, default=str))
        return plain


def descriptions() -> dict[str, Description]:
    """Return every described call by its name."""
    views = [route.callback.view_class for route in v1]  # type: ignore[attr-defined]
    methods = [getattr(view, name, None) for view in views for name in ("get", "post", "delete")]
    found = [method.described for method in methods if method is not None]
    return {described.name: described for described in found}


def error_codes() -> list[str]:
    """Return every code that any call may answer with, sorted."""
    problems = {problem for each in descriptions().values() for problem in problems_of(each)}
    return sorted({problem.code for problem in problems | set(OF_NO_CALL)})


def _public_paths(paths: dict[str, Any]) -> dict[str, Any]:
    """Call what an address names `id`, as the public documents do; empty parameters say nothing."""
    renamed = {}
    for path, operations in paths.items():
        for operation in operations.values():
            for parameter in operation.get("parameters", ()):
                if parameter["in"] == "path":
                    parameter["name"] = "id"
                elif parameter["in"] == "query" and not parameter.get("required"):
                    # Forms send what was left out as an empty text, and we read it so.
                    parameter["allowEmptyValue"] = True
        head, brace, rest = path.partition("{")
        renamed[f"{head}{{id}}{rest.partition('}')[2]}" if brace else path] = operations
    return renamed


def _introduction() -> str:
    return _(
        "Buy numbers and read the codes that reach them. Every answer wears the same envelope,"
        " every call carries an API key, and v1 stays as it is: fields may be added, never"
        " renamed, removed or given another meaning."
    )


def _tags() -> list[dict[str, str]]:
    return [
        {"name": "account", "description": _("The account, its wallet and what it has used.")},
        {"name": "catalogue", "description": _("What is sold, where and for how much.")},
        {"name": "orders", "description": _("Numbers, their codes, and every end of an order.")},
        {"name": "webhooks", "description": _("Being told instead of asking.")},
    ]


def _shared_schemas() -> dict[str, Any]:
    return {
        "RequestId": {
            "type": "string",
            "pattern": f"^req_{ULID}$",
            "description": _("Names this call; quote it when you ask us about it."),
        },
        "Meta": {
            "type": "object",
            "properties": {
                "page": {"type": "integer", "minimum": 1},
                "perPage": {"type": "integer", "minimum": 1},
                "total": {"type": "integer", "minimum": 0},
                "totalPages": {"type": "integer", "minimum": 0},
            },
            "required": ["page", "perPage", "total", "totalPages"],
        },
        "ErrorCode": {
            "type": "string",
            "enum": error_codes(),
            "description": _("The stable name of the reason. New ones may be added."),
        },
        "FieldError": {
            "type": "object",
            "properties": {
                "field": {"type": "string", "description": _("The field or parameter.")},
                "code": {"type": "string", "description": _("What is wrong, as a stable name.")},
                "message": {"type": "string", "description": _("The same, for people.")},
            },
            "required": ["field", "code", "message"],
        },
        "Error": {
            "type": "object",
            "properties": {
                "code": {"$ref": "#/components/schemas/ErrorCode"},
                "message": {
                    "type": "string",
                    "description": _(
                        "For people, in the language of `Accept-Language`; never parse it."
                    ),
                },
                "retryable": {
                    "type": "boolean",
                    "description": _("Whether the same call may succeed later, unchanged."),
                },
                "retryAfter": {
                    "type": "integer",
                    "description": _("Seconds to wait, as in the `Retry-After` header."),
                },
                "fields": {
                    "type": "array",
                    "items": {"$ref": "#/components/schemas/FieldError"},
                    "description": _("Everything that is wrong with the request, at once."),
                },
                "details": {
                    "type": "object",
                    "additionalProperties": True,
                    "description": _("What helps to go on, by code."),
                },
            },
            "required": ["code", "message", "retryable"],
        },
        "Failure": {
            "type": "object",
            "properties": {
                "success": {"type": "boolean", "const": False},
                "error": {"$ref": "#/components/schemas/Error"},
                "requestId": {"$ref": "#/components/schemas/RequestId"},
            },
            "required": ["success", "error", "requestId"],
        },
    }


def _headers() -> dict[str, Any]:
    return {
        "X-Request-Id": {
            "description": _("The answer's `requestId` once more."),
            "required": True,
            "schema": {"$ref": "#/components/schemas/RequestId"},
        },
        "RateLimit-Policy": {
            "description": _(
                "The bucket: its name, how many calls at once (`q`), and after how many seconds"
                " it is full again (`w`)."
            ),
            "required": True,
            "schema": {"type": "string", "examples": ['"POLL";q=60;w=12']},
        },
        "RateLimit": {
            "description": _("How many calls are left (`r`), and when it is full again (`t`)."),
            "required": True,
            "schema": {"type": "string", "examples": ['"POLL";r=59;t=1']},
        },
        "Retry-After": {
            "description": _("Seconds to wait before the call is worth repeating."),
            "schema": {"type": "integer", "minimum": 0},
        },
    }


def _security() -> dict[str, Any]:
    return {
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "description": _("`Authorization: Bearer KEY`, with an `nx_live_` or `nx_test_` key."),
        },
        "header": {
            "type": "apiKey",
            "in": "header",
            "name": "X-NexOTP-API-Key",
            "description": _("The same key in a header of its own."),
        },
    }
