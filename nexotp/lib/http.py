"""How every answer of the API is wrapped.

Success is {"success": true, "data", "requestId"}, with "meta" beside a page of a list; failure is
{"success": false, "error", "requestId"}. No exit goes without. API requests leave the browser's
middleware behind: they carry no session, no cookie and no CSRF token.
"""

import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from io import BytesIO
from typing import IO, Any

import orjson
import structlog
from django.conf import settings
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, QueryDict, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.http.response import HttpResponseBase
from django.urls import resolve
from django.utils import translation
from django.utils.translation import gettext_lazy as _
from django.utils.translation.trans_real import (
    get_supported_language_variant,
    parse_accept_lang_header,
)
from psycopg_pool import PoolTimeout
from rest_framework import exceptions as drf
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from nexotp.lib import errors
from nexotp.lib.ids import new_id
from nexotp.lib.maintenance import maintenance_seconds
from nexotp.lib.pagination import NumberedPage

logger = structlog.get_logger(__name__)

# How much of a body that is too large is still read, in bytes.
_MOST_DRAINED, _DRAINED_AT_ONCE = 2**20, 2**16

# The database does not answer; its other errors are bugs of ours.
DATABASE_AWAY = (PoolTimeout, OperationalError, InterfaceError)


def timestamp(moment: datetime | None) -> str | None:
    """Return UTC ISO 8601 with milliseconds and Z."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Page:
    """What a view answers with one page of a list: the rows as shown, and where they stand."""

    def __init__(self, data: list[Any], page: NumberedPage[Any]) -> None:
        self.data = data
        self.meta = page.meta


class EnvelopeRenderer(BaseRenderer):
    """Renders a view's data, or a Problem's error, inside the envelope."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        context = renderer_context or {}
        body: dict[str, Any]
        if isinstance(data, errors.Problem):
            body = {"success": False, "error": error_body(data)}
        elif isinstance(data, Page):
            body = {"success": True, "data": data.data, "meta": data.meta}
        else:
            body = {"success": True, "data": data}
        body["requestId"] = context["request"].request_id
        return orjson.dumps(body)


