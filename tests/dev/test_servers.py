"""The embedded servers come up, go down and come back, whatever happened before."""

import psycopg
import redis

from dev.servers import Servers


def query(servers: Servers, sql: str) -> object:
    with psycopg.connect(servers.postgres.url) as connection:
        row = connection.execute(sql.encode()).fetchone()
        return row and row[0]


def test_postgresql_answers_as_the_shop_expects_it(servers: Servers) -> None:
    assert query(servers, "SELECT current_database()") == "nexotp"
    assert query(servers, "SELECT current_setting('server_encoding')") == "UTF8"
    assert query(servers, "SELECT current_setting('TimeZone')") == "UTC"


def test_valkey_never_evicts(servers: Servers) -> None:
    with redis.Redis.from_url(servers.valkey.url) as client:
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
