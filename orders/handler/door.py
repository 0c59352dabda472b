"""The one address of the protocol: a request in, a token or JSON out, in the dialect asked for."""

from collections.abc import Mapping
from typing import Any

import orjson
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from accounts.authentication import KEY_SQL, MissingApiKey, identify, joined
from accounts.door import charge_plan, check_scope
from accounts.models import ApiKey, Dialect, Plan, User
from nexotp.lib.db import PreparedRead
from nexotp.lib.errors import MethodNotAllowed
from nexotp.lib.http import DoorMiddleware, known_problem, read_form
from orders.handler.asking import Asked
from orders.handler.dialects import BY_PATH, MANNERS, Manner
from orders.handler.table import ACTIONS, SET_STATUS, Action
from orders.handler.words import BAD_ACTION, BAD_STATUS, Refusal, Word, word_for
from orders.models import Order

_TEXT = "text/plain; charset=utf-8"
_JSON = "application/json"
_LARGEST_NUMBER = 2**63 - 1


class HandlerMiddleware(DoorMiddleware):
    """The handler door: every exception as a token of the dialect."""

    prefixes = tuple(
        f"{root}{path}stubs/" for root in ("/", "//") for path in ("", *(f"{p}/" for p in BY_PATH))
    )

    def __call__(self, request: HttpRequest) -> Any:
        response = super().__call__(request)
        if hasattr(request, "dialect"):
            # The key stands in the address, which nobody else needs to see.
            response["Referrer-Policy"] = "no-referrer"
        return response

    def failure(self, request: HttpRequest, error: Exception) -> HttpResponse:
        """Also for addresses that are none, and before the dialect is known."""
        manner = MANNERS[getattr(request, "dialect", Dialect.CLASSIC)]
        if isinstance(error, Refusal):
            return _refused(error.word, manner, error.info)
        problem = known_problem(request, error)
        answer = _refused(word_for(problem), manner, problem.details, str(problem.message))
        if problem.retry_after is not None:
            answer["Retry-After"] = str(problem.retry_after)
        return answer


@csrf_exempt
@login_not_required
def handler(request: HttpRequest, path: str = "") -> HttpResponse:
    """Carry out one action. Raises Refusal, Problem."""
    request.dialect = BY_PATH.get(path, Dialect.CLASSIC)  # type: ignore[attr-defined]
    if request.method not in {"GET", "POST"}:
        raise MethodNotAllowed
    params = _params(request)
    reading = _Reading(params)
    key = identify(request, lambda: _sent_key(params), read=reading.key, now=timezone.now())
    if path not in BY_PATH:
        request.dialect = Dialect(key.dialect)  # type: ignore[attr-defined]
    action = _action(params)
    charge_plan(request, key, action.bucket)
    check_scope(key, action.scope)
    manner = MANNERS[request.dialect]  # type: ignore[attr-defined]
    answer = action.answer(
        Asked(request, params, manner, key, found_order=reading.order, now=timezone.now())
    )
    return _said(answer)


def _params(request: HttpRequest) -> dict[str, str]:
    """Return query and form as one; the form wins, and of a repeated name the last."""
    sent = [request.GET, read_form(request)] if request.method == "POST" else [request.GET]
    return {name: str(fields[name]) for fields in sent for name in fields}


def _sent_key(params: Mapping[str, str]) -> str:
    """Raises MissingApiKey."""
    if key := params.get("api_key", "").strip():
        return key
    raise MissingApiKey


def _action(params: Mapping[str, str]) -> Action:
    """Raises Refusal."""
    name = params.get("action", "")
    if name == "setStatus":
        found, unknown = SET_STATUS.get(params.get("status", "").strip()), BAD_STATUS
    else:
        found, unknown = ACTIONS.get(name), BAD_ACTION
    if found is None:
        raise Refusal(unknown)
    return found


class _Reading:
    """Reads the key and, along with it, the order that the request names, if it is the caller's.

    Polling is the call made most, and this halves it.
    """

    def __init__(self, params: Mapping[str, str]) -> None:
        self._number = _number(params.get("id") or params.get("activationId") or "")
        self.order: Order | None = None

    def key(self, public_id: str, mode: str) -> ApiKey | None:
        found = _KEY_AND_ORDER.one((self._number, public_id, mode))
        if found is None:
            return None
        *key, self.order = found
        return joined(*key)


def _number(text: str) -> int:
    """Return the order's number; 0, which no order has, for what cannot be one."""
    text = text.strip()
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        return 0
    number = int(text)
    return number if number <= _LARGEST_NUMBER else 0


_KEY_AND_ORDER = PreparedRead(
    "SELECT {0}, {1}, {2}, {3} "
    + KEY_SQL.format(
        join="LEFT JOIN orders_order placed ON placed.id = %s"
        " AND placed.user_id = key.user_id AND placed.mode = key.mode"
    ),
    key=ApiKey,
    account=User,
    plan=Plan,
    placed=Order,
)


def _said(answer: Any) -> HttpResponse:
    if answer is None:
        return HttpResponse(status=204)
    if isinstance(answer, str):
        return HttpResponse(answer.encode(), content_type=_TEXT)
    return HttpResponse(orjson.dumps(answer), content_type=_JSON)


def _refused(
    word: Word, manner: Manner, info: Mapping[str, Any] | None, message: str = ""
) -> HttpResponse:
    token = manner.says.get(word.token, word.token)
    if not manner.has_http_errors:
        return HttpResponse(token, content_type=_TEXT)
    body = {"title": token, "details": message or token, "info": dict(info or {})}
    return HttpResponse(orjson.dumps(body), status=word.status, content_type=_JSON)
