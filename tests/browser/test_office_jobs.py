"""Staff at its daily work: codes, the stop, frozen accounts, a customer's view, money by hand."""

import re
from collections.abc import Iterator

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.utils.translation import gettext, override
from playwright.sync_api import Page, expect

from accounts.models import User
from catalog.models import Service, ServiceMapping, Supplier
from office.models import Approval, CustomerView
from orders.reports import audit_ledger
from orders.states import AttemptState
from tests import cast
from tests.browser.conftest import OpenBrowser
from tests.browser.test_accounts import code_of, sign_in
from tests.browser.test_office import colleague
from tests.office.test_orders import lost

pytestmark = pytest.mark.usefixtures("committed", "simulator")

BOTH = pytest.mark.parametrize("language", ["en", "id"])
PHONE = {"width": 360, "height": 780}


def said(language: str, text: str) -> str:
    with override(language):
        return gettext(text)


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth") <= 360)


@pytest.fixture
def waiting(alpha: Supplier) -> Iterator[list[ServiceMapping]]:
    """Three codes that nobody knows, the one with the most stock first."""
    telegram = Service.objects.get(code="telegram")
    told = (("zz1", "Telegram X", telegram), ("zz2", "Nobody knows", None), ("zz3", "TG", None))
    yield [
        ServiceMapping.objects.create(
            supplier=alpha,
            code=code,
            name=name,
            service=meaning,
            listing_count=1,
            stock_count=stock,
        )
        for stock, (code, name, meaning) in zip((900, 500, 100), told, strict=True)
    ]
    ServiceMapping.objects.filter(code__in=[code for code, *_ in told]).delete()


@BOTH
def test_codes_are_reviewed_by_keyboard(
    language: str, open_browser: OpenBrowser, waiting: list[ServiceMapping]
) -> None:
    page = open_browser(
        user=colleague("dewi", "pricing"), language=language, color_scheme="dark", viewport=PHONE
    )
    known, unknown, another = waiting

    page.goto("/admin/catalog/servicemapping/")
    page.get_by_role("link", name=said(language, "Review one by one")).click()
    shown = page.locator(".office-review")
    expect(shown).to_contain_text(known.name)
    assert fits(page)
    page.keyboard.press("l")
    expect(shown).to_contain_text(unknown.name)
    page.keyboard.press("n")
    expect(shown).to_contain_text(another.name)
    page.keyboard.press("o")
    page.keyboard.type("telegram")
    page.keyboard.press("Enter")
    expect(
        page.get_by_text(said(language, "Nothing waits, apart from what you put off."))
    ).to_be_visible()
    page.goto("/admin/catalog/servicemapping/review/")
    expect(shown).to_contain_text(known.name)
    page.keyboard.press("a")
    expect(shown).to_have_count(0)

    for row in waiting:
        row.refresh_from_db()
    assert [row.is_reviewed for row in waiting] == [True, True, True]
    assert [row.service and row.service.code for row in waiting] == ["telegram", None, "telegram"]


@BOTH
def test_all_buying_is_stopped_and_goes_on(
    language: str, open_browser: OpenBrowser, alice: User, alpha: Supplier
) -> None:
    page = open_browser(user=colleague("sari", "support"), language=language, viewport=PHONE)
    page.goto("/admin/catalog/supplier/")
    page.locator("form[action$='/stop/'] [name=reason]").fill("codes come to strangers")
    page.get_by_role("button", name=said(language, "Stop now")).click()
    expect(page.get_by_text(said(language, "All buying is stopped")).first).to_be_visible()
    assert fits(page)
    expect(page.locator("form[action$='/resume/']")).to_have_count(0)
    alpha.refresh_from_db()
    assert alpha.stopped_at is not None

    shop = open_browser(user=alice, language=language)
    shop.goto("/buy/whatsapp/id/")
    expect(shop.locator("#buy-button:enabled")).to_have_count(0)

    owner = cast.open_account("owner", is_staff=True)
    desk = open_browser(user=owner, language=language, viewport={"width": 1280, "height": 800})
    desk.goto("/admin/catalog/supplier/")
    desk.locator("form[action$='/resume/'] [name=reason]").fill("it was a single number")
    desk.get_by_role("button", name=said(language, "Buy again")).click()
    expect(desk.get_by_text(said(language, "All buying is stopped"))).to_have_count(0)

    alpha.refresh_from_db()
    assert alpha.stopped_at is None


