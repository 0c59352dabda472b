"""Coming in: signing up, the code by mail, a forgotten password, and what nobody may find out."""

import re
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core.mail import EmailMessage
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.mails import send_mails
from accounts.models import User
from nexotp.lib.terms import TERMS_VERSION
from tests import cast
from tests.together import all_at_once

NEW = {"email": "Carol@Example.test", "password1": "correct horse battery", "terms": "on"}


@pytest.fixture
def browser(client: Client) -> Client:
    client.cookies["django_language"] = "en"
    return client


def code_in(letter: EmailMessage) -> str:
    found = re.search(r"^(\d{6}|[A-Z]{4}-[A-Z]{4})$", str(letter.body), re.MULTILINE)
    assert found, letter.body
    return found[1]


@pytest.mark.usefixtures("db")
def test_a_new_person_is_in_after_the_code(browser: Client) -> None:
    answer = browser.post("/sign-up/?next=/wallet/", NEW | {"next": "/wallet/"})
    assert answer["Location"] == "/sign-up/code/"
    assert browser.get("/wallet/").status_code == 302

    [letter] = cast.posted()
    done = browser.post("/sign-up/code/", {"code": code_in(letter)})

    assert done["Location"] == "/wallet/"
    user = User.objects.get()
    assert browser.get("/wallet/").context["user"] == user
    assert (user.email, user.plan.code) == ("carol@example.test", "free")
    assert (user.terms_version, user.terms_accepted_at is not None) == (TERMS_VERSION, True)
    assert EmailAddress.objects.get(user=user).verified


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"terms": ""}, "Without the terms"),
        ({"email": "carol"}, "valid email"),
        ({"email": f"{'c' * 300}@example.test"}, "valid email"),
        ({"password1": "password"}, "too common"),
        ({"password1": "carol@example"}, "too similar"),
        ({"password1": "1"}, "too short"),
    ],
    ids=["no terms", "no address", "too long", "common", "like the address", "short"],
)
def test_what_is_wrong_is_said_and_nothing_is_made(
    browser: Client, changed: dict[str, str], said: str
) -> None:
    page = browser.post("/sign-up/", NEW | changed)

    assert said in page.content.decode()
    assert not User.objects.exists()
    assert not cast.posted()


@pytest.mark.usefixtures("db")
def test_a_wrong_code_lets_nobody_in_and_three_end_it(browser: Client) -> None:
    browser.post("/sign-up/", NEW)
    right = code_in(cast.posted()[0])

    pages = [browser.post("/sign-up/code/", {"code": "000000"}) for _ in range(3)]

    assert "This code is not right" in pages[0].content.decode()
    assert pages[2]["Location"] == "/sign-in/"
    assert browser.post("/sign-up/code/", {"code": right})["Location"] == "/sign-in/"
    assert browser.get("/wallet/").status_code == 302
    assert not EmailAddress.objects.get().verified


def without_tokens(page: Any) -> str:
    return re.sub(r'value="[\w-]{40,}"', "", page.content.decode())


def test_signing_up_does_not_tell_who_has_an_account(alice: User) -> None:
    pages = []
    for email in (alice.email, "nobody@example.test"):
        browser = Client()
        first = browser.post("/sign-up/", NEW | {"email": email})
        second = browser.get(first["Location"])
        wrong = browser.post(first["Location"], {"code": "000000"})
        pages.append(
            [first.status_code, first["Location"]]
            + [without_tokens(page).replace(email, "") for page in (second, wrong)]
        )

    assert pages[0] == pages[1]
    assert User.objects.count() == 2
    assert [letter.to for letter in cast.posted()] == [[alice.email], ["nobody@example.test"]]
    assert "/forgot-password/" in cast.posted()[0].body


def test_a_forgotten_password_does_not_tell_who_has_an_account(alice: User) -> None:
    pages = []
    for email in (alice.email, "nobody@example.test"):
        browser = Client()
        first = browser.post("/forgot-password/", {"email": email})
        second = browser.get(first["Location"])
        wrong = browser.post(first["Location"], {"code": "XXXX-XXXX"})
        pages.append(
            [first.status_code, first["Location"]]
            + [without_tokens(page).replace(email, "") for page in (second, wrong)]
        )

    assert pages[0] == pages[1]
    assert len(cast.posted()) == 2


