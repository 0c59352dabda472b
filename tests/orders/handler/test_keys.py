"""The same keys, scopes, address lists, buckets and abuse guard as the API's; nothing leaks."""

import logging
from datetime import timedelta
from io import StringIO
from typing import Any

import httpx2
import pytest
from django.test import RequestFactory
from django.utils import timezone
from django.views.debug import get_exception_reporter_class

from accounts import keys, limits
from accounts.actions import choose_dialect, revoke_api_key
from accounts.models import ApiKey, Dialect, Mode, Plan, Scope, User
from accounts.usage import requests_by_day
from nexotp.lib.logs import RedactKeys
from orders.models import Order
from tests import cast
from tests.orders.handler.calling import Door

pytestmark = pytest.mark.usefixtures("committed", "simulator")

GOODS = {"service": "wa", "country": "6"}


def test_keys_that_open_nothing(alice: User) -> None:
    revoked, expired, far = cast.key_for(alice), "", ""
    revoke_api_key(ApiKey.objects.get(), now=timezone.now())
    expired = cast.key_for(alice, expires_at=timezone.now() - timedelta(days=1))
    far = cast.key_for(alice, allowed_networks=["203.0.113.0/24"])

    for wrong in (revoked, expired, far, keys.generate("live")[0], "x", "nx_live_", "\x00", "ключ"):
        assert Door(wrong)("getBalance").word == "BAD_KEY"
        assert Door(wrong, Dialect.HERO)("getBalance").status in {401, 403}
    assert Door("")("getBalance").word == "NO_KEY"
    assert Door("  ", Dialect.HERO)("getBalance").word == "NO_KEY"


def test_an_account_that_is_closed(alice: User) -> None:
    door = Door(cast.key_for(alice))
    User.objects.update(is_active=False)

    assert door("getBalance").word == "BAD_KEY"


@pytest.mark.parametrize(
    ("scope", "opens"),
    [
        (Scope.BALANCE_READ, "getBalance"),
        (Scope.CATALOG_READ, "getCountries"),
        (Scope.ORDER_READ, "getHistory"),
        (Scope.ORDER_WRITE, "getNumber"),
    ],
)
def test_a_key_does_what_its_scope_allows(scope: Scope, opens: str, alice: User) -> None:
    door = Door(cast.key_for(alice, scopes=[scope]))
    asked = ("getBalance", "getCountries", "getHistory", "getNumber")

    answers = {action: door(action, **GOODS).text for action in asked}

    assert [action for action, text in answers.items() if text != "BAD_KEY"] == [opens]
    assert Order.objects.exists() is (opens == "getNumber")


def test_the_dialect_of_the_key_and_the_stronger_one_of_the_path(alice: User) -> None:
    key = cast.key_for(alice, dialect=Dialect.GRIZZLY)

    assert Door(key)("getActiveActivations").json == []
    assert Door(key, Dialect.HERO)("getStatus", id=1).status == 404
    choose_dialect(ApiKey.objects.get(), Dialect.HERO)
    assert Door(key)("getStatus", id=1).word == "NO_ACTIVATION"
    assert Door(key)("getStatus", id=1).status == 404
    assert Door(key, Dialect.GRIZZLY)("getStatus", id=1).status == 200


def test_one_bucket_for_all_doors(alice: User) -> None:
    before = alice.plan
    Plan.objects.filter(pk=alice.plan_id).update(poll_per_minute=1, poll_burst=3)
    try:
        door = Door(cast.key_for(alice))
        other = Door(cast.key_for(alice), Dialect.HERO)

        texts = [door("getStatus", id=1).text for _ in range(5)]

        assert texts == ["NO_ACTIVATION"] * 3 + ["ERROR_SQL"] * 2
        refused = other("getHistory")
        assert (refused.status, refused.word) == (429, "RATE_LIMIT")
        assert int(refused.headers["retry-after"]) > 0
        assert refused.headers["ratelimit-policy"].startswith('"POLL"')
        # Another bucket has room.
        assert other("getBalance").status == 200
    finally:
        before.save()


