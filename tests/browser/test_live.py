"""What happened in the shop is on the screen at once, whatever becomes of the stream."""

import re
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone
from playwright.sync_api import BrowserContext, Page, expect

from accounts.models import User
from catalog.models import Supplier
from dev import ports, processes
from orders.actions import poll_supplier, resend_code
from orders.models import Order
from suppliers.simulator.remote import RemoteSimulator
from tests import cast
from tests.browser.conftest import OpenBrowser
from tests.live.front import Front
from tests.live.server import LiveProcess, serve_live, session_of
from tests.server import serve

pytestmark = [pytest.mark.usefixtures("committed"), pytest.mark.slow]

# Less than the 3 seconds after which a page without a stream looks by itself.
AT_ONCE = 2_000


@pytest.fixture(scope="module")
def shop(
    django_db_setup: None, own_redis_database: None, tmp_path_factory: Any
) -> Iterator[tuple[Front, LiveProcess]]:
    """The shop behind one address, as in production."""
    with ExitStack() as stack:
        web = stack.enter_context(serve())
        live = stack.enter_context(serve_live(tmp_path_factory.mktemp("live")))
        port = urlsplit(web).port
        assert port is not None
        yield stack.enter_context(Front(web=port, live=live.port).running()), live


@pytest.fixture
def front(shop: tuple[Front, LiveProcess]) -> Front:
    return shop[0]


@pytest.fixture
def live(shop: tuple[Front, LiveProcess]) -> LiveProcess:
    return shop[1]


@pytest.fixture
def web_server(front: Front) -> str:
    """Where `open_browser` goes."""
    return front.url


@pytest.fixture
def order(alice: User, simulator: RemoteSimulator) -> Order:
    return cast.buy(alice)


class Deliver:
    """Has codes come to orders."""

    def __init__(self, alpha: Supplier, simulator: RemoteSimulator) -> None:
        self._alpha, self._simulator = alpha, simulator

    def __call__(self, order: Order, code: str) -> None:
        self._simulator.deliver(cast.attempt_of(order).reference, code=code)
        self._alpha.refresh_from_db()
        poll_supplier(self._alpha, now=timezone.now())


@pytest.fixture
def deliver(alpha: Supplier, simulator: RemoteSimulator) -> Deliver:
    return Deliver(alpha, simulator)


def show(page: Page, order: Order) -> None:
    page.goto(f"/orders/{order.public_id}")


def is_live(page: Page, state: str = "on", *, seconds: int = 10) -> None:
    expect(page.locator("html")).to_have_attribute("data-live", state, timeout=seconds * 1000)


def has_code(page: Page, code: str, *, within: int = AT_ONCE) -> None:
    expect(page.locator("#code")).to_have_text(code, timeout=within)


def test_a_code_appears_without_polling(
    open_browser: OpenBrowser, front: Front, alice: User, order: Order, deliver: Deliver
) -> None:
    page = open_browser(user=alice)
    show(page, order)
    is_live(page)
    time.sleep(0.5)
    front.paths.clear()
    time.sleep(4.5)
    assert front.paths == []

    deliver(order, "471199")

    has_code(page, "471199")
    looked_at = sorted(path.split("?")[0] for path in front.paths)
    assert looked_at == [f"/orders/{order.public_id}", "/wallet/balance/"]


def test_a_second_code_appears_too(
    open_browser: OpenBrowser, alice: User, order: Order, deliver: Deliver
) -> None:
    page = open_browser(user=alice)
    show(page, order)
    is_live(page)
    deliver(order, "471199")
    has_code(page, "471199")

    resend_code(Order.objects.get(pk=order.pk), now=timezone.now())
    deliver(order, "882200")

    has_code(page, "882200")


def test_what_changes_while_an_answer_is_on_its_way_is_not_missed(
    open_browser: OpenBrowser, front: Front, alice: User, order: Order, deliver: Deliver
) -> None:
    page = open_browser(user=alice)
    show(page, order)
    is_live(page)
    front.holds_orders = True
    try:
        deliver(order, "471199")
        page.wait_for_timeout(500)
        resend_code(Order.objects.get(pk=order.pk), now=timezone.now())
        deliver(order, "882200")
        page.wait_for_timeout(500)
    finally:
        front.holds_orders = False

    has_code(page, "882200")


def test_it_works_on_when_the_live_process_dies_and_after_it_is_back(
    open_browser: OpenBrowser, live: LiveProcess, alice: User, order: Order, deliver: Deliver
) -> None:
    page = open_browser(user=alice, may_lose_live=True)
    show(page, order)
    is_live(page)

    live.kill()
    try:
        is_live(page, "off")
        deliver(order, "471199")
        has_code(page, "471199", within=6_000)
    finally:
        live.start()

    is_live(page, seconds=20)
    resend_code(Order.objects.get(pk=order.pk), now=timezone.now())
    deliver(order, "882200")
    has_code(page, "882200")


