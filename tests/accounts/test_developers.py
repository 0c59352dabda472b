"""Keys and usage in the browser."""

from datetime import date, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.actions import MOST_KEYS, KeyNotUsable, create_api_key, rotate_api_key
from accounts.chart import HEIGHT, WIDTH, draw_usage
from accounts.models import ApiKey, DailyUsage, Dialect, Mode, User
from tests import cast
from tests.together import all_at_once, kinds

FORM = {"name": " shop   server ", "mode": "live", "scopes": ["order:read"], "days": "30"}
BALANCE = "/api/v1/balance"


@pytest.fixture
def browser(client: Client, alice: User) -> Client:
    client.cookies["django_language"] = "en"
    cast.sign_in(client, alice)
    return client


def test_a_key_is_shown_this_once_and_works(browser: Client) -> None:
    networks = "203.0.113.7\n127.0.0.0/8"
    page = browser.post(
        "/developers/keys/add/",
        FORM | {"networks": networks, "scopes": ["balance:read", "order:read"]},
    )

    key = page.context["key"]
    assert key in page.content.decode()
    assert "no-store" in page["Cache-Control"]
    row = ApiKey.objects.get()
    assert (row.name, row.mode, row.scopes) == (
        "shop server",
        "live",
        ["balance:read", "order:read"],
    )
    assert row.allowed_networks == ["203.0.113.7/32", "127.0.0.0/8"]
    assert row.expires_at is not None
    assert timedelta(days=29) < row.expires_at - timezone.now() <= timedelta(days=30)
    assert key not in browser.get(f"/developers/keys/{row.public_id}/").content.decode()
    assert browser.get(BALANCE, headers=cast.bearer(key)).status_code == 200


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"name": ""}, "This field is required"),
        ({"scopes": []}, "Choose at least one"),
        ({"scopes": ["everything"]}, "not one of the available choices"),
        ({"mode": "test"}, "not one of the available choices"),
        ({"days": "7"}, "not one of the available choices"),
        ({"networks": "203.0.113.7\nnowhere"}, "nowhere is no address"),
        ({"networks": "10.0.0.1 " * 21}, "At most 20 lines"),
    ],
    ids=["no name", "no scope", "odd scope", "odd mode", "odd end", "no network", "too many"],
)
def test_what_is_wrong_is_said_beside_its_field(
    browser: Client, changed: dict[str, str], said: str
) -> None:
    page = browser.post("/developers/keys/add/", FORM | changed)

    assert page.status_code == 400
    assert said in page.content.decode()
    assert not ApiKey.objects.exists()


def test_a_form_sent_again_makes_no_second_key(browser: Client) -> None:
    once = browser.get("/developers/keys/add/").context["once"]
    browser.post("/developers/keys/add/", FORM | {"once": once})

    again = browser.post("/developers/keys/add/", FORM | {"once": once})

    assert again["Location"] == "/developers/"
    assert ApiKey.objects.count() == 1


def test_there_is_an_end_to_keys(browser: Client, alice: User) -> None:
    for _ in range(MOST_KEYS):
        create_api_key(user=alice, mode=Mode.SANDBOX)

    page = browser.post("/developers/keys/add/", FORM)

    assert page.status_code == 409
    assert ApiKey.objects.count() == MOST_KEYS


@pytest.mark.parametrize(
    ("hours", "old_works"), [("24", True), ("0", False)], ids=["overlap", "at once"]
)
def test_a_rotated_key_may_do_the_same(
    browser: Client, alice: User, hours: str, old_works: bool
) -> None:
    scopes = ["balance:read", "order:read"]
    old = cast.key_for(alice, scopes=scopes, name="server", allowed_networks=["127.0.0.1"])
    row = ApiKey.objects.get()

    page = browser.post(f"/developers/keys/{row.public_id}/rotate/", {"hours": hours})

    new = page.context["key"]
    made = ApiKey.objects.exclude(pk=row.pk).get()
    assert (made.scopes, made.name, made.mode) == (scopes, "server", "live")
    assert made.allowed_networks == row.allowed_networks
    assert (made.expires_at, made.last_used_at, made.replaced_at) == (None, None, None)
    assert browser.get(BALANCE, headers=cast.bearer(new)).status_code == 200
    old_answer = browser.get(BALANCE, headers=cast.bearer(old))
    assert (old_answer.status_code == 200) == old_works


def test_an_overlap_does_not_prolong_a_key(alice: User) -> None:
    soon = timezone.now() + timedelta(hours=1)
    row, _key = create_api_key(user=alice, mode=Mode.LIVE, expires_at=soon)

    rotate_api_key(row, overlap=timedelta(days=1), now=timezone.now())

    row.refresh_from_db()
    assert row.expires_at == soon


@pytest.mark.usefixtures("committed")
def test_two_rotations_at_once_make_one_new_key(alice: User) -> None:
    row, _key = create_api_key(user=alice, mode=Mode.LIVE)
    now = timezone.now()

    outcomes = all_at_once(
        lambda _: rotate_api_key(row, overlap=timedelta(days=1), now=now), count=4
    )

    assert kinds(outcomes) == {"tuple": 1, "KeyNotUsable": 3}
    assert ApiKey.objects.count() == 2


