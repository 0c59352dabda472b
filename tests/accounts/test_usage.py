"""Counting calls: no row is written for one, none is lost or counted twice on its way."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts import usage
from accounts.limits import tally
from accounts.models import DailyUsage, Mode, User
from accounts.usage import fold_usage, requests_by_day
from nexotp.lib.tally import TAKEN
from tests import cast

BALANCE, ORDER = "/api/v1/balance", "/api/v1/order/1"

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture(autouse=True)
def nothing_counted() -> None:
    """What other tests counted is no business of these."""
    tally()._client.flushdb()


@pytest.fixture
def key(alice: User) -> str:
    return cast.key_for(alice)


def today() -> date:
    return timezone.localdate()


def counted(user: User, mode: Mode = Mode.LIVE) -> dict[str, int]:
    """Today's calls by bucket."""
    found = requests_by_day(user, mode, since=today(), until=today())
    return {bucket: count for (_day, bucket), count in found.items() if count}


def call(client: Client, key: str, *paths: str) -> None:
    for path in paths:
        client.get(path, headers=cast.bearer(key))


def test_calls_are_counted_by_bucket(client: Client, alice: User, key: str) -> None:
    call(client, key, BALANCE, ORDER, ORDER)

    assert counted(alice) == {"GENERAL": 1, "POLL": 2}
    assert not DailyUsage.objects.exists()


def test_folding_changes_no_count(client: Client, alice: User, key: str) -> None:
    call(client, key, BALANCE, ORDER)

    assert fold_usage() == 2
    assert counted(alice) == {"GENERAL": 1, "POLL": 1}
    call(client, key, BALANCE)
    assert counted(alice) == {"GENERAL": 2, "POLL": 1}
    assert fold_usage() == 1
    assert fold_usage() == 0
    assert counted(alice) == {"GENERAL": 2, "POLL": 1}


def test_what_was_folded_survives_redis(client: Client, alice: User, key: str) -> None:
    call(client, key, BALANCE)
    fold_usage()

    tally()._client.flushdb()

    assert counted(alice) == {"GENERAL": 1}


def test_a_call_that_is_refused_by_its_limit_does_not_count(
    client: Client, alice: User, key: str
) -> None:
    alice.plan.general_burst = 2
    alice.plan.general_per_minute = 1
    alice.plan.save()

    call(client, key, *[BALANCE] * 5)

    assert counted(alice) == {"GENERAL": 2}


def test_a_wrong_key_is_nobodys_call(client: Client) -> None:
    client.get(BALANCE, headers=cast.bearer("nx_live_wrong"))

    assert fold_usage() == 0


def test_modes_and_people_are_counted_apart(
    client: Client, alice: User, bob: User, key: str
) -> None:
    call(client, key, BALANCE)
    call(client, cast.key_for(alice, mode=Mode.SANDBOX), BALANCE, BALANCE)
    call(client, cast.key_for(bob), BALANCE, BALANCE, BALANCE)
    fold_usage()

    assert counted(alice) == {"GENERAL": 1}
    assert counted(alice, Mode.SANDBOX) == {"GENERAL": 2}
    assert counted(bob) == {"GENERAL": 3}


def test_days_that_were_never_folded_are_there_too(alice: User) -> None:
    yesterday = today() - timedelta(days=1)
    for day, count in ((yesterday, 3), (today(), 2)):
        name = usage.tally_name(day, f"{alice.pk}:live:POLL")
        tally()._client.hincrby("tally", name, count)

    found = requests_by_day(alice, Mode.LIVE, since=yesterday, until=today())
    fold_usage()
    folded = requests_by_day(alice, Mode.LIVE, since=yesterday, until=today())

    assert found == folded
    assert (found[yesterday, "POLL"], found[today(), "POLL"], found.total()) == (3, 2, 5)


def test_counts_that_could_not_be_written_down_stay(
    client: Client, alice: User, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    call(client, key, BALANCE)

    def broken(counts: dict[str, int]) -> None:
        raise RuntimeError

    with monkeypatch.context() as patched:
        patched.setattr(usage, "_write_down", broken)
        with pytest.raises(RuntimeError):
            fold_usage()
    call(client, key, BALANCE)

    assert counted(alice) == {"GENERAL": 2}
    fold_usage()
    assert counted(alice) == {"GENERAL": 2}
    fold_usage()
    assert counted(alice) == {"GENERAL": 2}
    assert DailyUsage.objects.get().count == 2


def test_two_never_fold_at_the_same_time(client: Client, alice: User, key: str) -> None:
    call(client, key, BALANCE)

    with tally().taken() as counts:
        assert len(counts) == 1
        assert fold_usage() == 0

    assert tally()._client.exists(TAKEN) == 0


def test_an_account_that_has_gone_holds_nothing_up(client: Client, alice: User, key: str) -> None:
    call(client, key, BALANCE)
    tally()._client.hincrby("tally", usage.tally_name(today(), "999999999:live:POLL"), 1)

    assert fold_usage() == 2
    assert DailyUsage.objects.count() == 1


@pytest.mark.usefixtures("redis_is_dead")
def test_without_redis_nothing_is_counted_and_nothing_breaks(
    client: Client, alice: User, key: str
) -> None:
    call(client, key, BALANCE)

    assert fold_usage() == 0
    assert counted(alice) == {}


def test_a_call_costs_no_row(
    client: Client, alice: User, key: str, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    call(client, key, BALANCE)

    with django_assert_num_queries(0):
        call(client, key, BALANCE)
    assert connection.connection is not None