def test_what_came_while_the_machine_slept_is_there_when_it_wakes(
    open_browser: OpenBrowser, live: LiveProcess, alice: User, order: Order, deliver: Deliver
) -> None:
    page = open_browser(user=alice, may_lose_live=True)
    show(page, order)
    is_live(page)
    devtools = page.context.new_cdp_session(page)

    devtools.send("Page.setWebLifecycleState", {"state": "frozen"})
    live.kill()
    deliver(order, "471199")
    time.sleep(6)
    devtools.send("Page.setWebLifecycleState", {"state": "active"})

    try:
        has_code(page, "471199")
    finally:
        live.start()
    is_live(page, seconds=20)


def test_what_came_while_there_was_no_network_is_there_when_it_is_back(
    open_browser: OpenBrowser, alice: User, order: Order, deliver: Deliver
) -> None:
    page = open_browser(user=alice, may_lose_live=True)
    show(page, order)
    is_live(page)

    page.context.set_offline(True)
    deliver(order, "471199")
    page.wait_for_timeout(4_000)
    expect(page.locator("#code")).to_have_count(0)
    page.context.set_offline(False)

    has_code(page, "471199")
    is_live(page)


def test_nine_tabs_share_one_stream(
    open_browser: OpenBrowser, live: LiveProcess, alice: User, order: Order, deliver: Deliver
) -> None:
    """A browser opens six connections to an address, so a seventh stream would stop everything."""
    first = open_browser(user=alice)
    tabs = [first, *(first.context.new_page() for _ in range(8))]
    for tab in tabs:
        show(tab, order)
        is_live(tab)
    assert live.streams() == 1

    deliver(order, "471199")
    for tab in tabs:
        has_code(tab, "471199")

    first.close()
    assert processes.wait_until(lambda: live.streams() == 1, timeout=10)
    for tab in tabs[1:]:
        is_live(tab)
    resend_code(Order.objects.get(pk=order.pk), now=timezone.now())
    deliver(order, "882200")
    for tab in tabs[1:]:
        has_code(tab, "882200")
    assert live.streams() == 1


def test_a_tab_takes_the_stream_over_from_one_that_is_frozen(
    open_browser: OpenBrowser, live: LiveProcess, alice: User, order: Order, deliver: Deliver
) -> None:
    first = open_browser(user=alice)
    show(first, order)
    is_live(first)
    second = first.context.new_page()
    show(second, order)
    is_live(second)

    freeze(first.context, first)
    second.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    second.wait_for_timeout(4_000)
    deliver(order, "471199")

    has_code(second, "471199")


def freeze(context: BrowserContext, page: Page) -> None:
    context.new_cdp_session(page).send("Page.setWebLifecycleState", {"state": "frozen"})


def test_who_has_signed_out_elsewhere_is_led_to_sign_in(
    open_browser: OpenBrowser, alice: User, order: Order
) -> None:
    page = open_browser(user=alice, may_lose_live=True)
    show(page, order)
    is_live(page)

    Session.objects.all().delete()

    page.wait_for_url("**/sign-in/?next=/orders/*", timeout=5_000)


def test_without_a_stream_too(
    open_browser: OpenBrowser, live: LiveProcess, alice: User, order: Order
) -> None:
    page = open_browser(user=alice, may_lose_live=True)
    live.kill()
    try:
        show(page, order)
        expect(page.locator("#order")).to_be_visible()

        Session.objects.all().delete()

        page.wait_for_url("**/sign-in/?next=/orders/*", timeout=8_000)
    finally:
        live.start()


def test_cancelling_becomes_possible_when_its_clock_has_run_out(
    open_browser: OpenBrowser, alice: User, order: Order
) -> None:
    soon = timezone.now() + timedelta(seconds=4)
    Order.objects.filter(pk=order.pk).update(cancel_available_at=soon)
    page = open_browser(user=alice)
    show(page, order)
    is_live(page)

    expect(page.locator("#cancel")).to_be_visible(timeout=7_000)


def test_the_stream_may_be_at_another_port(
    alice: User,
    order: Order,
    deliver: Deliver,
    tmp_path: Any,
    chromium: Any,
) -> None:
    """As in `make run`, where no proxy stands before the two."""
    live_port = ports.free_port()
    with serve(LIVE_PORT=str(live_port)) as web:
        port = re.sub(r".*:", "", web)
        with serve_live(tmp_path, live_port, LIVE_PORT=str(live_port), PORT=port):
            context = chromium.new_context(base_url=web)
            context.add_cookies([{"name": "sessionid", "value": session_of(alice), "url": web}])
            page = context.new_page()
            complaints: list[str] = []
            page.on("console", lambda message: complaints.append(message.text))
            show(page, order)
            is_live(page)

            deliver(order, "471199")

            has_code(page, "471199")
            assert complaints == []
            context.close()


def test_the_balance_follows_on_every_page(open_browser: OpenBrowser, alice: User) -> None:
    page = open_browser(user=alice)
    page.goto("/account/")
    is_live(page)

    cast.give(alice, 250_000)

    expect(page.locator(".balance-pill")).to_contain_text("1,250,000", timeout=AT_ONCE)
    page.locator(".balance-pill").click()
    page.wait_for_url("**/wallet/")