def test_calls_are_counted_as_usage(alice: User) -> None:
    door = Door(cast.key_for(alice))
    for _ in range(3):
        door("getBalance")
    door("getStatus", id=1)
    door("setStatus", id=1, status=8)

    today = timezone.localdate()
    counted = requests_by_day(alice, Mode.LIVE, since=today, until=today)

    assert {bucket: count for (_day, bucket), count in counted.items() if count} == {
        **{"GENERAL": 3, "POLL": 1, "ORDER": 1},
    }


def test_wrong_keys_are_counted_against_their_sender() -> None:
    texts = [Door("x")("getBalance").text for _ in range(100)]

    assert texts[:60] == ["BAD_KEY"] * 60
    assert "ERROR_SQL" in texts


def test_the_cool_down(alice: User) -> None:
    door, hero = Door(cast.key_for(alice)), Door(cast.key_for(alice), Dialect.HERO)
    User.objects.update(cooling_until=timezone.now() + timedelta(hours=1))

    assert door("getNumber", **GOODS).word == "BANNED"
    refused = hero("getNumber", **GOODS)
    assert (refused.status, refused.word) == (403, "BANNED")
    assert refused.json["info"]["until"]


def test_the_cap_of_open_orders(alice: User) -> None:
    door, hero = Door(cast.key_for(alice)), Door(cast.key_for(alice), Dialect.HERO)
    before = alice.plan.max_open_orders
    Plan.objects.filter(pk=alice.plan_id).update(max_open_orders=1)
    try:
        assert door("getNumber", **GOODS).word.startswith("ACCESS_NUMBER:")
        assert door("getNumber", **GOODS).word == "NO_NUMBERS"
        refused = hero("getNumber", **GOODS)
        assert (refused.status, refused.word) == (403, "CHANNELS_LIMIT")
    finally:
        Plan.objects.filter(pk=alice.plan_id).update(max_open_orders=before)


def test_without_redis_it_goes_on(alice: User, redis_is_dead: None) -> None:
    assert Door(cast.key_for(alice))("getBalance").word.startswith("ACCESS_BALANCE:")
    assert limits is not None


@pytest.mark.parametrize("name", ["api_key", "API_KEY"])
@pytest.mark.parametrize("is_ours", [True, False])
def test_error_reports_carry_no_key(name: str, is_ours: bool, alice: User) -> None:
    """Nor another seller's, sent here by mistake."""
    sent = [cast.key_for(alice) if is_ours else "f00d" * 8]
    request = RequestFactory().post(f"/stubs/handler_api.php?{name}={sent[0]}", {name: sent[0]})
    try:
        _fail({name: request.GET[name] for name in request.GET})
    except ValueError as error:
        # The frames of the shop's own code, without this test's.
        frames = error.__traceback__.tb_next if error.__traceback__ else None
        reporter_class: Any = get_exception_reporter_class(request)
        reporter = reporter_class(request, ValueError, error, frames)

    for report in (reporter.get_traceback_html(), reporter.get_traceback_text()):
        assert "cannot read" in report
        assert sent[0] not in report


def _fail(params: dict[str, Any]) -> None:
    raise ValueError(f"cannot read {params}")


def test_the_web_server_logs_no_key(alice: User, web_server: str) -> None:
    lines = StringIO()
    handler = logging.StreamHandler(lines)
    handler.addFilter(RedactKeys())
    logger = logging.getLogger("access")
    logger.handlers, logger.propagate = [handler], False
    key = cast.key_for(alice)
    url = f"{web_server}/stubs/handler_api.php?api_key={key}&action=getBalance"

    answer = httpx2.get(url, trust_env=False)
    logger.warning('"GET %s" 200', url)

    assert answer.text == "ACCESS_BALANCE:1000000.00"
    assert key not in lines.getvalue()
    assert "api_key=[redacted]&action=getBalance" in lines.getvalue()