def test_a_known_address_costs_a_password_hash_as_well(
    browser: Client, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[str] = []
    monkeypatch.setattr("accounts.forms.entering.make_password", hashed.append)

    browser.post("/sign-up/", NEW | {"email": alice.email})

    assert hashed == [NEW["password1"]]


def test_a_forgotten_password_is_chosen_anew(browser: Client, alice: User) -> None:
    other = Client()
    other.post("/sign-in/", {"login": alice.email, "password": cast.PASSWORD})
    assert other.get("/wallet/").status_code == 200

    browser.post("/forgot-password/", {"email": alice.email})
    code = code_in(cast.posted()[0])
    browser.post("/forgot-password/code/", {"code": code.lower()})
    new = {"password1": "wholly another one", "password2": "wholly another one"}
    done = browser.post("/forgot-password/new/", new)

    assert done["Location"] == "/buy/"
    assert browser.get("/wallet/").status_code == 200
    assert other.get("/wallet/").status_code == 302
    alice.refresh_from_db()
    assert alice.check_password("wholly another one")
    assert cast.posted()[-1].subject == "Your password was changed"


def test_a_closed_account_is_told_so_only_with_its_password(browser: Client, alice: User) -> None:
    alice.is_active = False
    alice.save()

    wrong = browser.post("/sign-in/", {"login": alice.email, "password": "wrong"})
    right = browser.post("/sign-in/", {"login": alice.email, "password": cast.PASSWORD})

    assert "do not match" in wrong.content.decode()
    assert right["Location"] == "/sign-in/closed/"
    assert browser.get("/wallet/").status_code == 302


def test_signing_in_changes_the_session(browser: Client, alice: User) -> None:
    browser.get("/sign-in/")
    session = browser.session
    session["planted"] = "by somebody else"
    session.save()
    planted = session.session_key or ""

    browser.cookies["sessionid"] = planted
    browser.post("/sign-in/", {"login": alice.email, "password": cast.PASSWORD})

    assert browser.cookies["sessionid"].value != planted
    stranger = Client()
    stranger.cookies["sessionid"] = planted
    assert stranger.get("/wallet/").status_code == 302


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("path", ["/sign-in/", "/sign-up/", "/forgot-password/", "/sign-out/"])
def test_forms_at_the_door_need_their_token(path: str) -> None:
    strict = Client(enforce_csrf_checks=True)

    assert strict.post(path, NEW | {"login": "x@example.test", "password": "x"}).status_code == 403


def test_an_address_of_older_days_is_confirmed_at_signing_in(browser: Client, alice: User) -> None:
    EmailAddress.objects.all().delete()

    answer = browser.post("/sign-in/", {"login": alice.email, "password": cast.PASSWORD})

    assert answer["Location"] == "/sign-up/code/"
    browser.post("/sign-up/code/", {"code": code_in(cast.posted()[0])})
    assert browser.get("/wallet/").status_code == 200


@pytest.mark.usefixtures("committed")
def test_two_who_sign_up_at_once_make_one_account() -> None:
    def sign_up(_number: int) -> int:
        return int(Client().post("/sign-up/", NEW).status_code)

    answers = all_at_once(sign_up, count=4)

    # One mail in ten seconds goes to an address; whoever would need another waits.
    assert set(answers) <= {302, 429}
    assert 302 in answers
    assert User.objects.count() == 1


@pytest.mark.usefixtures("committed")
def test_mail_of_the_trial_is_shown(browser: Client, settings: Settings, tmp_path: Any) -> None:
    assert browser.get("/dev/mail/").status_code == 404

    settings.MAIL_FOLDER = str(tmp_path / "mail")
    settings.EMAIL_BACKEND = "nexotp.lib.outbox.FolderBackend"
    hint = browser.get(browser.post("/sign-up/", NEW)["Location"]).content.decode()
    send_mails(now=timezone.now())
    page = browser.get("/dev/mail/").content.decode()

    assert "/dev/mail/" in hint
    assert "Your code for NexOTP" in page
    assert "carol@example.test" in page
