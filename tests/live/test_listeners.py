"""Who may listen, and for how long."""

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from accounts.live import tell_pages
from accounts.models import User
from dev import processes
from tests.live.conftest import Listen
from tests.live.server import LiveProcess, session_of

pytestmark = pytest.mark.usefixtures("committed")


def test_a_stream_begins_with_sync_and_says_what_changed(listen: Listen, alice: User) -> None:
    stream = listen(alice)
    first = stream.next()
    tell_pages(alice.pk, "ord_1")

    assert stream.status == 200
    assert stream.answer.getheader("Content-Type") == "text/event-stream"
    assert stream.answer.getheader("X-Accel-Buffering") == "no"
    assert first == ("sync", "")
    assert stream.next_but_beats() == ("changed", "ord_1")


@pytest.mark.parametrize("session", ["", "x", "a" * 32, "../../etc/passwd", '"; DROP'])
def test_nobody_listens_without_a_session(listen: Listen, session: str) -> None:
    assert listen(session=session).status == 401


def test_a_session_of_nobody_does_not_listen(listen: Listen) -> None:
    session = Client().session
    session["mode"] = "sandbox"
    session.save()

    assert listen(session=str(session.session_key)).status == 401


def test_somebody_elses_changes_are_never_heard(listen: Listen, alice: User, bob: User) -> None:
    hers, his = listen(alice), listen(bob)
    hers.next(), his.next()

    tell_pages(alice.pk, "ord_hers")
    tell_pages(bob.pk, "ord_his")

    assert his.next_but_beats() == ("changed", "ord_his")
    assert hers.next_but_beats() == ("changed", "ord_hers")


def test_who_is_not_active_does_not_listen(listen: Listen, alice: User) -> None:
    session = session_of(alice)
    User.objects.filter(pk=alice.pk).update(is_active=False)

    assert listen(session=session).status == 401


def test_signing_out_ends_the_stream(listen: Listen, alice: User) -> None:
    stream, others = listen(alice), listen(alice)
    stream.next(), others.next()
    session = Session.objects.order_by("expire_date").first()
    assert session is not None

    session.delete()

    assert stream.next_but_beats() == ("gone", "")
    assert stream.next() == ("", "")
    assert others.next()[0] == "beat"


def test_being_shut_out_ends_the_stream(listen: Listen, alice: User, bob: User) -> None:
    hers, his = listen(alice), listen(bob)
    hers.next(), his.next()

    User.objects.filter(pk=alice.pk).update(is_active=False)

    assert hers.next_but_beats() == ("gone", "")
    assert his.next()[0] == "beat"


def test_a_new_password_ends_the_streams_of_the_old_one(listen: Listen, alice: User) -> None:
    stream = listen(alice)
    stream.next()

    alice.set_password("another horse battery")
    alice.save()

    assert stream.next_but_beats() == ("gone", "")


def test_looking_a_session_up_does_not_change_it(listen: Listen, alice: User) -> None:
    stream = listen(alice)
    before = Session.objects.values_list("session_key", "session_data", "expire_date").get()
    stream.next()
    assert [stream.next()[0] for _ in range(3)] == ["beat"] * 3

    assert Session.objects.values_list("session_key", "session_data", "expire_date").get() == before


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://127.0.0.1:8000", 200),  # where pages come from in `make run`
        ("http://127.0.0.1:8001", 403),
        ("http://127.0.0.1", 403),
        ("http://localhost:8000", 403),
        ("https://evil.example:8000", 403),
        ("null", 403),
        ("http://[", 403),
        ("http://127.0.0.1:99999", 403),
    ],
)
def test_only_the_shops_pages_may_read_it(
    listen: Listen, alice: User, origin: str, status: int
) -> None:
    stream = listen(alice, Origin=origin)

    allowed = stream.answer.getheader("Access-Control-Allow-Origin")
    assert stream.status == status
    assert allowed == (origin if status == 200 else None)


def test_a_page_of_the_same_address_may_read_it(
    listen: Listen, live: LiveProcess, alice: User
) -> None:
    assert listen(alice, Origin=live.url).status == 200


@pytest.mark.parametrize("method", ["POST", "HEAD", "OPTIONS", "DELETE"])
def test_it_is_only_read(listen: Listen, alice: User, method: str) -> None:
    assert listen(alice, method=method).status == 405


def test_beyond_its_limit_an_accounts_oldest_stream_gives_way(
    listen: Listen, live: LiveProcess, alice: User
) -> None:
    assert processes.wait_until(lambda: live.streams() == 0, timeout=10)
    streams = [listen(alice) for _ in range(4)]

    assert [stream.next() for stream in streams[1:]] == [("sync", "")] * 3
    assert streams[0].next() in {("sync", ""), ("full", "")}
    tell_pages(alice.pk, "ord_1")
    assert [stream.next_but_beats() for stream in streams[1:]] == [("changed", "ord_1")] * 3
    assert live.streams() == 3


def test_beyond_the_limit_of_all_nobody_is_let_in(
    listen: Listen, live: LiveProcess, alice: User, bob: User, staff: User
) -> None:
    assert processes.wait_until(lambda: live.streams() == 0, timeout=10)
    streams = [listen(user) for user in (alice, alice, alice, bob, bob)]
    assert [stream.status for stream in streams] == [200] * 5

    assert listen(staff).status == 503

    streams[0].close()
    assert processes.wait_until(lambda: live.streams() == 4, timeout=10)
    assert listen(staff).status == 200
