"""Somebody of the pricing group tries a rule before saving it, and asks why a price is so."""

import re

import pytest
from playwright.sync_api import expect

from accounts.models import Tier, User
from catalog.models import PricingRule
from tests.browser.conftest import OpenBrowser
from tests.browser.test_office import colleague

pytestmark = pytest.mark.usefixtures("committed", "simulator")

WORDS = {
    "en": ("What saving this would do", "Prices that change", "A price is more than nothing."),
    "id": (
        "Apa yang terjadi jika ini disimpan",
        "Harga yang berubah",
        "Harga harus lebih dari nol.",
    ),
}


@pytest.mark.parametrize("language", ["en", "id"])
def test_a_rule_is_tried_while_it_is_typed(language: str, open_browser: OpenBrowser) -> None:
    heading, changing, refused = WORDS[language]
    page = open_browser(
        user=colleague("putri", "pricing"),
        language=language,
        viewport={"width": 360, "height": 780},
        color_scheme="dark",
    )

    page.goto("/admin/catalog/pricingrule/add/")
    preview = page.get_by_role("region", name=heading)
    page.locator("[name=markup_percent]").fill("80")
    expect(preview.get_by_text(changing, exact=True)).to_be_visible()
    told = preview.locator("dd").first.inner_text()
    page.locator("[name=floor]").fill("0")
    expect(page.get_by_text(refused)).to_be_visible()
    page.locator("[name=floor]").fill("40000")
    expect(page.get_by_text(refused)).to_be_hidden()
    expect(preview.locator("dd").first).to_be_visible()

    assert int(re.sub(r"\D", "", told.split()[0])) > 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert PricingRule.objects.count() == 1


def test_a_price_is_explained_for_an_account(open_browser: OpenBrowser, alice: User) -> None:
    gold = Tier.objects.create(code="gold", name="Gold")
    PricingRule.objects.create(tier=gold, markup_percent=-10)
    User.objects.filter(pk=alice.pk).update(tier=gold)
    page = open_browser(user=colleague("putri", "pricing"), viewport={"width": 360, "height": 780})

    page.goto("/admin/")
    page.goto("/admin/catalog/pricingrule/why/")
    page.get_by_label("Service").select_option("whatsapp")
    page.get_by_label("Country").select_option("id")
    page.get_by_label("The account's e-mail").fill(alice.email)
    page.get_by_role("button", name="Explain").click()

    first = page.locator(".office-offers > li").first
    expect(first).to_contain_text("With −10 %")
    expect(first.locator("h3 b")).to_have_text(re.compile(r"Rp.7,920"))
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