@BOTH
def test_an_account_is_frozen_and_its_owner_reads_why(
    language: str, open_browser: OpenBrowser, alice: User
) -> None:
    page = open_browser(
        user=colleague("sari", "support"), language=language, color_scheme="dark", viewport=PHONE
    )
    words = "We ask your bank about Monday's payment."
    page.goto(f"/admin/accounts/user/?q={alice.email}")
    page.locator(f"a[href*='/user/{alice.pk}/change/']").first.click()
    assert fits(page)
    page.goto(f"/admin/accounts/user/{alice.pk}/freeze/")
    page.get_by_label(said(language, "Reason")).fill("the bank called")
    page.get_by_label(said(language, "What its owner reads")).fill(words)
    page.get_by_role("button", name=said(language, "Freeze this account")).click()
    expect(page.locator(".office-banner.office-bad")).to_contain_text("the bank called")
    assert fits(page)

    owner = open_browser(user=alice, language=language, viewport=PHONE)
    owner.goto("/wallet/")
    expect(owner.locator(".frozen")).to_contain_text(words)
    expect(owner.get_by_text("the bank called")).to_have_count(0)
    owner.goto("/buy/whatsapp/id/")
    expect(owner.locator("#buy-button")).to_be_disabled()
    assert fits(owner)
    page.goto(f"/admin/accounts/user/{alice.pk}/unfreeze/")
    page.get_by_label(said(language, "Reason")).fill("all well")
    page.get_by_role("button", name=said(language, "Unfreeze this account")).click()
    page.wait_for_url("**/change/**")
    owner.reload()

    expect(owner.locator("#buy-button")).to_be_enabled()


def test_the_shop_is_seen_as_a_customer_and_left(open_browser: OpenBrowser, alice: User) -> None:
    order = cast.buy(alice)
    page = open_browser(user=colleague("sari", "support"), viewport=PHONE)
    page.goto(f"/admin/accounts/user/{alice.pk}/see/")
    page.get_by_label("Reason").fill("cannot find her order")
    page.get_by_role("button", name="See the shop as this account").click()

    bar = page.locator(".viewing")
    expect(bar).to_contain_text(alice.email)
    page.goto("/orders/")
    expect(page.locator(f"a[href='/orders/{order.public_id}']").first).to_be_visible()
    expect(bar).to_be_visible()
    assert fits(page)
    assert page.goto("/account/security/").status == 403  # type: ignore[union-attr]
    page.goto("/buy/whatsapp/id/")
    page.locator("#buy-button").click()
    page.wait_for_load_state()
    assert alice.order_set.count() == 1
    page.goto("/orders/")
    bar.get_by_role("button", name="End").click()
    page.wait_for_url(f"**/admin/accounts/user/{alice.pk}/change/**")
    page.goto("/orders/")

    expect(page.locator(".viewing")).to_have_count(0)
    expect(page.get_by_text(order.public_id)).to_have_count(0)
    assert CustomerView.objects.get().ended_at is not None


