"""`make screenshots`: the pictures of the README and the docs, the icons and the social card.

Starts a fresh demo shop, walks it as a buyer would, and throws it away. ARGS=icons draws the icons
only, which need no shop.
"""

from __future__ import annotations

import base64
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from dev import ports, processes
from dev.processes import DevError
from dev.system_packages import BROWSERS

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs/images"
ICONS = ROOT / "static/icons"
LOGO = ROOT / "static/favicon.svg"
PAPER, GREEN = "#f5f3ee", "#0e6b58"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
READY_WITHIN = 120
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 800}
# As the demo prints them.
BUYER, PASSWORD = "buyer@nexotp.test", "nexotp-demo"


def main(arguments: list[str]) -> int:
    processes.exit_on_signals()
    path = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if path is None:
        raise DevError("There is no Chromium here.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        draw_icons(browser)
        if arguments != ["icons"]:
            with demo_shop() as base_url:
                take_pictures(browser, base_url)
        browser.close()
    return 0


def draw_icons(browser: Browser) -> None:
    """Draw the logo at the sizes that phones ask for, and full-bleed where they cut it round."""
    ICONS.mkdir(exist_ok=True)
    logo = base64.b64encode(LOGO.read_bytes()).decode()
    for name, size, share, ground in (
        ("icon-192", 192, 0.92, "transparent"),
        ("icon-512", 512, 0.92, "transparent"),
        ("full-512", 512, 0.62, PAPER),
        ("touch", 180, 0.72, PAPER),
    ):
        page = browser.new_page(viewport={"width": size, "height": size})
        page.set_content(
            f'<body style="margin:0;display:grid;place-items:center;height:100vh;'
            f'background:{ground}"><img width="{size * share:.0f}" '
            f'src="data:image/svg+xml;base64,{logo}">'
        )
        page.screenshot(path=ICONS / f"{name}.png", omit_background=True)
        page.close()


@contextmanager
def demo_shop() -> Iterator[str]:
    """A shop of its own with the demo's data; gives its address."""
    port = ports.free_place()
    with tempfile.TemporaryDirectory(prefix="nexotp-pictures-") as folder:
        log = Path(folder) / "shop.log"
        shop = processes.spawn(
            [sys.executable, "-m", "dev.run"],
            env={**os.environ, "PORT": str(port), "NEXOTP_DATA": f"{folder}/data"},
            cwd=ROOT,
            log=log,
        )
        try:
            if not processes.wait_until(lambda: _is_ready(log, shop), timeout=READY_WITHIN):
                raise DevError(f"The demo did not start:\n{log.read_text()[-2000:]}")
            yield f"http://127.0.0.1:{port}"
        finally:
            shop.terminate()
            shop.wait(timeout=60)


def _is_ready(log: Path, shop: subprocess.Popen[bytes]) -> bool:
    if shop.poll() is not None:
        raise DevError(f"The demo ended:\n{log.read_text()[-2000:]}")
    return "NexOTP is ready" in log.read_text()


def take_pictures(browser: Browser, base_url: str) -> None:
    IMAGES.mkdir(exist_ok=True)
    desk = _visitor(browser, base_url, DESK)
    desk.goto("/?lang=en")
    _take(desk, "landing")
    _take_card(browser, base_url)
    phone = _visitor(browser, base_url, PHONE)
    _sign_in(phone)
    _order(phone)
    _take(phone, "order-phone")
    address = phone.url
    at_desk = _visitor(browser, base_url, DESK)
    _sign_in(at_desk)
    at_desk.goto(address)
    _take(at_desk, "order")
    for context in browser.contexts:
        context.close()


def _visitor(browser: Browser, base_url: str, size: dict[str, int], **options: bool) -> Page:
    context: BrowserContext = browser.new_context(
        base_url=base_url,
        viewport={"width": size["width"], "height": size["height"]},
        reduced_motion="reduce",
        color_scheme="light",
        **options,  # type: ignore[arg-type]
    )
    context.set_default_timeout(30_000)
    context.add_cookies([{"name": "django_language", "value": "en", "url": base_url}])
    return context.new_page()


def _sign_in(page: Page) -> None:
    page.goto("/buy/")
    page.get_by_label(re.compile("mail", re.I)).fill(BUYER)
    page.get_by_label("Password").first.fill(PASSWORD)
    page.locator("main").get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url("**/buy/")


def _order(page: Page) -> None:
    """Buy a number and wait for its code."""
    page.goto("/buy/whatsapp/id/")
    page.locator("#buy-button").click()
    page.wait_for_url("**/orders/ord_*")
    page.locator(".code").wait_for(timeout=60_000)


def _take_card(browser: Browser, base_url: str) -> None:
    """What a link to the shop looks like where people talk: 1200 by 630, by the standard."""
    page = _visitor(browser, base_url, {"width": 1200, "height": 630}, bypass_csp=True)
    page.goto("/?lang=id")
    page.add_style_tag(
        content=".top__links, .top__end, #results { visibility: hidden } .top { border: 0 }"
        " .hero { padding-top: 40px } .hero .search { display: none }"
    )
    _shoot(page, ICONS / "card.png")


def _take(page: Page, name: str) -> None:
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(500)
    _shoot(page, IMAGES / f"{name}.png")


def _shoot(page: Page, path: Path) -> None:
    page.screenshot(path=path)
    print(f"{path.relative_to(ROOT)}  {path.stat().st_size // 1024} kB")


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except DevError as error:
        sys.exit(f"make screenshots: {error}")
