"""The whole way of somebody who has nothing but the address, on a small phone, in each language."""

import re
from collections.abc import Callable, Iterator

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import User
from catalog.models import Supplier
from orders.actions import poll_supplier
from orders.models import Order
from orders.reports import audit_ledger
from orders.states import Status
from suppliers.simulator.remote import RemoteSimulator
from tests import cast
from tests.browser.conftest import OpenBrowser
from tests.server import serve
from tests.wallet.top_ups import scenes
from wallet.actions import check_due_payments
from wallet.gateways.simulator.server import running

pytestmark = [pytest.mark.usefixtures("committed", "simulator"), pytest.mark.slow]

WORDS = {
    "en": {
        "sign up": "Sign up",
        "password": "Password",
        "terms": "I accept the terms",
        "open": "Open an account",
        "top up": "Top up",
        "amount": "Rp\u00a050,000",
        "go on": "Go on",
        "pay": "Pay with Online",
        "paid": "is in your wallet now.",
        "buy": "Buy for",
        "finish": "Finish",
        "over": "Finished",
    },
    "id": {
        "sign up": "Daftar",
        "password": "Kata sandi",
        "terms": "Saya menyetujui ketentuan",
        "open": "Buat akun",
        "top up": "Isi saldo",
        "amount": "Rp\u00a050.000",
        "go on": "Lanjutkan",
        "pay": "Bayar dengan Online",
        "paid": "sudah masuk ke dompet Anda.",
        "buy": "Beli seharga",
        "finish": "Selesai",
        "over": "Selesai",
    },
}


@pytest.fixture(scope="module")
def web_server(django_db_setup: None, own_redis_database: None, mail_folder: str) -> Iterator[str]:
    """A shop that keeps its mail."""
    with serve(MAIL_FOLDER=mail_folder) as base_url:
        yield base_url


@pytest.mark.parametrize("language", ["id", "en"])
def test_from_the_address_to_the_code(
    open_browser: OpenBrowser,
    bring_mail: Callable[[], None],
    alpha: Supplier,
    simulator: RemoteSimulator,
    language: str,
) -> None:
    words = WORDS[language]
    page = open_browser(language=language, viewport={"width": 360, "height": 740})

    page.goto("/")
    page.locator(".hero").get_by_role("link", name=words["sign up"]).click()
    _open_account(page, words, bring_mail)
    with running() as (address, _server):
        scenes.online_method(address)
        _top_up(page, words)
    _buy(page, words)

    order = Order.objects.get()
    simulator.deliver(cast.attempt_of(order).reference, code="471199")
    poll_supplier(alpha, now=timezone.now())
    expect(page.locator("#code")).to_have_text("471199")
    page.get_by_role("button", name=words["finish"]).click()
    expect(page.locator(".order__head .status")).to_have_text(words["over"])

    order.refresh_from_db()
    assert order.status == Status.SUCCESS
    assert cast.balance(User.objects.get(email="dewi@example.test")) == 50_000 - order.price
    assert audit_ledger() == []


def _open_account(page: Page, words: dict[str, str], bring_mail: Callable[[], None]) -> None:
    page.locator("input[type=email]").fill("dewi@example.test")
    page.get_by_label(words["password"]).fill("wholly my own one")
    page.get_by_label(words["terms"]).check()
    page.get_by_role("button", name=words["open"]).click()
    expect(page.locator("input[name=code]")).to_be_visible()
    bring_mail()
    with page.context.expect_page() as opened:
        page.locator("a[href='/dev/mail/']").click()
    mail = opened.value
    code = re.findall(r"^\d{6}$", mail.locator("pre").first.inner_text(), re.MULTILINE)[0]
    mail.close()
    page.locator("input[name=code]").fill(code)
    page.locator("input[name=code]").press("Enter")
    expect(page.locator(".balance-pill")).to_be_visible()


def _top_up(page: Page, words: dict[str, str]) -> None:
    page.locator(".balance-pill").click()
    page.get_by_role("link", name=words["top up"]).first.click()
    page.get_by_role("button", name=words["amount"]).click()
    page.get_by_role("button", name=words["go on"]).click()
    page.get_by_role("link", name=words["pay"]).click()
    page.get_by_role("button").first.click()
    while check_due_payments(now=timezone.now()):
        pass
    expect(page.get_by_text(words["paid"])).to_be_visible()


def _buy(page: Page, words: dict[str, str]) -> None:
    page.locator(".tabs a").first.click()
    page.get_by_role("searchbox").press_sequentially("whatsap")
    page.locator("#results").get_by_role("link", name="WhatsApp").click()
    page.get_by_role("link", name="Indonesia").click()
    page.get_by_role("button", name=re.compile(words["buy"])).click()
    page.wait_for_url("**/orders/ord_*")
