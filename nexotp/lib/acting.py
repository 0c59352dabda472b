"""Who acts and why, told to the database with the writes that it audits.

Triggers read it from a setting that lives as long as the transaction, so a pooled connection
carries nothing over to the next request. Only requests of browsers that change something pay for
it, and they only where an audited table is written; the API, the sweeps and the tasks do not.
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import Any

from django.db import connection, transaction

#: what `current_setting` calls it
SETTING = "nexotp.acting"

_reason: ContextVar[str] = ContextVar("acting_reason", default="")
_context: "ContextVar[Context | None]" = ContextVar("acting_context", default=None)
_writes: re.Pattern[str] | None = None

Context = Callable[[], dict[str, Any]]


def audit_tables(tables: list[str]) -> None:
    """Say which tables' writes are to carry who made them."""
    global _writes
    names = "|".join(map(re.escape, tables))
    _writes = re.compile(rf'\s*(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM)\s+"?(?:{names})\b')


@contextmanager
def because(reason: str) -> Iterator[None]:
    """Give a reason to everything that is changed inside."""
    token = _reason.set(reason)
    try:
        yield
    finally:
        _reason.reset(token)


@contextmanager
def acting(context: Context) -> Iterator[None]:
    """Tell the database who acts; `context` is asked at the time of each write."""
    token = _context.set(context)
    try:
        with connection.execute_wrapper(partial(_tell, context)):
            yield
    finally:
        _context.reset(token)


def from_where() -> dict[str, str]:
    """Return the request, the page and the address of who acts; empty where no browser does."""
    context = _context.get()
    told = context() if context else {}
    return {name: told.get(name, "") for name in ("request_id", "path", "address")}


def _tell(
    context: Context, execute: Any, sql: Any, params: Any, many: bool, where: dict[str, Any]
) -> Any:
    if _writes is None or not isinstance(sql, str) or not _writes.match(sql):
        return execute(sql, params, many, where)
    if where["connection"].in_atomic_block:
        _say(context())
        return execute(sql, params, many, where)
    with transaction.atomic():
        _say(context())
        return execute(sql, params, many, where)


def _say(context: dict[str, Any]) -> None:
    told = context | {"reason": _reason.get()[:200]}
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config(%s, %s, true)", [SETTING, json.dumps(told)])
