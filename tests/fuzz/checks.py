"""What holds for every answer beside what OpenAPI can say. Schemathesis runs these on each."""

import re
from functools import cache
from typing import Any

import requests
import schemathesis
from django.utils import translation
from schemathesis import Case, CheckContext, Response

from nexotp.lib.errors import Problem
from tests.api.calls import enveloped
from tests.fuzz.shop import HOLDERS, Holder

_ID = re.compile(r"\b(?!req_)[a-z]{2,4}_[0-9A-HJKMNP-TV-Z]{26}\b")
_INSIDES = re.compile(r'Traceback|File "/|site-packages|psycopg|django\.|Error: |Exception|SELECT ')


@schemathesis.check
def wears_the_envelope(ctx: CheckContext, response: Response, case: Case[Any]) -> None:
    if response.request.method == "HEAD":
        assert response.content == b""
        return
    headers = {name: values[0] for name, values in response.headers.items()}
    enveloped(response.status_code, headers, response.content)


@schemathesis.check
def shows_no_insides(ctx: CheckContext, response: Response, case: Case[Any]) -> None:
    found = _INSIDES.search(response.text)
    assert not found or found[0] in _asked(response), f"the answer tells {found[0]!r}"


@schemathesis.check
def shows_nothing_of_others(ctx: CheckContext, response: Response, case: Case[Any]) -> None:
    holder = holder_of(response)
    others = {mark for other in HOLDERS.values() for mark in other.marks}
    theirs = others - set(holder.marks if holder else ())
    asked = "" if response.status_code < 400 else _asked(response)
    for mark in theirs:
        assert mark not in response.text or mark in asked, f"the answer tells {mark!r}"
    for public_id in set(_ID.findall(response.text)):
        if public_id in asked:
            continue
        assert holder is not None, f"an answer to nobody tells {public_id!r}"
        if public_id not in holder.seen:
            holder.seen[public_id] = f"{response.request.method} {response.request.url}"


@schemathesis.check
def keeps_to_its_owner(ctx: CheckContext, response: Response, case: Case[Any]) -> None:
    """What one can read, change or end by its id, another cannot.

    Schemathesis has a check like this, which compares whole answers; each of ours differs by its
    requestId, so it would never find any two alike.
    """
    holder = holder_of(response)
    if holder is None or response.status_code >= 300 or "{id}" not in case.path:
        return
    for other in HOLDERS.values():
        if other.user == holder.user or other.mode != holder.mode:
            continue
        request = response.request.copy()
        for name, value in request.headers.items():
            request.headers[name] = str(value).replace(holder.key, other.key)
        with requests.Session() as session:
            status = session.send(request, timeout=30).status_code
        assert status in {403, 404}, f"{status} for {other.name}, to whom it does not belong"


@schemathesis.check
def speaks_the_language(ctx: CheckContext, response: Response, case: Case[Any]) -> None:
    wanted = response.request.headers.get("Accept-Language")
    if response.status_code < 400 or wanted not in {"id", "en"}:
        return
    message = response.json()["error"]["message"]
    other = {"id": "en", "en": "id"}[wanted]
    assert message not in _messages(other) - _messages(wanted), f"{message!r} is no {wanted!r}"


def holder_of(response: Response) -> Holder | None:
    """Return who made the call, by the key in it."""
    headers = response.request.headers
    bearer = str(headers.get("Authorization", "")).removeprefix("Bearer ")
    return HOLDERS.get(bearer) or HOLDERS.get(str(headers.get("X-NexOTP-API-Key", "")))


def _asked(response: Response) -> str:
    """Return what the caller said, which an answer may repeat."""
    body = response.request.body or b""
    text = body.decode(errors="replace") if isinstance(body, bytes) else str(body)
    return f"{response.request.url} {text}"


@cache
def _messages(language: str) -> set[str]:
    with translation.override(language):
        return {str(problem.message) for problem in _below(Problem)}


def _below(problem: type[Problem]) -> set[type[Problem]]:
    return {problem}.union(*(_below(each) for each in problem.__subclasses__()))
