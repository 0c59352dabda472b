"""Webhooks in the browser: what can be done there, and what others must not see."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Mode, User
from tests import cast
from tests.receiver import Receiver, answer
from tests.webhooks.conftest import MakeEndpoint, deliver
from webhooks.actions import send_test
from webhooks.models import Delivery, Endpoint

pytestmark = pytest.mark.usefixtures("committed")

HTMX = {"HX-Request": "true"}


@pytest.fixture
def browser(client: Client, alice: User) -> Client:
    cast.sign_in(client, alice)
    client.cookies["django_language"] = "en"
    return client


def test_adding_shows_the_secret_this_once(browser: Client, receiver: Receiver) -> None:
    page = browser.post("/webhooks/new", {"endpoint_url": receiver.url(), "events": ["*"]})

    secret = page.context["secret"]
    endpoint = Endpoint.objects.get()
    assert secret in page.content.decode()
    assert "no-store" in page["Cache-Control"]
    assert endpoint.secrets.get().plain == secret
    assert secret not in browser.get(f"/webhooks/{endpoint.public_id}").content.decode()


def test_a_form_sent_again_makes_nothing_new(browser: Client, receiver: Receiver) -> None:
    once = browser.get("/webhooks/new").context["once"]
    sent = {"endpoint_url": receiver.url(), "events": ["*"], "once": once}
    browser.post("/webhooks/new", sent)
    again = browser.post("/webhooks/new", sent)
    endpoint = Endpoint.objects.get()
    path = f"/webhooks/{endpoint.public_id}"
    rotate = {"once": browser.get(path).context["once"]}
    browser.post(f"{path}/rotate", rotate)
    rotated_again = browser.post(f"{path}/rotate", rotate)

    assert again["Location"] == "/webhooks/"
    assert rotated_again["Location"] == path
    assert endpoint.secrets.count() == 2


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"endpoint_url": "value", "events": ["*"]}, ["https:// URL"]),
        ({"endpoint_url": "https://10.0.0.1/", "events": ["*"]}, ["not in the public internet"]),
        ({"endpoint_url": "http://localhost:1/"}, ["at least one event"]),
        ({"endpoint_url": "\x00", "events": ["\x00"]}, ["https:// URL", "no such event"]),
    ],
)
def test_what_is_wrong_is_said_beside_the_field(
    browser: Client, sent: dict[str, object], said: list[str]
) -> None:
    page = browser.post("/webhooks/new", sent)

    assert page.status_code == 400
    for words in said:
        assert words in page.content.decode()
    assert not Endpoint.objects.exists()


def test_each_mode_has_its_own_list(browser: Client, make_endpoint: MakeEndpoint) -> None:
    make_endpoint("/live")
    make_endpoint("/sandbox", mode=Mode.SANDBOX)

    live = browser.get("/webhooks/").content.decode()
    sandbox = browser.get("/webhooks/?mode=sandbox").content.decode()

    assert ("/live<" in live, "/sandbox<" in live) == (True, False)
    assert ("/live<" in sandbox, "/sandbox<" in sandbox) == (False, True)


def test_one_for_the_sandbox_is_added_in_the_sandbox(browser: Client, receiver: Receiver) -> None:
    browser.post("/webhooks/new?mode=sandbox", {"endpoint_url": receiver.url(), "events": ["*"]})

    assert Endpoint.objects.get().mode == "sandbox"


def test_a_test_event_shows_in_the_log(
    browser: Client, endpoint: Endpoint, receiver: Receiver
) -> None:
    browser.post(f"/webhooks/{endpoint.public_id}/test")
    before = browser.get(f"/webhooks/{endpoint.public_id}").content.decode()
    deliver()
    after = browser.get(f"/webhooks/{endpoint.public_id}").content.decode()

    assert "Queued" in before
    assert "Delivered" in after
    assert "200, " in after


def test_the_log_begins_with_the_newest(browser: Client, endpoint: Endpoint) -> None:
    sent = [send_test(endpoint, now=timezone.now()).public_id for _ in range(30)]

    first = browser.get(f"/webhooks/{endpoint.public_id}").content.decode()
    older = re.search(r"\?before=(\d+)", first)
    assert older
    second = browser.get(f"/webhooks/{endpoint.public_id}?before={older[1]}").content.decode()

    shown = [re.findall(r"dlv_[0-9A-Z]{26}", page) for page in (first, second)]
    assert list(dict.fromkeys(shown[0] + shown[1])) == sent[::-1]


def test_the_log_is_sent_again_only_when_it_changed(
    browser: Client, endpoint: Endpoint, receiver: Receiver
) -> None:
    path = f"/webhooks/{endpoint.public_id}"
    mark = browser.get(path).context["mark"]

    unchanged = browser.get(path, {"seen": mark}, headers=HTMX)
    send_test(endpoint, now=timezone.now())
    changed = browser.get(path, {"seen": mark}, headers=HTMX)

    assert unchanged.status_code == 204
    assert changed.content.strip().startswith(b'<section id="log"')


def test_a_delivery_with_request_and_response(
    browser: Client, endpoint: Endpoint, receiver: Receiver
) -> None:
    receiver.answers["/hook"] = answer(500, b"<script>alert(1)</script>")
    delivery = send_test(endpoint, now=timezone.now())
    deliver()

    page = browser.get(f"/webhooks/deliveries/{delivery.public_id}").content.decode()

    assert delivery.event.public_id in page
    assert receiver.requests[0].headers["webhook-signature"] in page
    assert receiver.requests[0].headers["webhook-timestamp"] in page
    assert "&quot;type&quot;:&quot;webhook.test&quot;" in page
    assert "&lt;script&gt;alert(1)" in page
    assert "<strong>500</strong>" in page


def test_pausing_and_going_on(browser: Client, endpoint: Endpoint) -> None:
    browser.post(f"/webhooks/{endpoint.public_id}/pause")
    endpoint.refresh_from_db()
    paused = endpoint.state
    browser.post(f"/webhooks/{endpoint.public_id}/enable")
    endpoint.refresh_from_db()

    assert (paused, endpoint.state) == ("paused", "active")


def test_enabling_what_was_disabled(browser: Client, endpoint: Endpoint) -> None:
    Endpoint.objects.update(state="disabled", disabled_because="gone")
    page = browser.get(f"/webhooks/{endpoint.public_id}").content.decode()

    browser.post(f"/webhooks/{endpoint.public_id}/enable")

    endpoint.refresh_from_db()
    assert "410 Gone" in page
    assert (endpoint.state, endpoint.disabled_because) == ("active", "")


def test_rotating_shows_the_new_secret(browser: Client, endpoint: Endpoint) -> None:
    page = browser.post(f"/webhooks/{endpoint.public_id}/rotate")

    assert page.context["secret"] in page.content.decode()
    assert "no-store" in page["Cache-Control"]
    assert endpoint.secrets.count() == 2


def test_changing_the_choice_of_events(browser: Client, endpoint: Endpoint) -> None:
    path = f"/webhooks/{endpoint.public_id}/events"
    browser.post(path, {"events": ["order.received", "order.failed"]})
    refused = browser.post(path, {"events": ["order.lost"]}, follow=True)

    endpoint.refresh_from_db()
    assert endpoint.events == ["order.received", "order.failed"]
    assert "no such event" in refused.content.decode()


def test_deleting(browser: Client, endpoint: Endpoint) -> None:
    answered = browser.post(f"/webhooks/{endpoint.public_id}/delete", follow=True)

    assert "is deleted" in answered.content.decode()
    assert browser.get(f"/webhooks/{endpoint.public_id}").status_code == 404


def test_sending_one_again(browser: Client, endpoint: Endpoint, receiver: Receiver) -> None:
    delivery = send_test(endpoint, now=timezone.now())
    deliver()

    browser.post(f"/webhooks/deliveries/{delivery.public_id}/again")
    deliver()

    assert len(receiver.requests) == 2


def local(moment: object) -> str:
    return timezone.localtime(moment).strftime("%Y-%m-%dT%H:%M")  # type: ignore[arg-type]


def test_sending_a_range_again(browser: Client, endpoint: Endpoint, receiver: Receiver) -> None:
    hour = timedelta(hours=1)
    now = timezone.now()
    for hours in range(4):
        send_test(endpoint, now=now - hours * hour)
    Delivery.objects.update(state="failed", next_attempt_at=None)

    page = browser.post(
        f"/webhooks/{endpoint.public_id}/again",
        {"since": local(now - 2.5 * hour), "until": local(now - 0.5 * hour)},
        follow=True,
    )

    assert "2 deliveries are sent again." in page.content.decode()
    assert deliver() == 2


def test_only_what_failed_is_sent_again(
    browser: Client, endpoint: Endpoint, receiver: Receiver
) -> None:
    now = timezone.now()
    send_test(endpoint, now=now)
    deliver()
    spans = {"since": local(now - timedelta(hours=1)), "until": local(now + timedelta(hours=1))}

    path = f"/webhooks/{endpoint.public_id}/again"
    failed = browser.post(path, {**spans, "only_failed": "on"}, follow=True)
    everything = browser.post(path, spans, follow=True)

    assert "0 deliveries" in failed.content.decode()
    assert "1 delivery is" in everything.content.decode()


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"since": "x", "until": "y"},
        {"since": "2026-01-02T00:00", "until": "2026-01-01T00:00"},
        {"since": "\x00", "until": "9" * 500},
        {"since": "0001-01-01T00:00", "until": "9999-12-31T23:59"},
    ],
)
def test_a_range_that_cannot_be(browser: Client, endpoint: Endpoint, sent: dict[str, str]) -> None:
    page = browser.post(f"/webhooks/{endpoint.public_id}/again", sent, follow=True)

    assert page.status_code == 200


@pytest.mark.parametrize(
    "action", ["test", "pause", "enable", "rotate", "delete", "events", "again"]
)
def test_nobody_touches_somebody_elses(
    client: Client, bob: User, endpoint: Endpoint, action: str
) -> None:
    cast.sign_in(client, bob)

    answered = client.post(f"/webhooks/{endpoint.public_id}/{action}", {"events": "*"})

    assert answered.status_code == 404
    assert Endpoint.objects.get().state == "active"
    assert endpoint.secrets.count() == 1


def test_nobody_sees_somebody_elses(client: Client, bob: User, endpoint: Endpoint) -> None:
    delivery = send_test(endpoint, now=timezone.now())
    cast.sign_in(client, bob)

    pages = [
        client.get(f"/webhooks/{endpoint.public_id}"),
        client.get(f"/webhooks/deliveries/{delivery.public_id}"),
        client.post(f"/webhooks/deliveries/{delivery.public_id}/again"),
    ]

    assert {page.status_code for page in pages} == {404}
    assert endpoint.url not in client.get("/webhooks/").content.decode()


@pytest.mark.parametrize("action", ["test", "pause", "rotate", "delete", "again"])
def test_a_link_changes_nothing(browser: Client, endpoint: Endpoint, action: str) -> None:
    answered = browser.get(f"/webhooks/{endpoint.public_id}/{action}")

    assert answered["Location"] == f"/webhooks/{endpoint.public_id}"
    assert Endpoint.objects.get().state == "active"


def test_the_pages_speak_indonesian(browser: Client, endpoint: Endpoint) -> None:
    browser.cookies["django_language"] = "id"

    page = browser.get(f"/webhooks/{endpoint.public_id}").content.decode()

    assert re.search(r'<html lang="id">', page)
    assert "Kirim peristiwa uji coba" in page
