"""How the API is described: beside each view, in words and types, for OpenAPI and the reference.

A view's method carries a Description; `ApiSchema` turns it, and what holds for every call (key,
scope, bucket, envelope, errors), into an OpenAPI operation. Serializers only describe here: what
is sent is built by hand, and the tests hold every answer against its description.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, TypeVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter
from rest_framework.serializers import Serializer

from accounts.authentication import (
    ConflictingApiKeys,
    InvalidApiKey,
    IpNotAllowed,
    KeyExpired,
    MissingApiKey,
    ScopeMissing,
)
from nexotp.lib import errors
from nexotp.lib.http import error_body
from nexotp.lib.pagination import LARGEST_PAGE, LAST_PAGE, USUAL_PAGE

Text = str | Promise
Method = TypeVar("Method", bound=Callable[..., Any])

# What stands behind the prefix of every identifier, as a pattern.
ULID = "[0-9A-HJKMNP-TV-Z]{26}"
REQUEST_ID_EXAMPLE = "req_01JDA7Q2S5W8X1Z3B6C9E0G4HK"
JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Example:
    """One way to use a call, as the reference and OpenAPI print it."""

    name: str
    title: Text
    value: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Description:
    """What one call is for, what it takes and what it gives.

    `answer` is what stands in `data`, a list of it where `is_list`; `parameters` stand in the
    query, and `path_parameter` says what the address's `{id}` is. `problems` are the reasons of
    its own, beside those of every call. `example` is a whole `data`.
    """

    name: str
    tag: str
    title: Text
    purpose: Text
    answer: type[Serializer[Any]]
    example: Any
    is_list: bool = False
    is_paged: bool = False
    notes: Sequence[Text] = ()
    parameters: Sequence[OpenApiParameter] = ()
    path_parameter: Text = ""
    body: type[Serializer[Any]] | None = None
    body_examples: Sequence[Example] = ()
    body_is_optional: bool = False
    headers: Mapping[str, Text] = field(default_factory=dict)
    problems: Sequence[type[errors.Problem]] = ()
    links: Mapping[str, str] = field(default_factory=dict)


PAGING = (
    OpenApiParameter(
        "page",
        {"type": "integer", "minimum": 1, "maximum": LAST_PAGE},
        description=_("Which page, from 1. Beyond the last one the list is empty."),
    ),
    OpenApiParameter(
        "per_page",
        {"type": "integer", "minimum": 1, "maximum": LARGEST_PAGE, "default": USUAL_PAGE},
        description=_("How many there are on a page."),
    ),
)


def describe(**words: Any) -> Callable[[Method], Method]:
    """Attach a Description to a view's method."""
    described = Description(**words)

    def attach(method: Method) -> Method:
        method.described = described  # type: ignore[attr-defined]
        return method

    return attach


_OF_EVERY_CALL: tuple[type[errors.Problem], ...] = (
    MissingApiKey,
    InvalidApiKey,
    KeyExpired,
    ConflictingApiKeys,
    IpNotAllowed,
    ScopeMissing,
    errors.RateLimited,
    errors.InternalError,
    errors.ServiceUnavailable,
)
_OF_EVERY_BODY = (errors.InvalidRequest, errors.PayloadTooLarge, errors.UnsupportedMediaType)


def problems_of(described: Description) -> list[type[errors.Problem]]:
    """Return every reason for which this call may fail, the call's own first."""
    with_input = (errors.InvalidRequest,) if described.parameters else ()
    with_body = _OF_EVERY_BODY if described.body else ()
    return list(dict.fromkeys((*described.problems, *with_input, *with_body, *_OF_EVERY_CALL)))


