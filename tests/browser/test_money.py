"""Paying in, on the smallest phone: at a gateway, and by a transfer that a person approves."""

from collections.abc import Iterator

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import User
from orders.reports import audit_ledger
from tests import cast
from tests.browser.conftest import OpenBrowser
from tests.wallet.top_ups import scenes
from wallet.actions import check_due_payments
from wallet.gateways.simulator.server import GatewayServer, running
from wallet.models import PaymentMethod, TopUp

pytestmark = [pytest.mark.usefixtures("committed"), pytest.mark.slow]

SMALL = {"width": 360, "height": 640}


@pytest.fixture
def gateway(committed: None) -> Iterator[GatewayServer]:
    with running() as (address, server):
        scenes.online_method(address)
        yield server


@pytest.fixture
def bank(committed: None) -> PaymentMethod:
    return scenes.bank_method()


def has_no_sideways(page: Page) -> bool:
    wider = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    return bool(page.evaluate(wider))


@pytest.mark.parametrize("fault", ["", "lost_callback", "doubled_callback", "forged_signature"])
def test_a_buyer_pays_at_the_gateway_and_is_credited_once(
    open_browser: OpenBrowser, gateway: GatewayServer, fault: str
) -> None:
    buyer = cast.open_account("buyer")
    gateway.books.faults.update({fault: 1} if fault else {})
    page = open_browser(user=buyer, viewport=SMALL)
    page.goto("/wallet/")

    page.get_by_role("link", name="Top up").first.click()
    page.get_by_role("button", name="Rp\u00a0100,000").click()
    assert has_no_sideways(page)
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("link", name="Pay with Online").click()
    page.get_by_role("button", name="Pay").click()
    expect(page.get_by_text("We are asking the payment provider.")).to_be_visible()
    assert has_no_sideways(page)
    # What the worker does as soon as it is woken, and by itself every few seconds.
    while check_due_payments(now=timezone.now()):
        pass

    expect(page.get_by_text("is in your wallet now.")).to_be_visible()
    expect(page.locator(".balance-pill")).to_contain_text("Rp\u00a0100,000")
    assert cast.balance(buyer) == 100_000
    assert audit_ledger() == []


def test_a_transfer_with_proof_is_approved_and_in_the_wallet(
    open_browser: OpenBrowser, bank: PaymentMethod, staff: User
) -> None:
    buyer = cast.open_account("buyer")
    page = open_browser(user=buyer, viewport=SMALL)
    page.goto("/wallet/top-up/?amount=50000")
    page.get_by_role("button", name="Go on").click()
    top_up = TopUp.objects.get()
    expect(page.locator(".transfer__value--large")).to_have_text(f"Rp\u00a0{top_up.amount:,}")
    assert has_no_sideways(page)

    page.get_by_label("Transferred?").set_input_files(
        {"name": "transfer.png", "mimeType": "image/png", "buffer": scenes.PNG}
    )
    page.get_by_role("button", name="Send proof").click()
    expect(page.get_by_text("We are looking for your payment.")).to_be_visible()

    staff.is_superuser = True
    staff.save()
    office = open_browser(user=staff, viewport={"width": 1280, "height": 900})
    office.goto(f"/admin/wallet/topup/{top_up.pk}/approve/")
    office.get_by_role("button", name="Approve this top-up").click()
    expect(office.get_by_text("Credited").first).to_be_visible()

    page.goto("/wallet/")
    expect(page.locator(".purse__amount")).to_have_text(f"Rp\u00a0{top_up.amount:,}")
    assert audit_ledger() == []


def test_without_scripts_a_form_still_leads_to_the_payment(
    open_browser: OpenBrowser, gateway: GatewayServer
) -> None:
    page = open_browser(user=cast.open_account("buyer"), viewport=SMALL, java_script_enabled=False)
    page.goto("/wallet/top-up/")

    page.get_by_label("Amount", exact=True).fill("75.000")
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("link", name="Pay with Online").click()

    expect(page.get_by_text("IDR 75,000")).to_be_visible()


@pytest.mark.parametrize("language", ["id", "en"])
@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (360, "dark"), (1440, "light")])
def test_no_page_about_money_is_wider_than_the_screen(
    open_browser: OpenBrowser,
    alice: User,
    bank: PaymentMethod,
    gateway: GatewayServer,
    language: str,
    width: int,
    scheme: str,
) -> None:
    order = cast.order_row(alice)
    top_up = scenes.with_proof(alice, bank)
    online = scenes.started(alice, PaymentMethod.objects.get(code="online"))
    page = open_browser(
        user=alice,
        language=language,
        viewport={"width": width, "height": 800},
        color_scheme=scheme,
    )

    for address in (
        "/wallet/",
        "/wallet/?kind=refund",
        "/wallet/top-up/",
        f"/wallet/top-up/{top_up.public_id}/",
        f"/wallet/top-up/{online.public_id}/",
        "/orders/history/",
        "/orders/history/?q=nothing",
        f"/orders/{order.public_id}/receipt",
    ):
        page.goto(address)
        assert has_no_sideways(page), address
