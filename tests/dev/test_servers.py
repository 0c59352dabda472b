"""The embedded servers come up, go down and come back, whatever happened before."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
import redis

from dev import processes, sockets
from dev.processes import DevError
from dev.servers import Servers, sole_use, start_servers

ROOT = Path(__file__).resolve().parent.parent.parent

START_AND_WAIT = """
import signal, sys
from pathlib import Path
from dev.servers import start_servers
servers = start_servers(Path(sys.argv[1]), durable=False)
print(servers.postgres.pid, servers.valkey.pid, flush=True)
signal.pause()
"""


def query(servers: Servers, sql: str) -> object:
    with psycopg.connect(servers.postgres.url, autocommit=True) as connection:
        cursor = connection.execute(sql.encode())
        row = cursor.fetchone() if cursor.description else None
        return row and row[0]


def ping(servers: Servers) -> bool:
    with redis.Redis.from_url(servers.valkey.url) as client:
        return bool(client.ping())


def start_elsewhere(data: Path) -> tuple[subprocess.Popen[str], list[int]]:
    """Start the servers from another process, which waits; gives it and their numbers."""
    owner = subprocess.Popen(
        [sys.executable, "-c", START_AND_WAIT, str(data)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert owner.stdout
    return owner, [int(pid) for pid in owner.stdout.readline().split()]


def end(owner: subprocess.Popen[str], signum: signal.Signals) -> None:
    owner.send_signal(signum)
    owner.wait()
    assert owner.stdout
    owner.stdout.close()


def test_postgresql_answers_as_the_shop_expects_it(servers: Servers) -> None:
    assert query(servers, "SELECT current_database()") == "nexotp"
    assert query(servers, "SELECT current_setting('server_encoding')") == "UTF8"
    assert query(servers, "SELECT current_setting('TimeZone')") == "UTC"


def test_valkey_never_evicts(servers: Servers) -> None:
    with redis.Redis.from_url(servers.valkey.url) as client:
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}


def test_nobody_else_reaches_the_sockets(servers: Servers, data: Path) -> None:
    folder = sockets.folder_for(data)

    for name in ("postgres", "valkey"):
        assert (folder / name).stat().st_mode & 0o777 == 0o700


def test_data_survives_a_crash_and_a_restart(servers: Servers) -> None:
    query(servers, "CREATE TABLE kept AS SELECT 1 AS number")

    servers.postgres.restart(mode="immediate")
    assert query(servers, "SELECT number FROM kept") == 1

    servers.postgres.kill()
    servers.postgres.start()
    assert query(servers, "SELECT number FROM kept") == 1


def test_valkey_comes_back_empty_after_a_kill(servers: Servers) -> None:
    with redis.Redis.from_url(servers.valkey.url) as client:
        client.set("key", "value")

    servers.valkey.kill()
    servers.valkey.start()

    with redis.Redis.from_url(servers.valkey.url) as client:
        assert client.get("key") is None


def test_a_server_that_died_is_named(servers: Servers) -> None:
    assert servers.ended() == []
    assert servers.valkey.pid

    os.kill(servers.valkey.pid, signal.SIGKILL)

    assert processes.wait_until(lambda: servers.ended() == ["Valkey"], timeout=5)


def test_two_data_folders_side_by_side(servers: Servers, tmp_path: Path) -> None:
    other = start_servers(tmp_path / "other", durable=False)
    try:
        query(servers, "CREATE TABLE here (id int)")

        assert query(other, "SELECT to_regclass('here') IS NULL") is True
        assert ping(servers)
        assert ping(other)
    finally:
        other.stop()


def test_stopping_leaves_no_process_and_no_file_of_the_run(data: Path) -> None:
    servers = start_servers(data, durable=False)
    servers.announce(supplier_url="http://127.0.0.1:1")

    servers.stop()

    assert processes.leftovers(data) == []
    assert not (data / "servers.json").exists()
    assert not (data / "postgres" / "postmaster.pid").exists()
    assert not sockets.folder_for(data).exists()


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGKILL])
def test_servers_end_with_their_owner(data: Path, signum: signal.Signals) -> None:
    owner, pids = start_elsewhere(data)
    assert all(processes.is_alive(pid) for pid in pids)

    end(owner, signum)

    assert processes.wait_until(
        lambda: not any(processes.is_alive(pid) for pid in pids), timeout=10
    )


def test_starting_at_once_after_everything_was_killed(data: Path) -> None:
    owner, pids = start_elsewhere(data)
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    end(owner, signal.SIGKILL)

    servers = start_servers(data, durable=False)
    try:
        assert query(servers, "SELECT 1") == 1
        assert ping(servers)
    finally:
        servers.stop()


def test_servers_that_outlived_their_owner_are_ended_first(data: Path) -> None:
    first = start_servers(data, durable=False)
    old_pid = first.postgres.pid

    second = start_servers(data, durable=False)
    try:
        assert second.postgres.pid != old_pid
        assert query(second, "SELECT 1") == 1
        assert sorted(first.ended()) == ["PostgreSQL", "Valkey"]
    finally:
        second.stop()


def test_a_stale_pid_file_may_name_somebody_elses_process(data: Path) -> None:
    servers = start_servers(data, durable=False)
    servers.stop()
    (data / "postgres" / "postmaster.pid").write_text(f"{os.getpid()}\n")

    servers.start()
    try:
        assert query(servers, "SELECT 1") == 1
    finally:
        servers.stop()


def test_secrets_are_made_once_and_kept_to_ourselves(data: Path) -> None:
    servers = start_servers(data, durable=False)
    first = servers.environment()
    servers.announce(supplier_url="http://127.0.0.1:1")
    announced = data / "servers.json"
    modes = [path.stat().st_mode & 0o777 for path in (announced, data / "secrets.json")]
    told = json.loads(announced.read_text())
    servers.stop()

    again = start_servers(data, durable=False)
    second = again.environment()
    again.stop()

    assert modes == [0o600, 0o600]
    assert first == second
    assert told["secret_key"] == first["SECRET_KEY"]
    assert told["database_url"] == first["DATABASE_URL"]


def test_a_server_that_has_a_url_already_is_not_started(data: Path) -> None:
    theirs = "redis://127.0.0.1:6379/4"

    servers = start_servers(data, durable=False, settings={"REDIS_URL": theirs})
    try:
        environment = servers.environment()
        assert servers.valkey.pid is None
        assert environment["REDIS_URL"] == theirs
        assert environment["BROKER_URL"] == "redis://127.0.0.1:6379/5"
        assert query(servers, "SELECT 1") == 1
    finally:
        servers.stop()


def test_starting_opens_no_folder_to_others(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    parents = [closed, *closed.parents]
    before = [(parent.stat().st_mode, parent.stat().st_uid) for parent in parents]

    servers = start_servers(closed / "data", durable=False)
    try:
        assert query(servers, "SELECT 1") == 1
    finally:
        servers.stop()

    assert [(parent.stat().st_mode, parent.stat().st_uid) for parent in parents] == before


def test_a_data_folder_has_one_user_at_a_time(data: Path) -> None:
    with sole_use(data):
        (data / "servers.json").write_text("{}")
        with pytest.raises(DevError, match="in use"), sole_use(data, patience=0):
            pass

    with sole_use(data, patience=0):
        pass


def test_a_cluster_of_another_version_is_left_alone(servers: Servers, data: Path) -> None:
    servers.stop()
    (data / "postgres" / "PG_VERSION").write_text("17\n")

    with pytest.raises(DevError, match="PostgreSQL 17"):
        servers.start()
