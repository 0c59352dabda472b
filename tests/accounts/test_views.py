"""Signing in and out in a browser."""

import pytest
from django.test import Client

from accounts.models import Mode, User
from tests import cast


def test_a_stranger_is_led_to_sign_in_and_back(client: Client, alice: User) -> None:
    answer = client.get("/wallet/")
    assert answer["Location"] == "/sign-in/?next=/wallet/"

    answer = client.post(
        answer["Location"],
        {"login": "ALICE@example.test", "password": cast.PASSWORD, "next": "/wallet/"},
    )

    assert answer["Location"] == "/wallet/"


@pytest.mark.parametrize("email", ["alice@example.test", "nobody@example.test"])
def test_a_wrong_password_does_not_say_who_exists(client: Client, alice: User, email: str) -> None:
    client.cookies["django_language"] = "en"

    page = client.post("/sign-in/", {"login": email, "password": "wrong"}).content.decode()

    assert "E-mail and password do not match" in page


def test_signing_in_leads_nowhere_else(client: Client, alice: User) -> None:
    answer = client.post(
        "/sign-in/",
        {
            "login": alice.email,
            "password": cast.PASSWORD,
            "next": "https://evil.example/",
        },
    )

    assert answer["Location"] == "/buy/"


def test_signing_out_needs_a_form(client: Client, alice: User) -> None:
    client.force_login(alice)

    assert client.get("/sign-out/").status_code == 200
    assert client.get("/wallet/").status_code == 200
    assert client.post("/sign-out/").status_code == 302
    assert client.get("/buy/").status_code == 302


def test_a_polling_page_is_told_to_reload(client: Client) -> None:
    answer = client.get("/sign-in/", headers={"HX-Request": "true"})

    assert answer["HX-Refresh"] == "true"


def test_the_sandbox_is_chosen_for_the_session(client: Client, alice: User) -> None:
    client.force_login(alice)

    chosen = client.post("/mode/", {"mode": "sandbox", "next": "/wallet/"})

    assert chosen["Location"] == "/wallet/"
    assert client.get("/wallet/").context["mode"] == Mode.SANDBOX
    client.post("/mode/", {"mode": "live"})
    assert client.get("/wallet/").context["mode"] == Mode.LIVE


def test_choosing_a_mode_leads_nowhere_else(client: Client, alice: User) -> None:
    client.force_login(alice)

    answer = client.post("/mode/", {"mode": "x", "next": "https://evil.example/"})

    assert answer["Location"] == "/buy/"
