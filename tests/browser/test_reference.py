"""The reference in a real browser: read on a phone, searched by keyboard, tried in the sandbox."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import Mode, User
from accounts.reference_key import reference_key
from catalog.models import Supplier
from nexotp.reference.calls import reference
from orders.actions import poll_supplier
from orders.models import Order
from tests import cast
from tests.browser.conftest import PICTURES, OpenBrowser
from tests.reference import docs

pytestmark = [pytest.mark.usefixtures("committed"), pytest.mark.slow]

DESKTOP = {"width": 1440, "height": 900}
CREATE, GET = "/docs/api/create-order/", "/docs/api/get-order/"
# One of each kind of page; what is alike needs no second look in the slow browser.
KINDS = {
    "overview": "/docs/",
    "create": f"{CREATE}#try",
    "nested": GET,
    "paged": "/docs/api/list-webhook-deliveries/",
    "guide": "/docs/guides/webhooks/",
    "table": "/docs/guides/moving/",
    "errors": "/docs/errors/",
    "events": "/docs/events/",
    "search": "/docs/search/?q=order",
    "nothing": "/docs/search/?q=zzzz",
}


@pytest.mark.parametrize(
    ("width", "scheme", "language"),
    [
        (360, "light", "id"),
        (360, "dark", "en"),
        (768, "light", "en"),
        (1200, "dark", "id"),
        (1440, "light", "en"),
    ],
)
def test_no_page_is_wider_than_the_screen(
    open_browser: OpenBrowser, alice: User, width: int, scheme: str, language: str
) -> None:
    page = open_browser(
        user=alice,
        language=language,
        viewport={"width": width, "height": 800},
        color_scheme=scheme,
    )

    for name, address in KINDS.items():
        page.goto(address)
        PICTURES.mkdir(exist_ok=True)
        page.screenshot(path=PICTURES / f"docs-{name}-{width}-{scheme}-{language}.png")
        assert _overflow(page) <= 0, name
        assert page.evaluate("document.documentElement.lang") == language


def test_no_page_at_all_is_wider_than_a_phone(open_browser: OpenBrowser) -> None:
    page = open_browser(viewport={"width": 360, "height": 800})

    for address in docs.addresses():
        page.goto(address)
        assert _overflow(page) <= 0, address
        nameless = page.evaluate(
            """[...document.querySelectorAll("a, button, input:not([type=hidden]), select")].filter(
                (e) => !e.textContent.trim() && !e.getAttribute("aria-label") && !e.labels?.length
            ).map((e) => e.outerHTML)"""
        )
        assert nameless == [] or address in {"/docs/swagger/", "/docs/redoc/"}, address


def _overflow(page: Page) -> int:
    wider: int = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    return wider


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everything_can_be_read(open_browser: OpenBrowser, alice: User, scheme: str) -> None:
    """Every text has the contrast of WCAG AA against what it stands on."""
    page = open_browser(user=alice, viewport=DESKTOP, color_scheme=scheme)

    for address in (CREATE, "/docs/guides/webhooks/", "/docs/errors/", "/docs/search/?q=order"):
        page.goto(address)
        assert page.evaluate(_PALE) == [], address


# Texts whose color is too near to the color below them. A gradient counts as its lightest color.
_PALE = """() => {
  const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((c) => (c /= 255) <= 0.03928 ? c / 12.92
    : ((c + 0.055) / 1.055) ** 2.4).reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const below = (element) => {
    for (let here = element; here; here = here.parentElement) {
      const style = getComputedStyle(here);
      const gradient = style.backgroundImage.match(/rgb\\([^)]+\\)/);
      if (gradient) return rgb(gradient[0]);
      const color = rgb(style.backgroundColor);
      if (color.length < 4 || color[3] === 1) return color;
      if (color[3] > 0) return null;
    }
    return [255, 255, 255];
  };
  const found = new Set();
  for (const element of document.querySelectorAll("main *")) {
    const says = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!says || !element.checkVisibility({ opacityProperty: true })) continue;
    const style = getComputedStyle(element), ground = below(element);
    if (!ground || style.opacity !== "1") continue;
    const [a, b] = [light(rgb(style.color)), light(ground)].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) found.add(`${element.className || element.tagName} ${ratio.toFixed(2)}`);
  }
  return [...found];
}"""


def test_an_order_is_placed_and_its_code_read_from_the_reference(
    open_browser: OpenBrowser, alice: User
) -> None:
    sandbox = Supplier.objects.get(code="sandbox")
    page = open_browser(user=alice, viewport=DESKTOP)

    page.goto(CREATE)
    page.get_by_text("Try it in the sandbox").click()
    expect(page.get_by_label("Sandbox key")).to_have_value(
        reference_key(user=alice, now=timezone.now())
    )
    expect(page.locator("#try-body-service")).to_have_value("whatsapp")
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".try__status")).to_contain_text(re.compile(r"200 OK after \d+ ms"))
    expect(page.locator(".try__more")).to_contain_text("calls left in ORDER")
    order = Order.objects.get()
    assert order.mode == Mode.SANDBOX
    assert _answer(page)["data"]["orderId"] == order.public_id

    page.get_by_role("button", name="Send").click()
    expect(page.locator(".try__more")).to_contain_text("the answer to an earlier request")
    assert Order.objects.count() == 1

    poll_supplier(sandbox, now=timezone.now() + timedelta(seconds=5))
    page.locator(".try__next").get_by_role("link", name="Get an order").click()
    expect(page.locator("#try-path-id")).to_have_value(order.public_id)
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".try__status")).to_contain_text("200 OK")
    data = _answer(page)["data"]
    assert data["status"] == "received"
    assert data["otp"] == order.messages.get().code
    assert cast.balance(alice) == 1_000_000


def _answer(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(page.locator(".try__answer pre").inner_text())
    return found


def test_what_is_wrong_is_shown(open_browser: OpenBrowser, alice: User) -> None:
    page = open_browser(user=alice)
    page.goto(f"{CREATE}#try")

    page.locator("#try-body-country").fill("nowhere")
    page.get_by_role("button", name="Send").click()

    expect(page.locator(".try__status")).to_contain_text("400 invalid_request")
    expect(page.locator(".try__answer pre")).to_contain_text('"field": "country"')
    expect(page.locator(".try__next")).to_be_hidden()
    assert not Order.objects.exists()


def test_a_live_key_is_refused_before_anything_is_sent(
    open_browser: OpenBrowser, alice: User
) -> None:
    page = open_browser(user=alice)
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url))
    page.goto(f"{CREATE}#try")

    page.get_by_label("Sandbox key").fill(cast.key_for(alice))
    page.get_by_role("button", name="Send").click()

    expect(page.locator(".try__status")).to_contain_text("This is a live key")
    expect(page.get_by_label("Sandbox key")).to_be_focused()
    assert not [url for url in sent if "/api/v1/" in url]
    assert not Order.objects.exists()


def test_a_lost_network_is_told(open_browser: OpenBrowser, alice: User) -> None:
    page = open_browser(user=alice)
    page.goto("/docs/api/get-balance/#try")
    page.evaluate("() => { window.fetch = () => Promise.reject(new TypeError('gone')); }")

    page.get_by_role("button", name="Send").click()

    expect(page.locator(".try__status")).to_contain_text("No answer came")


def test_a_stranger_brings_a_key_of_their_own(open_browser: OpenBrowser, alice: User) -> None:
    page = open_browser()
    page.goto("/docs/api/get-balance/")
    page.get_by_text("Try it in the sandbox").click()
    expect(page.get_by_label("Sandbox key")).to_have_value("")

    page.get_by_label("Sandbox key").fill(cast.key_for(alice, mode=Mode.SANDBOX))
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".try__status")).to_contain_text("200 OK")
    page.goto("/docs/api/get-account/#try")

    expect(page.get_by_label("Sandbox key")).to_have_value(re.compile("^nx_test_"))


def test_the_language_of_samples_is_chosen_once(open_browser: OpenBrowser) -> None:
    page = open_browser(viewport=DESKTOP, permissions=["clipboard-read", "clipboard-write"])
    page.goto(CREATE)
    expect(page.locator(".samples__pane pre").first).to_contain_text("curl -X POST")

    page.get_by_role("radio", name="PHP").check(force=True)
    expect(page.locator("#samples .samples__pane:visible pre")).to_contain_text("curl_init")
    page.locator("#samples .samples__pane:visible .copy").click()
    assert page.evaluate("navigator.clipboard.readText()").startswith("<?php")
    page.goto("/docs/guides/first-order/")

    for pane in page.locator(".samples__tabs ~ .samples__pane:visible pre").all():
        expect(pane).to_contain_text("<?php")


def test_a_deep_link_leads_to_the_field_and_shows_it(open_browser: OpenBrowser) -> None:
    page = open_browser(viewport=DESKTOP)

    page.goto(f"{CREATE}#body-max_price")

    expect(page.locator("#body-max_price")).to_be_in_viewport()
    page.goto(f"{GET}#error-rate_limited")
    expect(page.locator("#error-rate_limited")).to_be_in_viewport()
    top = page.locator("#error-rate_limited").bounding_box()
    assert top is not None
    assert top["y"] > 50, "the header must not lie on it"


def test_searching_by_keyboard(open_browser: OpenBrowser) -> None:
    page = open_browser(viewport=DESKTOP)
    page.goto("/docs/")

    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("cancel_too")
    expect(page.locator("#find-results mark").first).to_have_text("cancel_too")
    page.keyboard.press("Escape")
    expect(page.locator("#find-results")).to_be_hidden()
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("_early")
    expect(page.locator("#find-results mark").first).to_have_text("cancel_too_early")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")

    page.wait_for_url("**/docs/errors/#cancel_too_early")
    expect(page.locator("#cancel_too_early")).to_be_in_viewport()


def test_the_page_of_search_follows_the_typing(open_browser: OpenBrowser) -> None:
    page = open_browser()
    page.goto("/docs/search/")

    page.get_by_role("searchbox").fill("no_numb")

    expect(page.locator("#finds mark").first).to_have_text("no_numb")
    expect(page).to_have_url(re.compile("q=no_numb"))
    page.get_by_role("searchbox").fill("zzzz")
    expect(page.get_by_text("Nothing has “zzzz” in it")).to_be_visible()


def test_it_is_read_and_searched_without_scripts(open_browser: OpenBrowser) -> None:
    page = open_browser(java_script_enabled=False)
    page.goto("/docs/")
    page.locator(".docs-contents summary").click()
    page.locator(".docs-contents").get_by_role("link", name="Create an order").click()
    expect(page.get_by_role("heading", name="Create an order")).to_be_visible()

    page.get_by_role("radio", name="Python").check(force=True)
    expect(page.locator("#samples .samples__pane:visible pre")).to_contain_text("import requests")
    page.get_by_role("searchbox").fill("signature")
    page.get_by_role("searchbox").press("Enter")
    page.get_by_role("link", name="Verify the signature").click()

    expect(page.get_by_role("heading", name="Verify the signature")).to_be_visible()


def test_the_whole_way_by_keyboard(open_browser: OpenBrowser, alice: User) -> None:
    page = open_browser(user=alice, viewport=DESKTOP)
    page.goto("/docs/api/get-balance/")

    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    _tab_to(page, "#samples input[type=radio]")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#samples .samples__pane:visible pre")).to_contain_text("fetch")
    _tab_to(page, ".try summary")
    page.keyboard.press("Enter")
    _tab_to(page, "#try button")
    page.keyboard.press("Enter")

    expect(page.locator(".try__status")).to_contain_text("200 OK")


def _tab_to(page: Page, selector: str) -> None:
    """Press Tab until such an element has the focus, visibly."""
    for _press in range(120):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"{selector} cannot be reached by keyboard")


def test_the_switch_of_languages_stays_on_the_page(open_browser: OpenBrowser) -> None:
    page = open_browser(language="id")
    page.goto(f"{CREATE}?lang=id")
    expect(page.get_by_role("heading", name="Buat pesanan")).to_be_visible()

    page.get_by_role("button", name="EN, English").click()

    expect(page.get_by_role("heading", name="Create an order")).to_be_visible()
    assert page.url.endswith(CREATE)


@pytest.mark.parametrize(
    ("address", "words"),
    [("/docs/swagger/", "Create an order"), ("/docs/redoc/", "Create an order")],
)
def test_the_viewers_stand(
    open_browser: OpenBrowser, alice: User, address: str, words: str
) -> None:
    page = open_browser(user=alice, viewport=DESKTOP)
    elsewhere: list[str] = []
    page.on("request", lambda request: elsewhere.append(request.url))

    page.goto(address)

    expect(page.get_by_text(words).locator("visible=true").first).to_be_visible()
    ours = page.evaluate("location.origin")
    assert page.locator("img[alt='redocly logo']").count() == 0
    assert [url for url in elsewhere if not url.startswith((ours, "data:", "blob:"))] == []


def test_swagger_ui_calls_with_the_readers_key(open_browser: OpenBrowser, alice: User) -> None:
    page = open_browser(user=alice, viewport=DESKTOP)
    page.goto("/docs/swagger/")

    page.locator("#operations-account-getBalance .opblock-summary-control").click()
    page.get_by_role("button", name="Execute").click()

    expect(page.locator(".live-responses-table .response .microlight").first).to_contain_text(
        '"success": true'
    )


def test_every_call_is_tried_from_its_page(open_browser: OpenBrowser, alice: User) -> None:
    """Each form makes a call that the API understands: it answers, and never with a 5xx or 404."""
    page = open_browser(user=alice, viewport=DESKTOP)
    refused: dict[str, str] = {}

    for call in reference("en").calls:
        if "{id}" in call.path:
            continue
        page.goto(f"{reverse('docs_call', args=[call.slug])}#try")
        if call.name == "createWebhook":
            page.locator("#try-body-endpoint_url").fill("https://1.1.1.1/hook")
        page.get_by_role("button", name="Send").click()
        status = page.locator(".try__status")
        expect(status).to_contain_text(re.compile(r"\d{3} "))
        if not status.inner_text().startswith("200 OK"):
            refused[call.name] = status.inner_text()

    assert refused == {}
