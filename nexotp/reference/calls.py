"""The calls of the API as people read them, taken from the OpenAPI document of one language."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import orjson
from django.conf import settings
from django.utils import translation

from nexotp.lib.errors import Problem
from nexotp.lib.http import error_body
from nexotp.reference.fields import Field, Shapes
from nexotp.reference.schema import OF_NO_CALL, build
from nexotp.reference.words import tag_title

_METHODS = ("get", "post", "put", "patch", "delete")
_JSON = "application/json"
_NUMBERED = re.compile(r"[A-Z]+[a-z0-9]*")


@dataclass(frozen=True, slots=True)
class Failure:
    """One reason why a call may fail. `more` is what its error carries besides, as an example."""

    status: int
    code: str
    message: str
    is_retryable: bool
    more: Mapping[str, Any]

    @property
    def anchor(self) -> str:
        return f"error-{self.code}"

    @classmethod
    def read(cls, status: int, error: Mapping[str, Any]) -> "Failure":
        """Take it from the example that the document gives."""
        said = {"code", "message", "retryable"}
        return cls(
            status=status,
            code=error["code"],
            message=error["message"],
            is_retryable=error["retryable"],
            more={name: value for name, value in error.items() if name not in said},
        )


@dataclass(frozen=True, slots=True)
class Example:
    """A body that a call takes, and what it asks for."""

    title: str
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """One operation. `names` is the field of answers that its address's `{id}` takes."""

    name: str
    tag: str
    method: str
    path: str
    title: str
    purpose: str
    notes: tuple[str, ...]
    scope: str
    bucket: str
    parameters: tuple[Field, ...]
    body: tuple[Field, ...]
    body_is_required: bool
    examples: tuple[Example, ...]
    answer: tuple[Field, ...]
    answer_is_list: bool
    answer_is_paged: bool
    answer_example: Mapping[str, Any]
    headers: tuple[Field, ...]
    failures: tuple[Failure, ...]
    names: str
    id_example: str
    leads_to: Mapping[str, str]

    @property
    def slug(self) -> str:
        return _NUMBERED.sub(lambda found: f"-{found[0].lower()}", self.name)

    @property
    def verb(self) -> str:
        """How it is spoken of: `POST /order`."""
        return f"{self.method} {self.path}"

    def fields(self) -> Iterator[Field]:
        """Yield every parameter and field, those inside others too."""
        for field in (*self.parameters, *self.body, *self.answer):
            yield from field.and_inside()


@dataclass(frozen=True, slots=True)
class Group:
    """The calls of one tag."""

    tag: str
    title: str
    description: str
    calls: tuple[Call, ...]


@dataclass(frozen=True, slots=True)
class Reason:
    """An error code with the calls that may answer it; none where it concerns no call."""

    failure: Failure
    calls: tuple[Call, ...]
    is_of_every_call: bool


@dataclass(frozen=True, slots=True)
class Reference:
    """All of it, in one language."""

    language: str
    groups: tuple[Group, ...]
    reasons: tuple[Reason, ...]

    @property
    def calls(self) -> tuple[Call, ...]:
        return tuple(call for group in self.groups for call in group.calls)

    def by_slug(self, slug: str) -> Call | None:
        return next((call for call in self.calls if call.slug == slug), None)

    def by_name(self, name: str) -> Call | None:
        return next((call for call in self.calls if call.name == name), None)

    def by_verb(self, verb: str) -> Call | None:
        return next((call for call in self.calls if call.verb == verb), None)

    def is_of_every_call(self, code: str) -> bool:
        return any(each.is_of_every_call for each in self.reasons if each.failure.code == code)


@lru_cache(maxsize=len(settings.LANGUAGES))
def reference(language: str) -> Reference:
    """Read the whole document of a language."""
    with translation.override(language):
        document = build(language)
        calls = _Reader(document).calls()
        return Reference(language, _groups(document, calls), _reasons(calls))


