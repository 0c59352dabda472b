"""Whoever works in the admin has a second step and has shown it; there is no other door."""

import time
from pathlib import Path

import pytest
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.actions import create_user
from accounts.demo import SECRET, code_at
from accounts.models import User
from tests import cast

ADMIN = "/admin/"


@pytest.fixture
def door(client: Client) -> Client:
    client.cookies["django_language"] = "en"
    return client


@pytest.fixture
def newcomer(db: None) -> User:
    """Taken on a moment ago: no second step yet."""
    return create_user(email="new@example.test", password=cast.PASSWORD, is_staff=True)


def sign_in(door: Client, user: User) -> str:
    answer = door.post("/sign-in/", {"login": user.email, "password": cast.PASSWORD})
    return str(answer["Location"])


def pages() -> list[str]:
    names = [
        f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"
        for model in admin.site._registry
    ]
    return [reverse(name) for name in (*names, "admin:index", "admin:office_close")]


def test_a_newcomer_is_led_to_set_one_up_before_any_page(door: Client, newcomer: User) -> None:
    sign_in(door, newcomer)

    for page in [*pages(), "/admin/nothing/", "/admin/jsi18n/"]:
        for answer in (door.get(page), door.post(page, {"action": "x"})):
            assert (answer.status_code, answer["Location"]) == (302, "/account/security/"), page
    assert "Staff signs in with a second step" in door.get("/account/security/").content.decode()
    assert door.get("/wallet/").status_code == 200


def test_setting_one_up_opens_the_admin(committed: None, client: Client) -> None:
    door, newcomer = client, create_user(email="new@example.test", password=cast.PASSWORD)
    User.objects.filter(pk=newcomer.pk).update(is_staff=True)
    sign_in(door, newcomer)
    door.post("/account/confirm/", {"password": cast.PASSWORD})
    secret = str(door.get("/account/security/app/").context["form"].secret)

    assert door.get(ADMIN).status_code == 302
    door.post("/account/security/app/", {"code": "000000"})
    assert door.get(ADMIN).status_code == 302
    door.post("/account/security/app/", {"code": code_at(secret, time.time())})

    assert Authenticator.objects.filter(user=newcomer, type="totp").count() == 1
    assert door.get(ADMIN).status_code == 200
    assert 'href="/admin/"' in door.get("/account/security/").content.decode()


def test_the_password_alone_opens_nothing(door: Client, staff: User) -> None:
    assert sign_in(door, staff) == "/sign-in/second-step/"
    assert door.get(ADMIN).status_code == 302
    assert "_auth_user_id" not in door.session

    door.post("/sign-in/second-step/", {"code": cast.code_of(staff)})

    assert door.get(ADMIN).status_code == 200


def test_a_session_from_before_must_show_it(door: Client, newcomer: User) -> None:
    """Somebody else's session, stolen while the password was enough, gains nothing by it."""
    sign_in(door, newcomer)
    cast.give_second_step(newcomer)

    led = door.get("/admin/accounts/user/?q=x")
    assert led["Location"] == "/account/confirm/code/?next=%2Fadmin%2Faccounts%2Fuser%2F%3Fq%3Dx"
    part = door.get(ADMIN, headers={"HX-Request": "true"})
    assert part["HX-Redirect"] == "/account/confirm/code/?next=%2Fadmin%2F"
    shown = door.post(led["Location"], {"code": cast.code_of(newcomer), "next": "/admin/"})

    assert shown["Location"] == "/admin/"
    assert door.get(ADMIN).status_code == 200


def test_recovery_codes_alone_are_none(door: Client, newcomer: User) -> None:
    Authenticator.objects.create(
        user=newcomer, type=Authenticator.Type.RECOVERY_CODES, data={"seed": "x", "used_mask": 0}
    )
    door.force_login(newcomer)

    assert door.get(ADMIN)["Location"] == "/account/security/"


def test_taking_it_off_shuts_the_admin(door: Client, staff: User) -> None:
    door.force_login(staff)
    assert door.get(ADMIN).status_code == 200

    Authenticator.objects.all().delete()

    assert door.get(ADMIN)["Location"] == "/account/security/"


def test_what_somebody_else_showed_in_this_session_does_not_count(
    door: Client, staff: User, newcomer: User
) -> None:
    cast.give_second_step(newcomer)
    door.force_login(newcomer)
    session = door.session
    session["account_authentication_methods_user"] = str(staff.pk)
    session.save()

    assert door.get(ADMIN).status_code == 302


def test_customers_need_none(door: Client, alice: User) -> None:
    assert sign_in(door, alice) == "/buy/"
    assert door.get("/wallet/").status_code == 200
    # And have no business in the admin, with one or without.
    cast.give_second_step(alice)
    assert door.get(ADMIN).status_code in {302, 403}


def test_the_admin_has_no_door_of_its_own(door: Client, staff: User) -> None:
    login = reverse("admin:login")

    led = door.get(f"{login}?next=/admin/")
    tried = door.post(login, {"username": staff.email, "password": cast.PASSWORD})

    assert led["Location"].startswith("/sign-in/")
    assert tried["Location"].startswith("/sign-in/")
    assert "_auth_user_id" not in door.session
    assert door.get(ADMIN)["Location"].startswith(login)


def test_the_demo_shows_its_code_and_nobody_elses(
    door: Client, staff: User, settings: Settings, tmp_path: Path
) -> None:
    settings.MAIL_FOLDER = str(tmp_path)
    assert code_at(SECRET, time.time()) not in door.get("/dev/mail/").content.decode()

    create_user(email="admin@nexotp.test", password=cast.PASSWORD, is_staff=True)
    shown = door.get("/dev/mail/").content.decode()

    assert any(code_at(SECRET, time.time() + late) in shown for late in (0, -30))
    settings.MAIL_FOLDER = ""
    assert door.get("/dev/mail/").status_code == 404
