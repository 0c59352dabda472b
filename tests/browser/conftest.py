"""A real Chromium in front of a real web process on the test's database.

Anything a page says on its console (a violated content policy, a script's error) fails the test.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright
from pytest_django import Settings

from accounts.mails import send_mails
from accounts.models import User
from dev.system_packages import BROWSERS
from tests import cast

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "test-artifacts"
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# A page that says "no" is an answer, and Chromium notes its status on the console.
_REFUSALS = tuple(
    f"Failed to load resource: the server responded with a status of {status}"
    for status in (400, 403, 404, 409, 422)
)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser a module: its event loop must be gone before other tests start theirs."""
    path = next(found for name in BROWSERS if (found := shutil.which(name)))
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_ARGUMENTS)
            yield browser
            # While an event loop runs, Django keeps a connection of its own for it.
            connection.close()
            browser.close()
    finally:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture(scope="module")
def mail_folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Where a shop that keeps its mail keeps it."""
    return str(tmp_path_factory.mktemp("mail"))


@pytest.fixture
def bring_mail(mail_folder: str, settings: Settings) -> Callable[[], None]:
    """Does what the worker for mail does; the web process alone sends none."""
    settings.MAIL_FOLDER = mail_folder
    settings.EMAIL_BACKEND = "nexotp.lib.outbox.FolderBackend"

    def bring() -> None:
        while send_mails(now=timezone.now()):
            pass

    return bring


OpenBrowser = Callable[..., Page]


@pytest.fixture
def open_browser(
    request: pytest.FixtureRequest, committed: None, web_server: str, chromium: Browser
) -> Iterator[OpenBrowser]:
    """Open a browser on a phone in English, or as the options say, signed in as `user`."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not message.text.startswith(_REFUSALS):
            complaints.append(message.text)

    def open_one(
        *,
        user: User | None = None,
        language: str = "en",
        may_lose_live: bool = False,
        **options: Any,
    ) -> Page:
        options = {"viewport": {"width": 390, "height": 844}, **options}
        context = chromium.new_context(base_url=web_server, **options)
        context.set_default_timeout(10_000)
        contexts.append(context)
        cookies = {"django_language": language} | (_session_of(user) if user else {})
        context.add_cookies(
            [{"name": n, "value": v, "url": web_server} for n, v in cookies.items()]
        )
        page = context.new_page()
        # A stream that ends is an error to Chromium, and may be what the test is about.
        if not may_lose_live:
            page.on("console", listen)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield open_one
    PICTURES.mkdir(exist_ok=True)
    for number, context in enumerate(contexts):
        for page in context.pages:
            page.screenshot(path=PICTURES / f"{request.node.name}-{number}.png")
        context.close()
    assert not complaints


def _session_of(user: User) -> dict[str, str]:
    client = Client()
    cast.sign_in(client, user)
    return {settings.SESSION_COOKIE_NAME: client.cookies[settings.SESSION_COOKIE_NAME].value}
