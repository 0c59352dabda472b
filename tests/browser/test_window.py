"""The landing and the frame in a browser: live search, weight, stillness, keyboard, trouble."""

import gzip
import json
import re
import shlex
import subprocess

import pytest
from playwright.sync_api import Page, Route, expect

from accounts.models import User
from tests import cast
from tests.browser.conftest import OpenBrowser

pytestmark = [pytest.mark.usefixtures("committed"), pytest.mark.slow]

PHONE = {"width": 360, "height": 740}
# A page's own weight in production, pictures aside.
MOST_BYTES = 100_000


def test_the_search_follows_the_typing_and_leads_to_prices(open_browser: OpenBrowser) -> None:
    page = open_browser(viewport=PHONE)
    page.goto("/")

    page.get_by_role("searchbox").fill("telegr")

    expect(page.locator(".tile__name").first).to_have_text("Telegram")
    expect(page.locator("#results")).not_to_have_attribute("aria-busy", "true")
    assert page.url.endswith("/?q=telegr")
    page.locator(".tile").first.click()
    page.wait_for_url("**/prices/telegram/")
    page.locator(".row").first.click()
    expect(page.get_by_label("E-mail")).to_be_visible()
    assert "next=/buy/telegram/" in page.url


def test_it_is_searched_without_scripts(open_browser: OpenBrowser) -> None:
    page = open_browser(viewport=PHONE, java_script_enabled=False)
    page.goto("/")

    page.get_by_role("searchbox").fill("telegr")
    page.get_by_role("searchbox").press("Enter")

    expect(page.locator(".tile__name").first).to_have_text("Telegram")


def test_it_is_light_and_stands_still(open_browser: OpenBrowser) -> None:
    page = open_browser(viewport=PHONE)
    page.add_init_script(
        "window.shifts = 0; new PerformanceObserver((list) => {"
        " for (const entry of list.getEntries()) window.shifts += entry.value;"
        "}).observe({ type: 'layout-shift', buffered: true });"
    )
    page.goto("/", wait_until="networkidle")

    names: list[str] = page.evaluate(
        "performance.getEntries().filter((e) => e.transferSize).map((e) => e.name)"
    )
    pictures = re.compile(r"\.(svg|png)$|/marks/|/flags[.]")
    own = {name: _weight(page, name) for name in names if not pictures.search(name.split("#")[0])}
    assert len(own) > 8
    assert sum(own.values()) < MOST_BYTES, own
    assert page.evaluate("window.shifts") < 0.02


def _weight(page: Page, address: str) -> int:
    """How many bytes of it go over the wire: files are compressed by collectstatic."""
    body = page.request.get(address).body()
    return len(gzip.compress(body)) if "/static/" in address else len(body)


def test_the_landing_by_keyboard(open_browser: OpenBrowser) -> None:
    page = open_browser(viewport={"width": 1440, "height": 900})
    page.goto("/")

    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    _tab_to(page, "#q")
    page.keyboard.type("whats")
    expect(page.locator(".tile__name").first).to_have_text("WhatsApp")
    _tab_to(page, ".tile")
    _tab_to(page, ".faq summary")
    page.keyboard.press("Enter")
    expect(page.locator(".faq details").first.locator("p")).to_be_visible()
    _tab_to(page, ".foot__links a")
    page.keyboard.press("Enter")
    page.wait_for_url("**/prices/")


def test_the_navigation_by_keyboard(open_browser: OpenBrowser, alice: User) -> None:
    page = open_browser(user=alice, viewport=PHONE)
    page.goto("/buy/")

    _tab_to(page, ".tabs a[href='/orders/']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/orders/")
    _tab_to(page, ".menu summary")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Sign out")).to_be_hidden()
    expect(page.locator(".menu summary")).to_be_focused()


def _tab_to(page: Page, selector: str) -> None:
    """Press Tab until such an element has the focus, and see that it shows."""
    for _press in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            style = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert style != "none", f"{selector} does not show its focus"
            return
    raise AssertionError(f"{selector} cannot be reached by keyboard")


def test_the_bar_is_under_the_thumb_and_covers_nothing(
    open_browser: OpenBrowser, alice: User
) -> None:
    page = open_browser(user=alice, viewport=PHONE)
    page.goto("/buy/")

    bar = page.locator(".tabs").bounding_box()
    assert bar is not None
    assert bar["y"] + bar["height"] == pytest.approx(PHONE["height"], abs=1)
    page.keyboard.press("End")
    note = page.locator(".foot__note")
    note.scroll_into_view_if_needed()
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    below = note.bounding_box()
    assert below is not None
    assert below["y"] + below["height"] <= bar["y"]


def test_a_theme_is_chosen_and_stays(open_browser: OpenBrowser) -> None:
    page = open_browser(viewport=PHONE, color_scheme="light")
    page.goto("/terms/")
    paper = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(paper)

    page.get_by_role("button", name="Dark").click()
    page.wait_for_load_state()

    dark = page.evaluate(paper)
    assert dark != light
    page.goto("/prices/")
    assert page.evaluate(paper) == dark
    assert page.locator(".foot [name=theme][aria-current]").inner_text() == "Dark"


def test_a_lost_shop_is_told_and_asked_again(open_browser: OpenBrowser, alice: User) -> None:
    # Chromium and htmx note the lost answer on the console.
    page = open_browser(user=alice, viewport=PHONE, may_lose_live=True)
    page.goto("/buy/")
    lost: list[str] = []

    def lose(route: Route) -> None:
        lost.append(route.request.url)
        if len(lost) == 1:
            route.fulfill(status=503, body="")
        else:
            route.continue_()

    page.route(re.compile(r"/buy/\?q="), lose)
    page.get_by_role("searchbox").fill("telegr")

    expect(page.locator("#connection")).to_have_text("That did not work. Trying again …")
    expect(page.locator(".tile__name").first).to_have_text("Telegram")
    expect(page.locator("#connection")).to_have_text("Connected again.")
    assert len(lost) == 2
    assert lost[0] == lost[1]


def test_the_sample_works_as_printed(
    open_browser: OpenBrowser, alice: User, web_server: str
) -> None:
    page = open_browser()
    page.goto("/")
    sample = page.locator(".api__sample").inner_text().split("\n\n")[0]

    command = sample.replace("\\\n", " ").replace("$KEY", cast.key_for(alice))
    done = subprocess.run(
        [*shlex.split(command), "-s", "--noproxy", "*"], capture_output=True, text=True, check=True
    )

    assert sample.startswith(f"curl -X POST {web_server}/")
    answer = json.loads(done.stdout)
    assert answer["data"]["status"] == "waiting"
