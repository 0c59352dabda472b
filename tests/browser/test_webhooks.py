"""Webhooks in a real browser: adding one, testing it, and reading its log, by hand."""

from collections.abc import Iterator

import pytest
from django.utils import timezone
from playwright.sync_api import expect
from pytest_django import Settings

from accounts.models import User
from tests.browser.conftest import OpenBrowser
from tests.browser.test_pages import _look_at
from tests.receiver import Receiver, answer, receiving
from tests.server import serve
from webhooks import transport
from webhooks.actions import create_endpoint, deliver_due, send_test
from webhooks.models import Delivery, Endpoint

pytestmark = [pytest.mark.usefixtures("committed"), pytest.mark.slow]


@pytest.fixture(scope="module")
def web_server(django_db_setup: None, own_redis_database: None) -> Iterator[str]:
    """A shop as `make run` has it: webhooks may go to this machine."""
    with serve(WEBHOOK_ALLOW_LOOPBACK="true") as base_url:
        yield base_url


@pytest.fixture
def receiver(settings: Settings) -> Iterator[Receiver]:
    settings.WEBHOOK_ALLOW_LOOPBACK = True
    with receiving() as receiver:
        yield receiver
        transport.close_connections()


def deliver() -> None:
    deliver_due(clock=timezone.now, seconds=15)


def test_from_nothing_to_a_verified_event(
    open_browser: OpenBrowser, alice: User, receiver: Receiver
) -> None:
    page = open_browser(user=alice)
    page.goto("/buy/")
    page.locator(".menu summary").click()
    page.get_by_role("link", name="Developers").click()
    page.get_by_role("link", name="Webhooks").click()
    page.get_by_role("link", name="Add a webhook").first.click()
    page.get_by_label("Address of your server").fill(receiver.url())
    page.get_by_role("button", name="Add").click()

    expect(page.get_by_role("heading", name="Your webhook is ready")).to_be_visible()
    receiver.trusts("/hook", page.locator("#secret").inner_text())
    page.get_by_role("link", name="I have copied it").click()
    page.get_by_role("button", name="Send a test event").click()
    expect(page.locator("#log .row .status")).to_have_text("Queued")
    deliver()

    # The log follows by itself.
    expect(page.locator("#log .row .status")).to_have_text("Delivered")
    page.get_by_role("link", name="A test").click()
    expect(page.get_by_text("webhook-signature: v1,")).to_be_visible()
    assert [request.is_genuine for request in receiver.requests] == [True]


def test_what_is_wrong_is_said_where_it_is_wrong(open_browser: OpenBrowser, alice: User) -> None:
    page = open_browser(user=alice)
    page.goto("/webhooks/new")
    page.get_by_label("Address of your server").fill("https://10.0.0.1/")
    page.get_by_label("All events").uncheck()
    page.get_by_role("button", name="Add").click()

    expect(page.locator("#url-error")).to_contain_text("not in the public internet")
    expect(page.locator("#events-error")).to_contain_text("at least one event")
    expect(page.get_by_label("Address of your server")).to_have_value("https://10.0.0.1/")


def test_pausing_and_deleting(open_browser: OpenBrowser, alice: User, receiver: Receiver) -> None:
    endpoint = an_endpoint(alice, receiver)
    page = open_browser(user=alice)
    page.goto(f"/webhooks/{endpoint.public_id}")

    page.get_by_role("button", name="Pause").click()
    expect(page.locator("#log .status").first).to_have_text("Paused")
    page.get_by_role("button", name="Go on").click()
    expect(page.locator("#log .status").first).to_have_text("Active")
    page.get_by_text("Delete", exact=True).click()
    page.get_by_role("button", name="Delete this webhook").click()

    expect(page.get_by_role("heading", name="No webhooks here yet")).to_be_visible()


def an_endpoint(user: User, receiver: Receiver, path: str = "/hook") -> Endpoint:
    endpoint, secret = create_endpoint(
        user=user, mode="live", url=receiver.url(path), events=["*"], now=timezone.now()
    )
    receiver.trusts(path, secret)
    return endpoint


@pytest.mark.parametrize("language", ["id", "en"])
@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (360, "dark"), (1440, "light")])
def test_no_page_is_wider_than_the_screen(
    open_browser: OpenBrowser,
    alice: User,
    receiver: Receiver,
    language: str,
    width: int,
    scheme: str,
) -> None:
    long = "/" + "a-very-long-path-without-a-break" * 4
    receiver.answers[long] = answer(500, b"<html>" + b"x" * 2_000)
    endpoint = an_endpoint(alice, receiver, long)
    for _ in range(2):
        send_test(endpoint, now=timezone.now())
    deliver()
    delivery = Delivery.objects.filter(attempts__isnull=False)[0]
    page = open_browser(
        user=alice,
        language=language,
        viewport={"width": width, "height": 800},
        color_scheme=scheme,
    )

    for name, address in {
        "list": "/webhooks/",
        "none": "/webhooks/?mode=sandbox",
        "new": "/webhooks/new",
        "one": f"/webhooks/{endpoint.public_id}",
        "delivery": f"/webhooks/deliveries/{delivery.public_id}",
    }.items():
        page.goto(address)
        _look_at(page, f"webhooks-{name}-{width}-{scheme}-{language}")
        for fold in page.locator("details.fold summary").all():
            fold.click()
        _look_at(page, f"webhooks-{name}-open-{width}-{scheme}-{language}")