@dataclass(frozen=True, slots=True)
class _Reader:
    document: Mapping[str, Any]

    @property
    def shapes(self) -> Shapes:
        return Shapes(self.document)

    def calls(self) -> list[Call]:
        return [
            self.call(method.upper(), path, operations[method])
            for path, operations in self.document["paths"].items()
            for method in _METHODS
            if method in operations
        ]

    def call(self, method: str, path: str, operation: Mapping[str, Any]) -> Call:
        # The address comes before what stands behind it.
        parameters = sorted(operation.get("parameters", []), key=lambda each: each["in"] != "path")
        body = operation.get("requestBody", {})
        takes = body.get("content", {}).get(_JSON, {})
        success = operation["responses"]["200"]
        given = success["content"][_JSON]
        data = given["schema"]["properties"]["data"]
        example = next(iter(given["examples"].values()))["value"]
        names, id_example = self._id_of(path, example)
        return Call(
            name=operation["operationId"],
            tag=operation["tags"][0],
            method=method,
            path=path,
            title=operation["summary"],
            purpose=operation["x-purpose"],
            notes=tuple(operation.get("x-notes", ())),
            scope=operation.get("x-scope", ""),
            bucket=operation.get("x-bucket", ""),
            parameters=tuple(self._parameter(each) for each in parameters),
            body=self.shapes.fields(takes.get("schema", {}), anchor="body"),
            body_is_required=bool(body.get("required")),
            examples=tuple(
                Example(each.get("summary", ""), each["value"])
                for each in takes.get("examples", {}).values()
            ),
            answer=self.shapes.fields(data, anchor="answer"),
            answer_is_list=data.get("type") == "array",
            answer_is_paged="meta" in given["schema"]["properties"],
            answer_example=example,
            headers=tuple(
                self._header(name, each) for name, each in success.get("headers", {}).items()
            ),
            failures=tuple(self._failures(operation["responses"])),
            names=names,
            id_example=id_example,
            leads_to={
                name: next(iter(link["parameters"].values())).rpartition("/")[2]
                for name, link in success.get("links", {}).items()
            },
        )

    def _parameter(self, parameter: Mapping[str, Any]) -> Field:
        described = {**parameter["schema"], "description": parameter.get("description", "")}
        field = self.shapes.field(
            parameter["name"],
            described,
            anchor=f"parameter-{parameter['name']}",
            is_required=bool(parameter.get("required")),
        )
        return replace(field, place=parameter["in"])

    def _header(self, name: str, header: Mapping[str, Any]) -> Field:
        resolved = self.shapes.resolved(header)
        described = {
            **self.shapes.resolved(resolved.get("schema", {})),
            "description": resolved.get("description", ""),
        }
        anchor = f"header-{name.lower()}"
        return self.shapes.field(name, described, anchor=anchor, is_required=False)

    def _failures(self, responses: Mapping[str, Any]) -> Iterator[Failure]:
        for status, response in responses.items():
            if status.startswith("2"):
                continue
            content = self.shapes.resolved(response)["content"][_JSON]
            for example in content["examples"].values():
                yield Failure.read(int(status), example["value"]["error"])

    def _id_of(self, path: str, example: Mapping[str, Any]) -> tuple[str, str]:
        """Return which field of an answer this call's `{id}` takes, and such a value.

        It is the first id that the call at the very address answers, `/order/{id}` say; all that
        is done to the same thing stands below it.
        """
        base = path.partition("}")[0] + "}"
        for operation in self.document["paths"].get(base, {}).values():
            given = operation["responses"]["200"]["content"][_JSON]["examples"]
            example = next(iter(given.values()))["value"]
        first = _first(example["data"])
        field = next((key for key in first if key.endswith("Id")), "")
        return field, str(first.get(field, ""))


def _first(data: Any) -> Mapping[str, Any]:
    one = data[0] if isinstance(data, list) else data
    found: Mapping[str, Any] = one
    return found


def _groups(document: Mapping[str, Any], calls: list[Call]) -> tuple[Group, ...]:
    described = {tag["name"]: tag.get("description", "") for tag in document.get("tags", ())}
    tags = dict.fromkeys((*described, *(call.tag for call in calls)))
    # What concerns a thing as a whole comes before what is done to a part of it.
    in_order = sorted(calls, key=lambda call: call.path.count("/"))
    groups = [
        Group(
            tag=tag,
            title=tag_title(tag),
            description=described.get(tag, ""),
            calls=tuple(call for call in in_order if call.tag == tag),
        )
        for tag in tags
    ]
    return tuple(group for group in groups if group.calls)


def _reasons(calls: list[Call]) -> tuple[Reason, ...]:
    """Return every code once, by its status, those of no call among them."""
    found: dict[tuple[int, str], Failure] = {}
    users: dict[tuple[int, str], list[Call]] = {}
    for call in calls:
        for failure in call.failures:
            key = failure.status, failure.code
            found.setdefault(key, failure)
            users.setdefault(key, []).append(call)
    for problem in OF_NO_CALL:
        found.setdefault((problem.status, problem.code), _of_problem(problem))
    return tuple(
        Reason(
            failure=found[key],
            calls=tuple(users.get(key, ())),
            is_of_every_call=len(users.get(key, ())) == len(calls),
        )
        for key in sorted(found)
    )


def _of_problem(problem: type[Problem]) -> Failure:
    return Failure.read(problem.status, orjson.loads(orjson.dumps(error_body(problem.example()))))
