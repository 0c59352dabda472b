"""Mails of pages: a server that is away, slow or choosy fails and delays nobody, and loses none."""

import socket
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts import mails
from accounts.models import OutgoingMail, User
from tests import cast
from tests.together import all_at_once

pytestmark = pytest.mark.usefixtures("committed")

NEW = {"email": "carol@example.test", "password1": "correct horse battery", "terms": "on"}


class MailServer:
    """Takes mails on a port of its own, but not for whom it refuses."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.refused = ""
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                caller, _address = self._socket.accept()
            except OSError:
                return
            with caller, caller.makefile("rw", newline="\r\n") as talk:
                self._talk(talk)

    def _talk(self, talk: Any) -> None:
        def say(text: str) -> None:
            talk.write(f"{text}\n")
            talk.flush()

        say("220 ready")
        for line in talk:
            match line.split(":")[0].split()[0].upper():
                case "DATA":
                    say("354 go on")
                    lines = iter(talk.readline, ".\r\n")
                    self.taken.append("".join(lines))
                    say("250 taken")
                case "RCPT" if self.refused and self.refused in line:
                    say("550 nobody here")
                case "QUIT":
                    say("221 bye")
                    return
                case _:
                    say("250 well")


@pytest.fixture
def server(settings: Settings) -> Iterator[MailServer]:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    server = MailServer()
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
    yield server
    server.close()


def sweep(**later: float) -> None:
    now = timezone.now() + timedelta(**later)
    while mails.send_mails(now=now):
        pass


def sign_up() -> int:
    return Client().post("/sign-up/", NEW).status_code


def test_a_code_is_sent_and_forgotten(server: MailServer) -> None:
    sign_up()
    [row] = OutgoingMail.objects.all()
    [letter] = cast.posted()

    sweep()

    [taken] = server.taken
    assert "To: carol@example.test" in taken
    assert str(letter.body).split()[0].encode() not in bytes(row.letter), "codes are encrypted"
    assert not OutgoingMail.objects.exists()


def test_a_server_that_never_answers_holds_no_page_up(settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings.EMAIL_HOST, settings.EMAIL_PORT = silent.getsockname()
        began = time.monotonic()

        answer = sign_up()

        assert (answer, time.monotonic() - began < 2) == (302, True)
    assert OutgoingMail.objects.count() == 1


def test_what_was_written_while_the_server_was_away_comes_later(
    server: MailServer, alice: User, settings: Settings
) -> None:
    settings.EMAIL_PORT = 1
    sign_up()
    Client().post("/forgot-password/", {"email": alice.email})

    sweep()

    assert OutgoingMail.objects.filter(due_at__gt=timezone.now()).count() == 2
    settings.EMAIL_PORT = server.port
    sweep(seconds=20)
    assert len(server.taken) == 2
    assert not OutgoingMail.objects.exists()


def test_one_that_is_refused_holds_up_no_other_and_is_given_up_after_a_day(
    server: MailServer,
) -> None:
    server.refused = "carol"
    now = timezone.now()
    for to in ("carol@example.test", "dewi@example.test"):
        mails.post_mail(to=to, subject="Hello", text="It is me.", now=now)

    sweep()

    assert len(server.taken) == 1
    assert [mail.to for mail in OutgoingMail.objects.all()] == ["carol@example.test"]
    sweep(days=1, minutes=1)
    assert not OutgoingMail.objects.exists()


def test_of_many_workers_one_sends(server: MailServer) -> None:
    sign_up()

    all_at_once(lambda _: mails.send_mails(now=timezone.now()), count=6)

    assert len(server.taken) == 1
