"""Guessing is slow: counted in a real Redis, by account and by the caller's own address."""

import re
from collections.abc import Iterator

import pytest
from django.core.cache import caches
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from nexotp.lib.cache import SteadyCache
from tests import cast

PAGE = "/sign-in/"
WAIT = "Too many tries"


def attempt(email: str, password: str = "wrong", **meta: str) -> str:
    browser = Client(**meta)  # type: ignore[arg-type]
    browser.cookies["django_language"] = "en"
    answer = browser.post(PAGE, {"login": email, "password": password})
    return "in" if answer.status_code == 302 else answer.content.decode()


def test_five_wrong_passwords_close_an_account_to_guessing(alice: User) -> None:
    pages = [attempt(alice.email) for _ in range(6)]

    assert all("do not match" in page for page in pages[:5])
    assert WAIT in pages[5]
    assert WAIT in attempt(alice.email, cast.PASSWORD)


@pytest.mark.parametrize(
    "meta",
    [{"REMOTE_ADDR": "127.0.0.77"}, {"HTTP_HOST": "localhost:81"}, {"HTTP_HOST": "127.0.0.1"}],
    ids=["next door", "other port", "other name"],
)
def test_neither_the_next_address_nor_another_host_gives_new_tries(
    alice: User, meta: dict[str, str]
) -> None:
    for _ in range(5):
        attempt(alice.email)

    assert WAIT in attempt(alice.email, cast.PASSWORD, **meta)


def test_a_stranger_does_not_keep_the_owner_out(alice: User) -> None:
    for _ in range(30):
        attempt(alice.email, REMOTE_ADDR="203.0.113.7")

    assert attempt(alice.email, cast.PASSWORD, REMOTE_ADDR="198.51.100.7") == "in"


def many_guess_at_once(email: str) -> None:
    for network in range(5):
        for _ in range(5):
            attempt(email, REMOTE_ADDR=f"203.0.{network}.7")


def test_many_together_guess_no_faster(alice: User) -> None:
    many_guess_at_once(alice.email)

    assert WAIT in attempt(alice.email, REMOTE_ADDR="198.51.100.7")
    assert WAIT in attempt("Alice@example.test", cast.PASSWORD, REMOTE_ADDR="198.51.100.7")


def test_a_browser_that_its_owner_used_before_comes_in_nevertheless(alice: User) -> None:
    own = Client(REMOTE_ADDR="203.0.0.9")
    right = {"login": alice.email, "password": cast.PASSWORD}
    own.post(PAGE, right)
    own.post("/sign-out/")
    many_guess_at_once(alice.email)

    assert own.post(PAGE, right).status_code == 302


def test_a_known_browser_does_not_guess_faster_either(alice: User, bob: User) -> None:
    own = Client()
    own.post(PAGE, {"login": alice.email, "password": cast.PASSWORD})
    own.post("/sign-out/")
    for _ in range(5):
        own.post(PAGE, {"login": alice.email, "password": "wrong"})
        own.post(PAGE, {"login": bob.email, "password": "wrong"}, REMOTE_ADDR="198.51.100.7")

    for person in (alice, bob):
        form = {"login": person.email, "password": cast.PASSWORD}
        assert own.post(PAGE, form, REMOTE_ADDR="198.51.100.7").status_code == 200


@pytest.mark.parametrize("cookie", ["", "nonsense", "a:b:c"])
def test_a_forged_cookie_is_no_known_browser(alice: User, cookie: str) -> None:
    for _ in range(5):
        attempt(alice.email)
    browser = Client()
    browser.cookies["known_browser"] = cookie

    answer = browser.post(PAGE, {"login": alice.email, "password": cast.PASSWORD})

    assert answer.status_code == 200


def test_a_code_by_mail_is_the_way_through(alice: User) -> None:
    many_guess_at_once(alice.email)
    browser = Client(REMOTE_ADDR="198.51.100.7")
    for _ in range(10):
        Client(REMOTE_ADDR="203.0.113.7").post("/forgot-password/", {"email": alice.email})

    browser.post("/forgot-password/", {"email": alice.email})
    found = re.search(r"^[A-Z]{4}-[A-Z]{4}$", str(cast.posted()[-1].body), re.MULTILINE)
    assert found
    browser.post("/forgot-password/code/", {"code": found[0]})
    new = {"password1": "another horse battery", "password2": "another horse battery"}
    browser.post("/forgot-password/new/", new)

    assert browser.get("/wallet/").status_code == 200
    assert attempt(alice.email, new["password1"], REMOTE_ADDR="198.51.100.7") == "in"


