"""Every page, as people meet it: with axe-core's rules of WCAG 2.2 AA, on the smallest phone and on
a desk, in light and dark, in both languages. Nothing may be wider than the screen, and nothing may
be said on the console.
"""

import re
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.template.loader import render_to_string
from django.utils import translation
from playwright.sync_api import Page, Route

from accounts.models import User
from nexotp.lib.errors import InvalidRequest
from suppliers.simulator.remote import RemoteSimulator
from tests.browser.conftest import PICTURES, OpenBrowser
from tests.browser.registry import (
    CUSTOMER,
    NOT_PAGES,
    PAGES,
    STRANGER,
    TROUBLES,
    routes,
    set_the_scene,
)

RULES = {
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    },
    "resultTypes": ["violations"],
}
# Any two of width, theme and language meet once; all eight would take twice as long.
LOOKS = [
    (360, "light", "id"),
    (360, "dark", "en"),
    (1440, "dark", "id"),
    (1440, "light", "en"),
]


def test_every_page_is_looked_at() -> None:
    known = {shown.route for shown in PAGES} | set(NOT_PAGES)

    assert len(routes()) > 25
    assert set(routes()) - known == set(), "add these to tests/browser/registry.py"
    assert known - set(routes()) == set(), "these are gone from the URLconf"


def test_axe_sees_what_is_wrong(open_browser: OpenBrowser) -> None:
    page = open_browser()
    page.goto("/terms/")
    page.evaluate("document.querySelector('h1').outerHTML = '<img src=\"/static/favicon.svg\">'")

    assert "image-alt" in " ".join(_faults(page))


@pytest.fixture
def scene(alice: User, simulator: RemoteSimulator) -> dict[str, str]:
    return set_the_scene(alice, simulator)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.usefixtures("committed")
@pytest.mark.parametrize(("width", "scheme", "language"), LOOKS)
@pytest.mark.parametrize("visitor", [STRANGER, CUSTOMER])
def test_every_page_stands(
    request: pytest.FixtureRequest,
    open_browser: OpenBrowser,
    visitor: str,
    width: int,
    scheme: str,
    language: str,
) -> None:
    user, names = None, {}
    if visitor == CUSTOMER:
        names, user = request.getfixturevalue("scene"), request.getfixturevalue("alice")
    page = _visitor(open_browser, user, width, scheme, language)
    wrong: dict[str, list[str]] = {}

    for shown in PAGES:
        if shown.visitor == visitor:
            page.goto(shown.address.format_map(names))
            wrong[shown.name] = _look_at(page, f"{shown.name}-{width}-{scheme}-{language}")

    assert {name: faults for name, faults in wrong.items() if faults} == {}
    assert len(wrong) > 5


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize(("width", "scheme", "language"), LOOKS)
def test_every_trouble_stands(
    open_browser: OpenBrowser, width: int, scheme: str, language: str
) -> None:
    page = _visitor(open_browser, None, width, scheme, language)
    problem = InvalidRequest()
    wrong: dict[str, list[str]] = {}

    def tell(route: Route) -> None:
        template = route.request.url.rpartition("/")[2]
        context = {"retry_after": 7, "minutes": 20, "problem": problem}
        with translation.override(language):
            body = render_to_string(template, context)
        route.fulfill(body=body, content_type="text/html; charset=utf-8")

    page.route(re.compile("/trouble/"), tell)
    for template in TROUBLES:
        page.goto(f"/trouble/{template}")
        name = f"trouble-{template.removesuffix('.html')}"
        wrong[name] = _look_at(page, f"{name}-{width}-{scheme}-{language}")

    assert {name: faults for name, faults in wrong.items() if faults} == {}


def _visitor(
    open_browser: OpenBrowser, user: User | None, width: int, scheme: str, language: str
) -> Page:
    return open_browser(
        user=user,
        language=language,
        viewport={"width": width, "height": 800},
        color_scheme=scheme,
        reduced_motion="reduce",  # a fading text has no contrast yet
    )


def _look_at(page: Page, name: str) -> list[str]:
    """Take a picture and return what is wrong with the page."""
    PICTURES.mkdir(exist_ok=True)
    page.screenshot(path=PICTURES / f"{name}.png", full_page=True)
    faults = _faults(page)
    wider = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    if wider > 0:
        faults.append(f"{wider} px wider than the screen")
    return faults


def _faults(page: Page) -> list[str]:
    found: dict[str, Any] = Axe().run(page, options=RULES).response
    return [
        f"{violation['id']}: {node['html'][:160]} {node['any'][:1]}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]
