"""Support and finance at their desks: a refund that one person may not give alone."""

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone
from playwright.sync_api import expect

from accounts.models import User
from catalog.models import Supplier
from office.models import Approval
from orders.actions import poll_supplier
from suppliers.simulator.remote import RemoteSimulator
from tests import cast
from tests.browser.conftest import OpenBrowser
from wallet.actions import refund_price

pytestmark = pytest.mark.usefixtures("committed")


def colleague(name: str, role: str) -> User:
    user = cast.open_account(name)
    user.is_staff = True
    user.save()
    cast.give_second_step(user)
    user.groups.add(Group.objects.get(name=role))
    return user


@pytest.mark.parametrize("language", ["en", "id"])
def test_a_dear_refund_needs_two_people(
    language: str,
    open_browser: OpenBrowser,
    alice: User,
    alpha: Supplier,
    simulator: RemoteSimulator,
) -> None:
    words = {
        "en": ("Refund this order", "Approve", "What happened"),
        "id": ("Kembalikan uang pesanan ini", "Setujui", "Yang terjadi"),
    }
    refund_this, approve, happened = words[language]
    order = cast.buy(alice)
    simulator.deliver(cast.attempt_of(order).reference, code="4711")
    poll_supplier(alpha, now=timezone.now())
    asked_by, decided_by = colleague("sari", "support"), colleague("budi", "finance")
    # She has given back as much today as one person may.
    before = cast.order_row(alice, price=500_000)
    refund_price(before.money, by=asked_by, reason="a bad day")

    story = open_browser(user=asked_by, language=language, viewport={"width": 360, "height": 780})
    story.goto(f"/admin/orders/order/?q={order.public_id}")
    story.locator(f"a[href*='/order/{order.pk}/change/']").first.click()
    timeline = story.get_by_role("region", name=happened)
    expect(timeline.get_by_text("4711").first).to_be_visible()
    assert story.evaluate("document.documentElement.scrollWidth") <= 360
    story.goto(f"/admin/orders/order/{order.pk}/refund/")
    story.locator("input[name=reason]").fill("asked by phone")
    story.get_by_role("button", name=refund_this).click()
    story.wait_for_url("**/change/**")
    assert cast.balance(alice) == 1_500_000 - order.price

    desk = open_browser(user=decided_by, language=language, color_scheme="dark")
    desk.goto("/admin/office/approval/?state__exact=pending")
    desk.locator("a[href*='/approval/'][href*='/change/']").first.click()
    desk.goto(desk.url.split("?")[0].replace("change/", "approve/"))
    desk.get_by_role("button", name=approve).click()
    desk.wait_for_url("**/change/**")

    assert cast.balance(alice) == 1_500_000
    assert Approval.objects.get().state == "approved"