def test_a_revoked_key_is_refused_and_not_rotated(browser: Client, alice: User) -> None:
    key = cast.key_for(alice)
    row = ApiKey.objects.get()

    browser.post(f"/developers/keys/{row.public_id}/revoke/")

    assert browser.get(BALANCE, headers=cast.bearer(key)).status_code == 401
    with pytest.raises(KeyNotUsable):
        rotate_api_key(row, overlap=timedelta(0), now=timezone.now())
    assert "Revoked" in browser.get("/developers/").content.decode()


@pytest.mark.parametrize("page", ["", "rotate/", "revoke/"])
def test_a_key_of_somebody_else_does_not_exist(browser: Client, bob: User, page: str) -> None:
    key = cast.key_for(bob)
    row = ApiKey.objects.get()

    answers = [
        browser.get(f"/developers/keys/{row.public_id}/{page}"),
        browser.post(f"/developers/keys/{row.public_id}/{page}", {"hours": "0"}),
    ]

    assert {answer.status_code for answer in answers} <= {404, 405}
    assert browser.get(BALANCE, headers=cast.bearer(key)).status_code == 200


def test_rotating_asks_for_the_password_and_revoking_does_not(client: Client, alice: User) -> None:
    client.force_login(alice)
    cast.key_for(alice)
    row = ApiKey.objects.get()

    rotated = client.post(f"/developers/keys/{row.public_id}/rotate/", {"hours": "0"})
    assert rotated["Location"].startswith("/account/confirm/")
    assert ApiKey.objects.count() == 1
    client.post(f"/developers/keys/{row.public_id}/revoke/")

    row.refresh_from_db()
    assert row.revoked_at is not None


def test_each_mode_has_its_keys_and_its_colour(browser: Client, alice: User) -> None:
    cast.key_for(alice, name="real")
    cast.key_for(alice, mode=Mode.SANDBOX, name="play")

    live = browser.get("/developers/").content.decode()
    browser.post("/mode/", {"mode": "sandbox"})
    sandbox = browser.get("/developers/").content.decode()

    assert "real" in live
    assert "play</span>" not in live
    assert 'data-mode="live"' in live
    assert "play</span>" in sandbox
    assert 'data-mode="sandbox"' in sandbox
    assert "Sandbox: play money" in sandbox
    assert "Sandbox: play money" in browser.get("/wallet/").content.decode()


# ---- usage ------------------------------------------------------------------------------------


def test_usage_is_told_by_day_and_bucket(browser: Client, alice: User, bob: User) -> None:
    today = timezone.localdate()
    for user, mode, day, bucket, count in [
        (alice, "live", today, "POLL", 1_200),
        (alice, "live", today - timedelta(days=29), "ORDER", 7),
        (alice, "live", today - timedelta(days=30), "ORDER", 1),
        (alice, "sandbox", today, "POLL", 5),
        (bob, "live", today, "POLL", 9),
    ]:
        DailyUsage.objects.create(user=user, mode=mode, day=day, bucket=bucket, count=count)

    page = browser.get("/developers/usage/")

    chart = page.context["chart"]
    assert chart.total == 1_207
    assert chart.columns[-1].counts == [0, 0, 1_200]
    assert chart.columns[0].counts == [0, 7, 0]
    assert "<td>1,200</td>" in page.content.decode()
    assert page.content.decode().count("<rect") == 2


def test_bars_stand_upon_each_other_within_the_drawing() -> None:
    days = [date(2026, 11, 1), date(2026, 11, 2)]
    counts = {(days[0], "A"): 30, (days[0], "B"): 20, (days[1], "A"): 3}

    chart = draw_usage(counts, days, ("A", "B"))

    lower, upper = chart.columns[0].bars
    assert (chart.top, chart.half) == (50, 25)
    assert (lower.y + lower.height, upper.y + upper.height) == (HEIGHT, lower.y)
    assert upper.y == 0
    assert chart.columns[1].bars[0].x > WIDTH / 2


def test_no_calls_are_a_chart_as_well() -> None:
    chart = draw_usage({}, [date(2026, 11, 1)], ("A",))

    assert (chart.top, chart.total) == (10, 0)


def test_a_key_is_made_for_programs_of_another_shop(browser: Client, alice: User) -> None:
    form = {"name": "old bot", "mode": "live", "scopes": ["order:write"], "dialect": "grizzly"}

    browser.post("/developers/keys/add/", form)

    assert ApiKey.objects.get(user=alice).dialect == Dialect.GRIZZLY


@pytest.mark.parametrize(
    ("sent", "kept"), [("hero", "hero"), ("nonsense", "classic"), ("", "classic")]
)
def test_a_keys_dialect_is_changed_on_its_page(
    browser: Client, alice: User, sent: str, kept: str
) -> None:
    cast.key_for(alice)
    key = ApiKey.objects.get(user=alice)
    page = f"/developers/keys/{key.public_id}/"

    answer = browser.post(f"{page}dialect/", {"dialect": sent})

    key.refresh_from_db()
    assert answer["Location"] == page
    assert key.dialect == kept
    assert "GrizzlySMS" in browser.get(page).content.decode()


def test_nobody_changes_anothers_dialect(browser: Client, bob: User) -> None:
    cast.key_for(bob)
    key = ApiKey.objects.get(user=bob)

    answer = browser.post(f"/developers/keys/{key.public_id}/dialect/", {"dialect": "hero"})

    key.refresh_from_db()
    assert (answer.status_code, key.dialect) == (404, Dialect.CLASSIC)