def test_a_new_colleague_sets_up_the_second_step(open_browser: OpenBrowser) -> None:
    owner, budi = cast.open_account("owner", is_staff=True), cast.open_account("budi")
    # The tests' cheap hash is unknown to the web process.
    budi.password = PBKDF2PasswordHasher().encode(cast.PASSWORD, "salt", iterations=1000)
    budi.save()
    desk = open_browser(user=owner, viewport={"width": 1280, "height": 900})
    desk.goto(f"/admin/accounts/user/{budi.pk}/change/")
    desk.locator("[name=is_staff]").check()
    desk.locator("#id_groups").get_by_label("finance").check()
    desk.locator("[name=_save]").click()
    desk.wait_for_url("**/accounts/user/")

    page = open_browser(viewport=PHONE)
    sign_in(page, budi)
    expect(page.get_by_role("heading", name="What is the code for?")).to_be_visible()
    page.goto("/admin/")
    page.wait_for_url("**/account/security/")
    page.locator("main a[href='/account/security/app/']").click()
    assert fits(page)
    page.locator("main [name=code]").fill(code_of(page.locator(".secret").inner_text()))
    page.get_by_role("button", name="Switch on").click()
    expect(page.locator(".codes li").first).to_be_visible()
    page.goto("/admin/office/approval/")

    expect(page).to_have_url(re.compile("/admin/office/approval/$"))
    assert page.goto("/admin/catalog/pricingrule/").status == 403  # type: ignore[union-attr]


@BOTH
def test_a_purchase_is_settled_by_hand(
    language: str, open_browser: OpenBrowser, alice: User
) -> None:
    attempt = lost(alice, AttemptState.REVIEW)
    page = open_browser(user=colleague("budi", "finance"), language=language, viewport=PHONE)
    page.goto("/admin/")
    page.get_by_role("link", name=said(language, "Purchases for a person to look at")).click()
    page.locator(f"a[href*='/purchaseattempt/{attempt.pk}/change/']").first.click()
    page.goto(f"/admin/orders/purchaseattempt/{attempt.pk}/settle/")
    page.get_by_label(said(language, "What became of it")).select_option("lost")
    page.get_by_label(said(language, "Reason")).fill("their site says so")
    settle = page.get_by_role("button", name=said(language, "Settle this purchase"))
    settle.click()
    expect(
        page.get_by_text(said(language, "Give the supplier's reference of the purchase."))
    ).to_be_visible()
    assert fits(page)
    page.get_by_label(said(language, "The supplier's reference")).fill("up-9")
    settle.click()
    page.wait_for_url("**/change/**")

    attempt.refresh_from_db()
    assert (attempt.state, attempt.reference) == (AttemptState.LOST, "up-9")
    assert audit_ledger() == []


@BOTH
def test_a_large_correction_needs_a_colleague(
    language: str, open_browser: OpenBrowser, alice: User
) -> None:
    asked_by, decided_by = colleague("budi", "finance"), colleague("ratna", "finance")
    page = open_browser(user=asked_by, language=language, viewport={"width": 1280, "height": 800})
    page.goto("/admin/office/approval/add/")
    page.get_by_label(said(language, "The account's e-mail")).fill(alice.email)
    page.locator("[name=mode]").select_option("live")
    page.locator("[name=amount]").fill("250.000")
    page.locator("[name=reason]").fill("paid twice")
    correct = page.get_by_role("button", name=said(language, "Correct a wallet"))
    correct.click()
    expect(page.locator(".office-error")).to_be_visible()
    page.locator("[name=amount]").fill("250000")
    correct.click()
    page.wait_for_url("**/office/approval/**")
    approval = Approval.objects.get()
    assert cast.balance(alice) == 1_000_000
    page.goto(f"/admin/office/approval/{approval.pk}/approve/")
    page.get_by_role("button", name=said(language, "Approve")).click()
    expect(
        page.get_by_text(said(language, "Whoever asked cannot approve it too. A colleague must."))
    ).to_be_visible()

    desk = open_browser(user=decided_by, language=language, color_scheme="dark", viewport=PHONE)
    desk.goto("/admin/")
    desk.get_by_role("link", name=said(language, "Approvals")).last.click()
    desk.locator(f"a[href*='/approval/{approval.pk}/change/']").first.click()
    assert fits(desk)
    desk.goto(f"/admin/office/approval/{approval.pk}/approve/")
    desk.get_by_role("button", name=said(language, "Approve")).click()
    desk.wait_for_url("**/change/**")

    assert cast.balance(alice) == 1_250_000
    assert audit_ledger() == []