def test_an_unknown_address_is_counted_the_same(alice: User) -> None:
    pages = [attempt("nobody@example.test") for _ in range(6)]

    assert "do not match" in pages[4]
    assert WAIT in pages[5]


def test_another_account_is_not_held_up(alice: User, bob: User) -> None:
    for _ in range(6):
        attempt(alice.email)

    assert attempt(bob.email, cast.PASSWORD) == "in"


def test_one_address_tries_ten_accounts_a_minute(alice: User) -> None:
    pages = [attempt(f"{number}@example.test") for number in range(11)]

    assert "do not match" in pages[9]
    assert WAIT in pages[10]
    assert WAIT in attempt(alice.email, cast.PASSWORD)
    assert attempt(alice.email, cast.PASSWORD, REMOTE_ADDR="198.51.100.7") == "in"


def test_behind_a_proxy_the_callers_own_address_counts(alice: User, settings: Settings) -> None:
    settings.TRUSTED_PROXY_COUNT = 1

    for number in range(11):
        forwarded = f"10.0.0.{number}, 203.0.113.9"
        page = attempt(f"{number}@example.test", HTTP_X_FORWARDED_FOR=forwarded)

    assert WAIT in page
    assert attempt(alice.email, cast.PASSWORD, HTTP_X_FORWARDED_FOR="203.0.113.10") == "in"


def test_what_a_caller_claims_is_not_believed_without_a_proxy(alice: User) -> None:
    for number in range(11):
        claimed = f"203.0.113.{number}"
        page = attempt(f"{number}@example.test", HTTP_X_FORWARDED_FOR=claimed)

    assert WAIT in page


@pytest.mark.parametrize("claimed", ["", "nonsense", "::ffff:203.0.113.9", "2001:db8::1"])
def test_any_address_can_sign_in(alice: User, settings: Settings, claimed: str) -> None:
    settings.TRUSTED_PROXY_COUNT = 1

    assert attempt(alice.email, cast.PASSWORD, HTTP_X_FORWARDED_FOR=claimed) == "in"


def test_codes_for_new_passwords_are_counted(alice: User) -> None:
    answers = [Client().post("/forgot-password/", {"email": alice.email}) for _ in range(6)]

    assert [answer.status_code for answer in answers] == [302] * 5 + [429]


@pytest.mark.usefixtures("db")
def test_accounts_are_not_opened_by_the_hundred() -> None:
    form = {"email": "x", "password1": "x"}

    answers = [Client().post("/sign-up/", form) for _ in range(21)]

    assert {answer.status_code for answer in answers[:20]} == {200}
    assert answers[20].status_code == 429


@pytest.fixture
def cache_without_redis(settings: Settings) -> Iterator[None]:
    lost = {"BACKEND": "nexotp.lib.cache.SteadyCache", "LOCATION": "redis://127.0.0.1:1/0"}
    settings.CACHES = {"default": lost}
    caches["default"]._own.clear()  # type: ignore[attr-defined]
    yield
    caches["default"]._own.clear()  # type: ignore[attr-defined]


@pytest.mark.usefixtures("cache_without_redis")
def test_without_redis_people_come_in_and_guessing_stays_slow(alice: User, bob: User) -> None:
    assert isinstance(caches["default"], SteadyCache)
    assert attempt(bob.email, cast.PASSWORD) == "in"

    pages = [attempt(alice.email) for _ in range(6)]

    assert WAIT in pages[5]


# ---- the admin --------------------------------------------------------------------------------


def test_the_admin_has_no_door_of_its_own(client: Client, staff: User) -> None:
    answer = client.post("/admin/login/", {"username": staff.email, "password": cast.PASSWORD})

    assert answer["Location"].startswith("/sign-in/?next=")
    assert client.get("/admin/").status_code == 302


def test_staff_comes_in_by_the_shops_door_and_on(client: Client, staff: User) -> None:
    door = client.get("/admin/wallet/transfer/", follow=True)
    assert door.redirect_chain[-1][0].startswith("/sign-in/?next=")

    form = {
        "login": staff.email,
        "password": cast.PASSWORD,
        "next": door.context["redirect_field_value"],
    }
    client.post("/sign-in/", form)
    answer = client.post("/sign-in/second-step/", {"code": cast.code_of(staff)})

    assert answer["Location"] == "/admin/wallet/transfer/"
    assert client.get("/admin/wallet/transfer/").status_code == 200


def test_a_customer_is_refused_at_the_admins_door(client: Client, alice: User) -> None:
    client.force_login(alice)

    assert client.get("/admin/login/").status_code == 403
