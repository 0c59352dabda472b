"""Authenticator apps and recovery codes, asking again, and ending other sessions."""

import time

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.test import Client

from accounts.models import User
from tests import cast


def code_of(secret: str, *, steps: int = 0) -> str:
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30 + steps)))


@pytest.fixture
def browser(client: Client, alice: User) -> Client:
    client.cookies["django_language"] = "en"
    cast.sign_in(client, alice)
    return client


@pytest.fixture
def secret(browser: Client) -> str:
    """The secret of an app that is set up."""
    secret = str(browser.get("/account/security/app/").context["form"].secret)
    browser.post("/account/security/app/", {"code": code_of(secret)})
    return secret


def half_way(alice: User) -> Client:
    """A browser after the password, before the second step."""
    browser = Client()
    answer = browser.post("/sign-in/", {"login": alice.email, "password": cast.PASSWORD})
    assert answer["Location"] == "/sign-in/second-step/"
    return browser


def enter(browser: Client, code: str) -> bool:
    browser.post("/sign-in/second-step/", {"code": code})
    return browser.get("/wallet/").status_code == 200


def test_an_app_is_asked_for_at_every_sign_in(alice: User, secret: str) -> None:
    browser = half_way(alice)

    assert browser.get("/wallet/").status_code == 302
    assert not enter(browser, "000000")
    assert enter(browser, code_of(secret, steps=1))


def test_a_code_opens_once(alice: User, secret: str) -> None:
    code = code_of(secret, steps=1)
    assert enter(half_way(alice), code)

    assert not enter(half_way(alice), code)


def test_a_code_of_a_minute_ago_is_over(alice: User, secret: str) -> None:
    assert not enter(half_way(alice), code_of(secret, steps=-3))


def test_the_secret_is_not_kept_in_the_clear(alice: User, secret: str) -> None:
    kept = Authenticator.objects.get(type=Authenticator.Type.TOTP).data["secret"]

    assert secret not in kept


def test_a_recovery_code_opens_once(browser: Client, alice: User, secret: str) -> None:
    codes = browser.get("/account/security/recovery/").context["unused_codes"]
    assert len(codes) == 10

    assert enter(half_way(alice), codes[0])
    assert not enter(half_way(alice), codes[0])
    assert enter(half_way(alice), codes[1])


def test_guessing_codes_is_slow(alice: User, secret: str) -> None:
    browser = half_way(alice)
    for _ in range(6):
        browser.post("/sign-in/second-step/", {"code": "000000"})

    assert not enter(half_way(alice), code_of(secret, steps=1))


@pytest.mark.usefixtures("committed")
def test_what_protects_the_account_is_told_by_mail(alice: User, secret: str) -> None:
    assert [letter.subject for letter in cast.posted()] == ["Authenticator app switched on"]
    assert cast.posted()[0].to == [alice.email]


# ---- asking again -----------------------------------------------------------------------------

SENSITIVE = [
    *("/developers/keys/add/", "/webhooks/new", "/account/delete/"),
    *("/account/security/app/", "/account/security/passkeys/add/"),
    "/account/security/recovery/new/",
]


@pytest.mark.parametrize("path", SENSITIVE)
def test_the_password_is_asked_before_secrets(client: Client, alice: User, path: str) -> None:
    client.force_login(alice)

    answer = client.get(path)

    assert answer["Location"] == f"/account/confirm/?next={path.replace('/', '%2F')}"
    wrong = client.post("/account/confirm/", {"password": "wrong", "next": path})
    assert wrong.status_code == 200
    assert client.get(path).status_code == 302
    right = client.post("/account/confirm/", {"password": cast.PASSWORD, "next": path})
    assert right["Location"] == path
    assert client.get(path).status_code == 200


def test_being_asked_again_is_forgotten_after_a_while(browser: Client) -> None:
    cast.let_time_pass_since_sign_in()

    assert browser.get("/developers/keys/add/").status_code == 302


def test_confirming_leads_nowhere_else(client: Client, alice: User) -> None:
    client.force_login(alice)

    form = {"password": cast.PASSWORD, "next": "https://evil.example/"}
    assert client.post("/account/confirm/", form)["Location"] == "/buy/"


def test_the_password_cannot_be_guessed_there(client: Client, alice: User) -> None:
    client.force_login(alice)
    for _ in range(5):
        client.post("/account/confirm/", {"password": "wrong"})

    page = client.post("/account/confirm/", {"password": cast.PASSWORD, "next": "/account/"})

    assert page.status_code == 200


# ---- the account's own pages ------------------------------------------------------------------


def test_the_account_says_how_it_stands(browser: Client, secret: str) -> None:
    page = browser.get("/account/")

    assert page.context["has_app"]
    assert "Authenticator app" in page.content.decode()


def test_others_are_signed_out_and_this_one_stays(client: Client, alice: User) -> None:
    here, there = Client(), Client()
    for each in (here, there):
        each.post("/sign-in/", {"login": alice.email, "password": cast.PASSWORD})
    assert here.get("/account/sessions/").context["session_count"] == 2

    here.post("/account/sessions/")

    assert there.get("/wallet/").status_code == 302
    assert here.get("/account/sessions/").context["session_count"] == 1


def test_the_address_changes_after_its_code(browser: Client, alice: User) -> None:
    browser.post("/account/email/", {"email": "new@example.test", "action_add": ""})
    alice.refresh_from_db()
    assert alice.email == "alice@example.test"
    code = str(cast.posted()[0].body).split("\n\n")[1].strip()

    browser.post("/sign-up/code/", {"code": code})

    alice.refresh_from_db()
    assert alice.email == "new@example.test"
    assert EmailAddress.objects.get().email == "new@example.test"
    assert cast.posted()[-1].to == ["alice@example.test"]


def test_an_address_of_somebody_else_is_not_taken(browser: Client, alice: User, bob: User) -> None:
    browser.post("/account/email/", {"email": bob.email, "action_add": ""})

    alice.refresh_from_db()
    assert alice.email == "alice@example.test"
    assert EmailAddress.objects.filter(email=bob.email).get().user == bob


def test_a_new_password_needs_the_present_one(browser: Client, alice: User) -> None:
    new = {"password1": "wholly another one", "password2": "wholly another one"}

    browser.post("/account/password/", new | {"oldpassword": "wrong"})
    alice.refresh_from_db()
    assert alice.check_password(cast.PASSWORD)

    done = browser.post("/account/password/", new | {"oldpassword": cast.PASSWORD})
    alice.refresh_from_db()
    assert done["Location"] == "/account/"
    assert alice.check_password("wholly another one")
    assert browser.get("/wallet/").status_code == 200