class ApiSchema(AutoSchema):
    """Writes the OpenAPI operation of a view's described method."""

    @property
    def described(self) -> Description:
        found: Description = getattr(self.view, self.method.lower()).described
        return found

    def get_operation_id(self) -> str:
        return self.described.name

    def get_tags(self) -> list[str]:
        return [self.described.tag]

    def get_summary(self) -> Any:
        return self.described.title

    def get_description(self) -> Any:  # type: ignore[override]
        notes = "".join(f"\n- {note}" for note in self.described.notes)
        return f"{self.described.purpose}\n{notes}" if notes else str(self.described.purpose)

    def get_override_parameters(self) -> list[Any]:
        parameters = list(self.described.parameters)
        if "{" in self.path:
            name = self.path.split("{")[1].split("}")[0]
            parameters.append(
                OpenApiParameter(
                    name, str, OpenApiParameter.PATH, description=self.described.path_parameter
                )
            )
        return parameters

    def get_auth(self) -> list[dict[str, list[str]]]:
        return [{"bearer": []}, {"header": []}]

    def get_extensions(self) -> dict[str, Any]:
        view: Any = self.view
        return {
            "x-scope": str(view.scope),
            "x-bucket": view.bucket,
            "x-purpose": self.described.purpose,
            "x-notes": list(self.described.notes),
        }

    def get_response_serializers(self) -> Any:
        return {}

    def _get_request_body(self, direction: Any = "request") -> dict[str, Any] | None:
        body = self.described.body
        if body is None:
            return None
        content: dict[str, Any] = {"schema": self.resolve_serializer(body, "request").ref}
        if self.described.body_examples:
            content["examples"] = {
                example.name: {"summary": example.title, "value": example.value}
                for example in self.described.body_examples
            }
        return {"content": {JSON: content}, "required": not self.described.body_is_optional}

    def _get_response_bodies(self, direction: Any = "response") -> dict[str, Any]:
        failures = by_status(problems_of(self.described))
        return {
            "200": self._success(),
            **{str(status): _failure(status, failures[status]) for status in sorted(failures)},
        }

    def _success(self) -> dict[str, Any]:
        described = self.described
        answer = self.resolve_serializer(described.answer, "response").ref
        data = {"type": "array", "items": answer} if described.is_list else answer
        example: dict[str, Any] = {"success": True, "data": described.example}
        properties: dict[str, Any] = {
            "success": {"type": "boolean", "const": True},
            "data": data,
            "requestId": {"$ref": "#/components/schemas/RequestId"},
        }
        if described.is_paged:
            properties["meta"] = {"$ref": "#/components/schemas/Meta"}
            example["meta"] = {
                "page": 1,
                "perPage": 20,
                "total": len(described.example),
                "totalPages": 1,
            }
        response: dict[str, Any] = {
            "description": _("The call was carried out."),
            "headers": _headers(described.headers),
            "content": {
                JSON: {
                    "schema": {
                        "type": "object",
                        "properties": properties,
                        "required": list(properties),
                    },
                    "examples": {"success": {"value": example | {"requestId": REQUEST_ID_EXAMPLE}}},
                }
            },
        }
        if described.links:
            response["links"] = {
                operation: {
                    "operationId": operation,
                    "parameters": {"id": f"$response.body#/data/{pointer}"},
                }
                for operation, pointer in described.links.items()
            }
        return response


def _headers(own: Mapping[str, Text]) -> dict[str, Any]:
    shared = ("X-Request-Id", "RateLimit-Policy", "RateLimit")
    return {name: {"$ref": f"#/components/headers/{name}"} for name in shared} | {
        name: {"description": text, "schema": {"type": "string"}} for name, text in own.items()
    }


def by_status(
    problems: Sequence[type[errors.Problem]],
) -> dict[int, list[type[errors.Problem]]]:
    """Group reasons by the HTTP status they are answered with."""
    grouped: dict[int, list[type[errors.Problem]]] = {}
    for problem in problems:
        grouped.setdefault(problem.status, []).append(problem)
    return grouped


def shared_failures() -> dict[str, Any]:
    """Return the failures that look alike in most calls, as `components/responses`."""
    return {
        _name(status): _failure_in_full(status, problems)
        for status, problems in by_status(_OF_EVERY_CALL).items()
    }


def _name(status: int) -> str:
    return HTTPStatus(status).phrase.replace(" ", "")


def _failure(status: int, problems: Sequence[type[errors.Problem]]) -> dict[str, Any]:
    if list(problems) == by_status(_OF_EVERY_CALL).get(status):
        return {"$ref": f"#/components/responses/{_name(status)}"}
    return _failure_in_full(status, problems)


def _failure_in_full(status: int, problems: Sequence[type[errors.Problem]]) -> dict[str, Any]:
    headers: dict[str, Any] = {"X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"}}
    if any(problem.retryable for problem in problems):
        headers["Retry-After"] = {"$ref": "#/components/headers/Retry-After"}
    codes = [problem.code for problem in problems]
    return {
        "description": HTTPStatus(status).phrase,
        "headers": headers,
        "content": {
            JSON: {
                "schema": {
                    "allOf": [
                        {"$ref": "#/components/schemas/Failure"},
                        {
                            "type": "object",
                            "properties": {
                                "error": {
                                    "type": "object",
                                    "properties": {"code": {"type": "string", "enum": codes}},
                                }
                            },
                        },
                    ]
                },
                "examples": {problem.code: _failure_example(problem) for problem in problems},
            }
        },
    }


def _failure_example(problem: type[errors.Problem]) -> dict[str, Any]:
    return {
        "summary": problem.message,
        "value": {
            "success": False,
            "error": error_body(problem.example()),
            "requestId": REQUEST_ID_EXAMPLE,
        },
    }
