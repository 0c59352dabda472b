"""The buckets: how much at once, how fast again, whose they are, and without Redis."""

import re
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client, RequestFactory
from django.utils import timezone
from pytest_django import Settings

from accounts import limits
from accounts.models import Mode, Plan, RateCounter, User
from nexotp.lib import ratelimit
from nexotp.lib.errors import RateLimited
from nexotp.lib.ratelimit import (
    Bucket,
    Decision,
    LimiterUnavailable,
    LocalLimiter,
    RedisLimiter,
    decide,
)
from tests import cast
from tests.relay import relaying
from tests.together import all_at_once, kinds

SECOND = 1_000_000
SLOW = Bucket("GENERAL", per_minute=60, burst=5)
BALANCE = "/api/v1/balance"


# ---- the decision -----------------------------------------------------------------------------


def test_a_full_bucket_gives_its_burst_and_no_more() -> None:
    arrival, allowed = 0.0, []

    for _ in range(7):
        decision, arrival = decide(SLOW, arrival, now=0.0)
        allowed.append((decision.allowed, decision.remaining))

    assert allowed == [(True, n) for n in (4, 3, 2, 1, 0)] + [(False, 0)] * 2


def test_an_empty_bucket_says_when_to_come_back_and_keeps_its_word() -> None:
    arrival = 5.0 * SECOND
    refused, arrival = decide(SLOW, arrival, now=0.0)

    too_early, _ = decide(SLOW, arrival, now=float(refused.retry_after - SECOND // 2))
    in_time, _ = decide(SLOW, arrival, now=float(refused.retry_after))

    assert not refused.allowed
    assert refused.retry_after == pytest.approx(SECOND, abs=2)
    assert not too_early.allowed
    assert in_time.allowed


def test_a_bucket_refills_at_its_rate() -> None:
    arrival, allowed = 5.0 * SECOND, 0

    for tick in range(1, 601):
        decision, arrival = decide(SLOW, arrival, now=tick * SECOND / 10)
        allowed += decision.allowed

    assert allowed == 60


def test_a_bucket_never_holds_more_than_its_burst() -> None:
    decision, _ = decide(SLOW, arrival=0.0, now=3600.0 * SECOND)

    assert decision == Decision(True, 4, 0, SECOND)


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("open_limiter", [limits._redis, LocalLimiter])
def test_redis_and_this_process_decide_alike(
    open_limiter: Callable[[], RedisLimiter | LocalLimiter],
) -> None:
    bucket = Bucket("GENERAL", per_minute=1, burst=3)
    limiter = open_limiter()

    decisions = [limiter.take("alike", bucket) for _ in range(5)]

    assert [(each.allowed, each.remaining) for each in decisions] == [
        (True, 2),
        (True, 1),
        (True, 0),
        (False, 0),
        (False, 0),
    ]
    assert all(59 * SECOND < each.retry_after <= 60 * SECOND + 1 for each in decisions[3:])
    assert 179 * SECOND < decisions[-1].reset_after <= 180 * SECOND


# ---- through the API --------------------------------------------------------------------------


@pytest.fixture
def tight(alice: User) -> User:
    """Alice on a plan of three calls in each bucket and one more a minute."""
    alice.plan = Plan.objects.create(
        code="tight",
        name="Tight",
        **{f"{name}_per_minute": 1 for name in ("general", "order", "poll")},
        **{f"{name}_burst": 3 for name in ("general", "order", "poll")},
        max_open_orders=5,
    )
    alice.save()
    return alice


def test_every_answer_says_what_the_bucket_allows(tight: User, client: Client) -> None:
    headers = cast.bearer(cast.key_for(tight))

    answers = [client.get(BALANCE, headers=headers) for _ in range(4)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert {answer["RateLimit-Policy"] for answer in answers} == {'"GENERAL";q=3;w=180'}
    assert [answer["RateLimit"].split(";")[1] for answer in answers] == ["r=2", "r=1", "r=0", "r=0"]
    assert [answer["RateLimit"].split(";")[2] for answer in answers[:1]] == ["t=60"]


def test_a_429_is_an_envelope_that_says_when(tight: User, client: Client) -> None:
    headers = cast.bearer(cast.key_for(tight))

    answer = [client.get(BALANCE, headers=headers) for _ in range(4)][-1]

    error = answer.json()["error"]
    assert (error["code"], error["retryable"]) == ("rate_limited", True)
    assert 55 <= error["retryAfter"] <= 60
    assert answer["Retry-After"] == str(error["retryAfter"])


@pytest.mark.parametrize(
    ("method", "path", "bucket", "status"),
    [
        ("GET", "/api/v1/balance", "GENERAL", 200),
        ("GET", "/api/v1/services?limit=0", "GENERAL", 400),
        ("PUT", "/api/v1/balance", "GENERAL", 405),
        ("GET", "/api/v1/countries", "GENERAL", 200),
        ("GET", "/api/v1/providers?service=nothing", "GENERAL", 400),
        ("POST", "/api/v1/order", "ORDER", 400),
        ("GET", "/api/v1/order/ord_01HX", "POLL", 404),
        ("POST", "/api/v1/order/ord_01HX/cancel", "ORDER", 404),
        ("POST", "/api/v1/order/ord_01HX/resend", "ORDER", 404),
        ("POST", "/api/v1/order/ord_01HX/finish", "ORDER", 404),
    ],
)
def test_each_call_has_its_bucket_and_refusals_count(
    tight: User, client: Client, method: str, path: str, bucket: str, status: int
) -> None:
    answer = client.generic(method, path, headers=cast.bearer(cast.key_for(tight)))

    assert answer.status_code == status
    assert re.fullmatch(rf'"{bucket}";q=3;w=\d+', answer["RateLimit-Policy"])
    assert re.fullmatch(rf'"{bucket}";r=2;t=\d+', answer["RateLimit"])


def test_a_call_without_the_scope_counts_too(tight: User, client: Client) -> None:
    headers = cast.bearer(cast.key_for(tight, scopes=["order:read"]))

    answers = [client.get(BALANCE, headers=headers) for _ in range(4)]

    assert [answer.status_code for answer in answers] == [403, 403, 403, 429]
    assert answers[0]["RateLimit"].startswith('"GENERAL";r=2;')


def test_buckets_are_apart(tight: User, client: Client) -> None:
    headers = cast.bearer(cast.key_for(tight))
    for _ in range(4):
        client.get(BALANCE, headers=headers)

    answer = client.get("/api/v1/order/ord_01HX", headers=headers)

    assert answer.status_code == 404


def test_more_keys_give_no_more_quota(tight: User, client: Client) -> None:
    keys = [cast.key_for(tight) for _ in range(4)]

    answers = [client.get(BALANCE, headers=cast.bearer(key)) for key in keys]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]


def test_both_mounts_share_a_bucket(tight: User, client: Client) -> None:
    headers = cast.bearer(cast.key_for(tight))
    paths = [BALANCE, "/wp-json/nexotp/v1/balance"] * 2

    answers = [client.get(path, headers=headers) for path in paths]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]


def test_sandbox_and_live_are_counted_apart(tight: User, client: Client) -> None:
    live, sandbox = cast.key_for(tight), cast.key_for(tight, mode=Mode.SANDBOX)
    for _ in range(4):
        client.get(BALANCE, headers=cast.bearer(live))

    assert client.get(BALANCE, headers=cast.bearer(sandbox)).status_code == 200


def test_one_accounts_calls_cost_another_nothing(tight: User, bob: User, client: Client) -> None:
    key = cast.key_for(tight)
    for _ in range(4):
        client.get(BALANCE, headers=cast.bearer(key))

    assert client.get(BALANCE, headers=cast.bearer(cast.key_for(bob))).status_code == 200


def test_wrong_keys_are_limited_by_address(
    alice: User, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "_BAD_KEYS", Bucket("BAD_KEY", per_minute=1, burst=3))
    wrong = cast.bearer("nx_live_wrong")

    answers = [client.get(BALANCE, headers=wrong) for _ in range(4)]
    elsewhere = client.get(BALANCE, headers=wrong, REMOTE_ADDR="203.0.113.9")
    right = client.get(BALANCE, headers=cast.bearer(cast.key_for(alice)))

    assert [answer.status_code for answer in answers] == [401, 401, 401, 429]
    assert answers[0]["RateLimit"].startswith('"BAD_KEY";r=2;')
    assert int(answers[3]["Retry-After"]) > 0
    assert elsewhere.status_code == 401
    assert right.status_code == 200


@pytest.mark.usefixtures("committed")
@pytest.mark.parametrize("without_redis", [False, True])
@pytest.mark.parametrize("name", ["GENERAL", "ORDER"])
def test_of_fifty_at_once_a_burst_gets_through(
    alice: User, request: pytest.FixtureRequest, without_redis: bool, name: str
) -> None:
    if without_redis:
        request.getfixturevalue("redis_is_dead")
    bucket = Bucket(name, per_minute=1, burst=10)

    decisions = all_at_once(lambda _: limits.take("crowd", bucket), count=50)

    assert kinds(decisions) == {"Decision": 50}
    allowed = sum(each.allowed for each in decisions if isinstance(each, Decision))
    assert 10 <= allowed <= 11


# ---- without Redis ----------------------------------------------------------------------------


@pytest.mark.usefixtures("redis_is_dead")
def test_without_redis_polling_goes_on_with_a_limit_of_this_process(
    tight: User, client: Client
) -> None:
    headers = cast.bearer(cast.key_for(tight))

    general = [client.get(BALANCE, headers=headers).status_code for _ in range(4)]
    poll = [client.get("/api/v1/order/1", headers=headers).status_code for _ in range(4)]

    assert general == [200, 200, 200, 429]
    assert poll == [404, 404, 404, 429]
    assert not RateCounter.objects.exists()


@pytest.mark.usefixtures("redis_is_dead")
def test_without_redis_orders_are_counted_by_postgresql(tight: User, client: Client) -> None:
    headers = cast.bearer(cast.key_for(tight))

    answers = [client.generic("POST", "/api/v1/order", headers=headers) for _ in range(4)]

    assert [answer.status_code for answer in answers] == [400, 400, 400, 429]
    assert answers[-1].json()["error"]["retryAfter"] in range(55, 62)
    assert RateCounter.objects.get().key == f"{tight.pk}:live:ORDER"


@pytest.mark.usefixtures("redis_is_dead")
def test_the_counter_in_postgresql_refills(alice: User) -> None:
    bucket = Bucket("ORDER", per_minute=60, burst=1)
    limits.take("refill", bucket)
    assert not limits.take("refill", bucket).allowed

    RateCounter.objects.filter(key="refill").update(arrival=timezone.now())

    assert limits.take("refill", bucket).allowed


def test_a_dead_redis_is_left_alone_for_a_moment() -> None:
    limiter = RedisLimiter("redis://127.0.0.1:1/0")
    with pytest.raises(LimiterUnavailable):
        limiter.take("rest", SLOW)
    asked: list[object] = []
    limiter._script = lambda **_: asked.append(1)  # type: ignore[assignment]

    with pytest.raises(LimiterUnavailable):
        limiter.take("rest", SLOW)

    assert asked == []


def test_redis_is_asked_again_once_it_is_back(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, free_tcp_port: int
) -> None:
    monkeypatch.setattr(ratelimit, "_REST", 0.0)
    here = urlsplit(settings.REDIS_URL)
    password = f":{here.password}@" if here.password else ""
    database = parse_qs(here.query)["db"][0] if here.query else here.path.strip("/") or "0"
    limiter = RedisLimiter(f"redis://{password}127.0.0.1:{free_tcp_port}/{database}")
    with pytest.raises(LimiterUnavailable):
        limiter.take("back", SLOW)

    with relaying(free_tcp_port):
        assert limiter.take("back", SLOW).allowed
        limiter._client.close()


def test_the_limit_of_this_process_forgets_the_idle() -> None:
    limiter = LocalLimiter()
    quick = Bucket("GENERAL", per_minute=60_000_000, burst=1)

    for number in range(LocalLimiter._MOST_KEYS + 10):
        limiter.take(str(number), quick)

    assert len(limiter._arrivals) <= LocalLimiter._MOST_KEYS


def test_charging_past_the_limit_is_a_problem_with_its_headers(
    db: None, rf: RequestFactory
) -> None:
    request = rf.get("/")
    request.answer_headers = {}  # type: ignore[attr-defined]
    once = Bucket("ONCE", per_minute=1, burst=1)
    limits.charge(request, "charge", once)

    with pytest.raises(RateLimited) as caught:
        limits.charge(request, "charge", once)

    assert caught.value.retry_after in range(55, 61)
    assert request.answer_headers["RateLimit"].startswith(  # type: ignore[attr-defined]
        '"ONCE";r=0;'
    )
