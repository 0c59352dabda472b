"""How pages stand: on the smallest phone, in both languages, in light and dark."""

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import User
from catalog.models import Supplier
from orders.actions import poll_supplier
from orders.models import Order
from suppliers.simulator.remote import RemoteSimulator
from tests import cast
from tests.browser.conftest import PICTURES, OpenBrowser

pytestmark = [pytest.mark.usefixtures("committed", "simulator"), pytest.mark.slow]


@pytest.fixture
def orders(alice: User, alpha: Supplier, simulator: RemoteSimulator) -> list[Order]:
    """One with a code, one that waits."""
    received, waiting = cast.buy(alice), cast.buy(alice)
    simulator.deliver(cast.attempt_of(received).reference, text="Your WhatsApp code is 471-199")
    poll_supplier(alpha, now=timezone.now())
    return [received, waiting]


@pytest.mark.parametrize("language", ["id", "en"])
@pytest.mark.parametrize(
    ("width", "scheme"), [(360, "light"), (360, "dark"), (768, "light"), (1440, "light")]
)
def test_no_page_is_wider_than_the_screen(
    open_browser: OpenBrowser,
    alice: User,
    orders: list[Order],
    language: str,
    width: int,
    scheme: str,
) -> None:
    page = open_browser(
        user=alice,
        language=language,
        viewport={"width": width, "height": 800},
        color_scheme=scheme,
    )
    pages = {
        "buy": "/buy/",
        "nothing-found": "/buy/?q=nothing+is+called+like+this",
        "country": "/buy/whatsapp/",
        "confirm": "/buy/whatsapp/id/",
        "order-received": f"/orders/{orders[0].public_id}",
        "order-waiting": f"/orders/{orders[1].public_id}",
        "board": "/orders/",
        "orders": "/orders/history/",
        "several": "/buy/whatsapp/id/?quantity=3",
        "by-delivery": "/buy/whatsapp/?sort=delivery",
        "wallet": "/wallet/",
        "not-found": "/nothing-here",
    }

    for name, address in pages.items():
        page.goto(address)
        _look_at(page, f"{name}-{width}-{scheme}-{language}")
        assert page.evaluate("document.documentElement.lang") == language


def _look_at(page: Page, name: str) -> None:
    PICTURES.mkdir(exist_ok=True)
    page.screenshot(path=PICTURES / f"page-{name}.png")
    wider = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert wider <= 0, name
    nameless = page.evaluate(
        """[...document.querySelectorAll("a, button, input:not([type=hidden])")].filter(
            (e) => !e.textContent.trim() && !e.getAttribute("aria-label") && !e.labels?.length
        ).map((e) => e.outerHTML)"""
    )
    assert not nameless, name


def test_the_sign_in_page_stands_on_a_phone(open_browser: OpenBrowser) -> None:
    page = open_browser(viewport={"width": 360, "height": 640})

    page.goto("/sign-in/")

    _look_at(page, "sign-in-360")
    page.get_by_label("E-mail").fill("nobody@example.test")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("do not match")


def test_the_language_is_switched_and_remembered(open_browser: OpenBrowser, alice: User) -> None:
    page = open_browser(user=alice, language="id")
    page.goto("/wallet/")
    expect(page.get_by_role("heading", name="Dompet")).to_be_visible()

    page.locator(".menu summary").click()
    page.get_by_role("button", name="EN, English").click()

    expect(page.get_by_role("heading", name="Wallet")).to_be_visible()
    expect(page.locator(".purse__amount")).to_have_text("Rp\u00a01,000,000")
    page.goto("/buy/")
    expect(page.get_by_role("heading", name="What is the code for?")).to_be_visible()


def test_signing_out_ends_the_visit(open_browser: OpenBrowser, alice: User) -> None:
    page = open_browser(user=alice)
    page.goto("/buy/")

    page.locator(".menu summary").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.goto("/wallet/")

    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_watched_order_leads_to_signing_in_when_the_session_ends(
    open_browser: OpenBrowser, alice: User, orders: list[Order]
) -> None:
    page = open_browser(user=alice)
    page.goto(f"/orders/{orders[1].public_id}")

    page.context.clear_cookies(name="sessionid")

    expect(page.get_by_label("E-mail")).to_be_visible()
    assert page.locator("header.top").count() == 1
