"""Small things around the database connection."""

from collections.abc import Callable, Sequence
from functools import cached_property, partial
from typing import Any

import psycopg
from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import JSONField, Model
from django.db.models.expressions import Col

_Convert = tuple[int, Callable[[Any], Any]]


class NetworkInsideTransaction(RuntimeError):
    """Somebody is about to wait for a stranger's server while holding row locks."""


def release_connection() -> None:
    """Give the pooled connection back before a call that may take seconds.

    Raises NetworkInsideTransaction when a transaction is open.
    """
    if connection.in_atomic_block:
        raise NetworkInsideTransaction
    connection.close()


def _read_json(field: JSONField, text: Any) -> Any:
    return field.from_db_value(text, Col("", field), connection)


class PreparedRead:
    """A query for rows of models side by side, whose SQL is put together once.

    For the few reads that stand on every API call: building a query's SQL anew costs several
    times what running it does. In the SQL, `{0}`, `{1}` … stand for the models' columns, each
    under its table's alias.
    """

    def __init__(self, sql: str, **models: type[Model]) -> None:
        self._template = sql
        self._models = models

    def one(self, params: Sequence[Any]) -> list[Any] | None:
        """Return one instance of each model, or None without a row."""
        rows = self.all(params)
        return rows[0] if rows else None

    def all(self, params: Sequence[Any]) -> list[list[Any]]:
        """Return one instance of each model for every row."""
        connection.ensure_connection()
        # A cursor of the driver's own: the server keeps the statement parsed and planned.
        with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
            rows = cursor.execute(self._sql, params).fetchall()
        return [self._instances(row) for row in rows]

    def _instances(self, row: tuple[Any, ...]) -> list[Any]:
        found: list[Any] = []
        start = 0
        for model, names, read in self._fields:
            end = start + len(names)
            # An outer join that found nothing leaves the primary key, always first, empty.
            if row[start] is None:
                found.append(None)
            else:
                values = list(row[start:end])
                for position, convert in read:
                    values[position] = convert(values[position])
                found.append(model.from_db(DEFAULT_DB_ALIAS, names, values))
            start = end
        return found

    @cached_property
    def _fields(self) -> list[tuple[type[Model], list[str], list[_Convert]]]:
        return [
            (
                model,
                [field.attname for field in model._meta.concrete_fields],
                [
                    (position, partial(_read_json, field))
                    for position, field in enumerate(model._meta.concrete_fields)
                    # The driver gives JSON as text.
                    if isinstance(field, JSONField)
                ],
            )
            for model in self._models.values()
        ]

    @cached_property
    def _sql(self) -> str:
        columns = (
            ", ".join(f'{alias}."{field.column}"' for field in model._meta.concrete_fields)
            for alias, model in self._models.items()
        )
        return self._template.format(*columns)
