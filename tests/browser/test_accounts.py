"""Coming in, in a real browser: by code, by app, by recovery code, by passkey, by keyboard."""

import re
import time
from collections.abc import Callable, Iterator

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core.cache import cache
from playwright.sync_api import CDPSession, Page, expect
from pytest_django import Settings

from accounts.models import User
from tests import cast
from tests.browser.conftest import OpenBrowser
from tests.browser.test_pages import _look_at
from tests.server import serve

pytestmark = [pytest.mark.usefixtures("committed"), pytest.mark.slow]


@pytest.fixture(scope="module")
def web_server(django_db_setup: None, own_redis_database: None, mail_folder: str) -> Iterator[str]:
    """A shop that keeps its mail, under the name that passkeys need."""
    with serve(MAIL_FOLDER=mail_folder) as base_url:
        yield base_url.replace("127.0.0.1", "localhost")


@pytest.fixture
def alice(alice: User, settings: Settings) -> User:
    """With a hash that the web process knows; the tests' own is a cheap one."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    alice.set_password(cast.PASSWORD)
    alice.save()
    return alice


def sign_in(page: Page, user: User, password: str = cast.PASSWORD) -> None:
    page.goto("/sign-in/")
    page.get_by_label("E-mail").fill(user.email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()


def code_of(secret: str, *, steps: int = 0) -> str:
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30 + steps)))


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ["Open an account", "E-mail", "Password", "I accept the terms", "Confirm"]),
        ("id", ["Buat akun", "Email", "Kata sandi", "Saya menyetujui ketentuan", "Konfirmasi"]),
    ],
)
def test_a_newcomer_comes_in_with_nothing_but_the_address(
    open_browser: OpenBrowser, bring_mail: Callable[[], None], language: str, words: list[str]
) -> None:
    page = open_browser(language=language, viewport={"width": 360, "height": 740})
    page.goto("/wallet/")
    open_account, email, password, terms, confirm = words
    page.get_by_role("link", name=open_account).click()
    page.get_by_label(email).fill("carol@example.test")
    page.get_by_label(password).fill("wholly my own one")
    page.get_by_label(terms).check()
    page.get_by_role("button", name=open_account).click()
    expect(page.locator("input[name=code]")).to_be_visible()
    bring_mail()

    with page.context.expect_page() as opened:
        page.locator("a[href='/dev/mail/']").click()
    mail = opened.value
    code = re.findall(r"^\d{6}$", mail.locator("pre").first.inner_text(), re.MULTILINE)[0]
    mail.close()
    page.locator("input[name=code]").fill(code)
    page.get_by_role("button", name=confirm).click()

    expect(page.locator(".purse")).to_be_visible()
    assert User.objects.get().email == "carol@example.test"


def test_an_app_and_a_recovery_code_are_the_second_step(
    open_browser: OpenBrowser, alice: User
) -> None:
    page = open_browser(user=alice)
    page.goto("/account/security/")
    page.get_by_role("link", name="Set up").click()
    secret = page.locator(".secret").inner_text()
    _look_at(page, "authenticator-390-en")
    page.get_by_label("Code that the app shows").fill(code_of(secret))
    page.get_by_role("button", name="Switch on").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    recovery = page.locator(".codes li").first.inner_text()

    for code in (code_of(secret, steps=1), recovery):
        other = open_browser()
        sign_in(other, alice)
        other.get_by_label("Code", exact=True).fill(code)
        other.get_by_role("button", name="Sign in").click()
        expect(other.get_by_role("heading", name="What is the code for?")).to_be_visible()


def add_virtual_device(page: Page) -> CDPSession:
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return session


def test_a_passkey_opens_the_account_without_a_password(
    open_browser: OpenBrowser, alice: User
) -> None:
    page = open_browser(user=alice)
    add_virtual_device(page)
    page.goto("/account/security/")
    page.get_by_role("link", name="Add a passkey").click()
    page.get_by_label("Name").fill("My phone")
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    page.goto("/account/security/")
    expect(page.get_by_role("link", name="My phone")).to_be_visible()

    page.locator(".menu summary").click()
    page.get_by_role("button", name="Sign out").click()
    page.goto("/sign-in/?next=/wallet/")
    page.get_by_role("button", name="Sign in with a passkey").click()

    expect(page.locator(".purse")).to_be_visible()
    # Before a key, the passkey is enough as well.
    cast.let_time_pass_since_sign_in()
    page.goto("/developers/keys/add/")
    page.get_by_role("link", name="With a passkey").click()
    page.get_by_role("button", name="Use your passkey").click()
    expect(page.get_by_role("heading", name="Make a key")).to_be_visible()


def test_a_passkey_is_a_second_step_too(open_browser: OpenBrowser, alice: User) -> None:
    page = open_browser(user=alice)
    add_virtual_device(page)
    page.goto("/account/security/passkeys/add/")
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    page.context.clear_cookies(name="sessionid")

    sign_in(page, alice)
    page.get_by_role("button", name="Use your passkey").click()

    expect(page.get_by_role("heading", name="What is the code for?")).to_be_visible()


def test_a_passkey_that_is_refused_leaves_a_way(open_browser: OpenBrowser, alice: User) -> None:
    page = open_browser()
    page.goto("/sign-in/")
    session = add_virtual_device(page)

    page.get_by_role("button", name="Sign in with a passkey").click()

    expect(page.get_by_role("alert")).to_contain_text("The passkey was not used")
    session.detach()
    sign_in(page, alice)
    expect(page.get_by_role("heading", name="What is the code for?")).to_be_visible()


def test_the_keyboard_is_enough(open_browser: OpenBrowser, alice: User) -> None:
    page = open_browser()
    page.goto("/sign-in/?next=/wallet/")
    expect(page.get_by_label("E-mail")).to_be_focused()

    page.keyboard.type(alice.email)
    page.keyboard.press("Tab")
    page.keyboard.type(cast.PASSWORD)
    page.keyboard.press("Enter")

    expect(page.locator(".purse")).to_be_visible()


def test_without_scripts_a_password_is_enough(open_browser: OpenBrowser, alice: User) -> None:
    page = open_browser(java_script_enabled=False)

    sign_in(page, alice)

    expect(page.get_by_role("heading", name="What is the code for?")).to_be_visible()
    page.goto("/sign-in/")
    assert page.get_by_role("button", name="Sign in with a passkey").count() == 0


def test_a_key_is_made_copied_and_revoked(open_browser: OpenBrowser, alice: User) -> None:
    page = open_browser(user=alice, permissions=["clipboard-read", "clipboard-write"])
    page.goto("/developers/")
    page.get_by_role("link", name="Make a key").first.click()
    page.get_by_label("Name").fill("shop server")
    page.get_by_role("button", name="Make the key").click()
    key = page.locator("#key").inner_text()
    page.locator("#copy-key").click()
    expect(page.locator("#copy-key")).to_contain_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == key
    answer = page.request.get("/api/v1/balance", headers=cast.bearer(key))
    assert answer.status == 200

    page.get_by_role("link", name="I have copied it").click()
    page.locator("summary", has_text="Revoke").click()
    page.locator("#revoke").click()

    expect(page.get_by_text("Nobody can use it any more")).to_be_visible()
    assert page.request.get("/api/v1/balance", headers=cast.bearer(key)).status == 401


def test_the_sandbox_shows_on_every_page_and_leads_back(
    open_browser: OpenBrowser, alice: User
) -> None:
    page = open_browser(user=alice)
    page.goto("/wallet/")
    page.locator(".menu summary").click()
    page.get_by_role("button", name="Sandbox").click()

    expect(page.get_by_text("Sandbox: play money")).to_be_visible()
    page.goto("/orders/")
    page.locator(".sandbox-band button").click()

    expect(page.locator(".sandbox-band")).to_have_count(0)
    assert page.url.endswith("/orders/")


PAGES = {
    "account": "/account/",
    "email": "/account/email/",
    "password": "/account/password/",
    "security": "/account/security/",
    "sessions": "/account/sessions/",
    "delete": "/account/delete/",
    "add-passkey": "/account/security/passkeys/add/",
    "keys": "/developers/",
    "add-key": "/developers/keys/add/",
    "usage": "/developers/usage/",
    "mail": "/dev/mail/",
}


@pytest.mark.parametrize("language", ["id", "en"])
@pytest.mark.parametrize(
    ("width", "scheme"), [(360, "light"), (360, "dark"), (768, "light"), (1440, "light")]
)
def test_no_page_is_wider_than_the_screen(
    open_browser: OpenBrowser, alice: User, language: str, width: int, scheme: str
) -> None:
    screen = {"viewport": {"width": width, "height": 800}, "color_scheme": scheme}
    cast.key_for(alice, name="shop server")
    page = open_browser(user=alice, language=language, **screen)
    for name, address in PAGES.items():
        page.goto(address)
        _look_at(page, f"{name}-{width}-{scheme}-{language}")
    stranger = open_browser(language=language, **screen)
    for name in ("sign-in", "sign-up", "forgot-password"):
        stranger.goto(f"/{name}/")
        _look_at(stranger, f"{name}-{width}-{scheme}-{language}")


@pytest.mark.parametrize(
    ("width", "scheme", "language", "words"),
    [
        (360, "dark", "id", ("Nanti saja", "Baca dan setujui", "Saya setuju")),
        (1280, "light", "en", ("Not now", "Read and agree", "I agree")),
    ],
)
def test_new_terms_are_read_put_off_and_agreed_to(
    open_browser: OpenBrowser,
    alice: User,
    width: int,
    scheme: str,
    language: str,
    words: tuple[str, str, str],
) -> None:
    User.objects.filter(pk=alice.pk).update(terms_version="2020-01-01")
    later, read, agree = words
    screen = {"viewport": {"width": width, "height": 800}, "color_scheme": scheme}
    page = open_browser(user=alice, language=language, **screen)

    page.goto("/orders/")
    _look_at(page, f"agree-{width}-{scheme}-{language}")
    page.get_by_role("link", name=later).click()
    page.wait_for_url("**/orders/")
    page.goto("/buy/whatsapp/id/")
    expect(page.locator("#buy-button")).to_be_disabled()
    _look_at(page, f"buy-agree-{width}-{scheme}-{language}")
    page.get_by_role("link", name=read).click()
    page.get_by_role("button", name=agree).click()

    page.wait_for_url("**/buy/whatsapp/id/**")
    expect(page.locator("#buy-button")).to_be_enabled()


def test_the_limits_are_told_in_a_page(open_browser: OpenBrowser, alice: User) -> None:
    page = open_browser()
    for _ in range(6):
        sign_in(page, alice, "wrong")

    expect(page.get_by_role("alert")).to_contain_text("Too many tries")
    cache.clear()
