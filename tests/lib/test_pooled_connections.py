"""A pooled connection whose server has gone is replaced before anybody uses it."""

import psycopg
import pytest
from django.db import connection

from nexotp.lib.postgresql.base import check_connection

pytestmark = pytest.mark.usefixtures("committed")

_END_THE_OTHERS = (
    "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


def connect() -> psycopg.Connection:
    parameters = connection.get_connection_params()
    return psycopg.connect(**{name: parameters[name] for name in ("dbname", "user", "host")})


def test_a_connection_that_works_passes() -> None:
    with connect() as one:
        check_connection(one)

        assert one.execute("SELECT 1").fetchone() == (1,)


def test_a_connection_that_the_server_ended_does_not() -> None:
    with connect() as one, connect() as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [one.info.backend_pid])

        with pytest.raises(psycopg.OperationalError):
            check_connection(one)


def test_the_shop_goes_on_when_the_server_ended_every_connection() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    connection.close()
    with connect() as other:
        (ended,) = other.execute(_END_THE_OTHERS).fetchone() or (0,)

    with connection.cursor() as cursor:
        cursor.execute("SELECT 2")

        assert cursor.fetchone() == (2,)
    assert ended > 0