class OneFormat(DefaultContentNegotiation):
    """Every answer is JSON, whatever `Accept` or `?format` ask for."""

    def select_renderer(
        self, request: Any, renderers: Any, format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        return renderers[0], renderers[0].media_type


class JsonParser(BaseParser):
    """Reads a JSON body; anything else is a 400 that says so."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        body = stream.read(limit + 1)
        if len(body) > limit:
            raise errors.PayloadTooLarge
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise errors.InvalidRequest(_("The body is not valid JSON.")) from error


def error_body(problem: errors.Problem) -> dict[str, Any]:
    """Return what stands in `error`."""
    body: dict[str, Any] = {
        "code": problem.code,
        "message": str(problem.message),
        "retryable": problem.retryable,
    }
    if problem.retry_after is not None:
        body["retryAfter"] = problem.retry_after
    if problem.fields:
        body["fields"] = [
            {"field": f.field, "code": f.code, "message": str(f.message)} for f in problem.fields
        ]
    if problem.details is not None:
        body["details"] = problem.details
    return body


def envelope_errors(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """DRF's exception handler: every error as a Problem, unknown ones left to the middleware."""
    problem = _as_problem(error)
    if problem is None:
        return None
    if problem is not error and problem.status >= 500:
        log_failure(context["request"], error)
    return Response(problem, status=problem.status, headers=_problem_headers(problem))


def known_problem(request: HttpRequest, error: Exception) -> errors.Problem:
    """Return the reason behind an exception; what is our own fault is logged."""
    problem = _as_problem(error) or errors.InternalError()
    if problem is not error and problem.status >= 500:
        log_failure(request, error)
    return problem


def log_failure(request: Any, error: Exception) -> None:
    """Leave in the log what the answer does not tell."""
    logger.error(
        "request failed",
        path=request.path,
        request_id=request.request_id,
        trace="".join(traceback.format_exception(error)),
    )


def _problem_headers(problem: errors.Problem) -> dict[str, str]:
    headers = {}
    if problem.retry_after is not None:
        headers["Retry-After"] = str(problem.retry_after)
    if problem.status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="NexOTP"'
    return headers


def _as_problem(error: Exception) -> errors.Problem | None:
    match error:
        case errors.Problem():
            return error
        case drf.MethodNotAllowed():
            return errors.MethodNotAllowed()
        case drf.UnsupportedMediaType():
            return errors.UnsupportedMediaType()
        case RequestDataTooBig():
            return errors.PayloadTooLarge()
        case Http404() | drf.NotFound():
            return errors.NotFound()
        case drf.ParseError() | SuspiciousOperation() | MultiPartParserError():
            return errors.InvalidRequest()
        case _ if isinstance(error, DATABASE_AWAY):
            return errors.ServiceUnavailable(retry_after=2)
    return None


class ApiRequest(Request):
    """Takes a body sent in chunks, which Django would take for empty, when a view asks for it.

    By then the key has been checked: a stranger who never ends a body must not keep us waiting.
    """

    def _load_stream(self) -> None:
        if "HTTP_TRANSFER_ENCODING" in self._request.META:
            _take_chunks(self._request)
        super()._load_stream()  # type: ignore[misc]


def _take_chunks(request: HttpRequest) -> None:
    """Raises PayloadTooLarge."""
    body = request.META["wsgi.input"].read(settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
    if len(body) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
        raise errors.PayloadTooLarge
    request.META["CONTENT_LENGTH"] = str(len(body))
    request._stream = BytesIO(body)


def read_form(request: HttpRequest) -> QueryDict:
    """Return the fields of a form, whichever way it was sent; of any other body, none.

    Raises PayloadTooLarge, and SuspiciousOperation or MultiPartParserError for a broken one.
    """
    if "HTTP_TRANSFER_ENCODING" in request.META:
        _take_chunks(request)
    length = str(request.META.get("CONTENT_LENGTH") or "0")
    # Refused unread, whereas Django would read a form of several parts to its end.
    if not length.isdecimal() or int(length) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
        raise errors.PayloadTooLarge
    return request.POST


def _drain(request: HttpRequest) -> None:
    """Take the rest of a refused body off the wire, within reason.

    A server closes a connection with an unread body, and the caller's next call meets the end.
    """
    with suppress(UnreadablePostError):
        for _chunk in range(_MOST_DRAINED // _DRAINED_AT_ONCE):
            if not request.read(_DRAINED_AT_ONCE):
                return


@lru_cache(maxsize=1_000)
def _language(accepted: str) -> str:
    """Return the language to speak for an Accept-Language; no cookie has a say here."""
    for wanted, _priority in parse_accept_lang_header(accepted.lower()[:200]):
        with suppress(LookupError):
            return get_supported_language_variant(wanted)
    return str(settings.LANGUAGE_CODE)


class DoorMiddleware:
    """Answers the addresses of programs by itself; what else comes goes on to the browser's stack.

    A subclass says which addresses, and how it puts an exception.
    """

    prefixes: tuple[str, ...]

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def failure(self, request: HttpRequest, error: Exception) -> HttpResponse:
        """Return the answer to a request that came to an exception."""
        raise NotImplementedError

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        # The mount itself, without its slash, belongs to the door too.
        if not f"{request.path_info}/".startswith(self.prefixes):
            return self.get_response(request)
        request.request_id = new_id("req")  # type: ignore[attr-defined]
        # What is decided on the way and must stand in the answer, however that comes about.
        request.answer_headers = {}  # type: ignore[attr-defined]
        with translation.override(_language(request.META.get("HTTP_ACCEPT_LANGUAGE", ""))):
            try:
                response = self._answer(request)
            except Exception as error:
                response = self.failure(request, error)
        if response.status_code == errors.PayloadTooLarge.status:
            _drain(request)
        headers = response.headers
        # Failures of ours are logged by now; what a caller did wrong is the caller's affair.
        response._has_been_logged = True  # type: ignore[attr-defined]
        headers["X-Request-Id"] = request.request_id  # type: ignore[attr-defined]
        headers["Cache-Control"] = "no-store"
        headers["Content-Length"] = str(len(response.content))  # type: ignore[attr-defined]
        headers["X-Content-Type-Options"] = "nosniff"
        for name, value in request.answer_headers.items():  # type: ignore[attr-defined]
            headers[name] = value
        return response

    def _answer(self, request: HttpRequest) -> HttpResponseBase:
        pause = maintenance_seconds()
        if pause is not None:
            raise errors.ServiceUnavailable(retry_after=pause)
        match = resolve(request.path_info)
        request.resolver_match = match
        response: HttpResponseBase = match.func(request, *match.args, **match.kwargs)
        if isinstance(response, Response):
            response.render()
        return response


class ApiMiddleware(DoorMiddleware):
    """API v1: every exception in the envelope."""

    prefixes = settings.API_PREFIXES

    def failure(self, request: HttpRequest, error: Exception) -> HttpResponse:
        problem = known_problem(request, error)
        body = {
            "success": False,
            "error": error_body(problem),
            "requestId": request.request_id,  # type: ignore[attr-defined]
        }
        return HttpResponse(
            orjson.dumps(body),
            status=problem.status,
            content_type="application/json",
            headers=_problem_headers(problem),
        )
