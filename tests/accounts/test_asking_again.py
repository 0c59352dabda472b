"""What waits for the password, and what is kept of it meanwhile."""

import io
import os
from typing import Any
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client, RequestFactory

from accounts.models import User
from nexotp.wsgi import application
from tests import cast

pytestmark = pytest.mark.usefixtures("committed")

_TOKEN = "t" * 32


def _post(path: str, form: dict[str, str], browser: Client) -> str:
    """Post as a server hands it on that adds the process's environment; gives the status."""
    body = urlencode(form).encode()
    request = RequestFactory().post(path).environ
    environ: dict[str, Any] = os.environ | request | {
        "wsgi.input": io.BytesIO(body),
        "CONTENT_TYPE": "application/x-www-form-urlencoded",
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_COOKIE": f"sessionid={browser.cookies['sessionid'].value}; csrftoken={_TOKEN}",
        "HTTP_X_CSRFTOKEN": _TOKEN,
        "SERVER_NAME": "localhost",
    }  # fmt: skip
    said: list[str] = []
    list(application(environ, lambda status, _headers: said.append(status)))
    return said[0]


def test_no_secret_of_the_process_lies_in_a_session(client: Client, alice: User) -> None:
    client.force_login(alice)

    status = _post("/developers/keys/add/", {"name": "mine", "mode": "live"}, client)

    kept = str(Session.objects.get().get_decoded())
    assert status.startswith("302")
    assert "mine" in kept
    assert "DATABASE_URL" not in kept
    assert settings.SECRET_KEY not in kept


def test_a_deletion_sent_too_late_is_not_carried_out_days_later(
    client: Client, alice: User
) -> None:
    client.post("/sign-in/", {"login": alice.email, "password": cast.PASSWORD})
    cast.let_time_pass_since_sign_in()

    late = client.post("/account/delete/", {"give_up": "1000000"})
    asked = client.get("/account/delete/")
    typed = client.post(asked["Location"], {"password": cast.PASSWORD})

    assert late["Location"] == typed["Location"] == "/account/delete/"
    assert User.objects.get().is_active
    assert "give_up" in client.get("/account/delete/").content.decode()


@pytest.mark.parametrize("page", ["/account/delete/", "/account/security/app/"])
def test_nobody_is_asked_straight_after_signing_in(client: Client, alice: User, page: str) -> None:
    client.post("/sign-in/", {"login": alice.email, "password": cast.PASSWORD})

    assert client.get(page).status_code == 200

    cast.let_time_pass_since_sign_in()
    assert client.get(page)["Location"].startswith("/account/confirm/")


def test_signing_in_as_somebody_else_before_is_no_proof(
    client: Client, alice: User, bob: User
) -> None:
    client.post("/sign-in/", {"login": bob.email, "password": cast.PASSWORD})
    session = client.session
    session["account_authentication_methods_user"] = str(alice.pk)
    session.save()

    assert client.get("/account/delete/").status_code == 302
