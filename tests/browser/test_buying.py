"""The first path: from signing in to a code on the screen, and every way it can go otherwise."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import User
from catalog.actions import reprice_offers
from catalog.models import Offer, Supplier
from orders.actions import advance_due_orders, poll_supplier
from orders.models import Order
from orders.reports import audit_ledger
from orders.states import Status
from suppliers.simulator.remote import RemoteSimulator
from tests import cast
from tests.browser.conftest import OpenBrowser

pytestmark = [pytest.mark.usefixtures("committed", "simulator"), pytest.mark.slow]

GOODS = "/buy/whatsapp/id/"


def _buy(page: Page) -> Order:
    page.goto(GOODS)
    page.locator("#buy-button").click()
    page.wait_for_url("**/orders/ord_*")
    return Order.objects.latest("pk")


def _deliver(order: Order, alpha: Supplier, simulator: RemoteSimulator, code: str) -> None:
    simulator.deliver(cast.attempt_of(order).reference, code=code)
    poll_supplier(alpha, now=timezone.now())


def _store_password(user: User) -> None:
    """Store it as the web process checks it: in this one, passwords are hashed cheaply."""
    hashed = PBKDF2PasswordHasher().encode(cast.PASSWORD, "salt", iterations=1000)
    User.objects.filter(pk=user.pk).update(password=hashed)


def test_a_number_is_bought_and_its_code_read(
    open_browser: OpenBrowser, alice: User, alpha: Supplier, simulator: RemoteSimulator
) -> None:
    page = open_browser(permissions=["clipboard-read", "clipboard-write"])
    _store_password(alice)

    page.goto("/buy/")
    page.get_by_label("E-mail").fill("Alice@Example.test")
    page.get_by_label("Password").fill(cast.PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.locator(".balance-pill")).to_contain_text("Rp 1,000,000")

    page.get_by_role("searchbox").press_sequentially("whats")
    expect(page.get_by_role("heading", name="service found")).to_be_visible()
    expect(page).to_have_url(re.compile("q=whats"))
    page.get_by_role("link", name="WhatsApp").click()
    page.get_by_role("searchbox").fill("indones")
    page.get_by_role("link", name="Indonesia").click()
    price = page.locator(".checkout__price").inner_text()
    page.get_by_role("button", name=f"Buy for {price}").click()

    expect(page.get_by_text("Waiting for the code")).to_be_visible()
    order = Order.objects.get()
    page.get_by_role("button", name="Copy the number").click()
    assert page.evaluate("navigator.clipboard.readText()") == order.phone_number
    page.get_by_role("button", name="Without +62").click()
    assert page.evaluate("navigator.clipboard.readText()") == order.phone_number[3:]

    _deliver(order, alpha, simulator, "471199")
    expect(page.locator("#code")).to_have_text("471199")
    expect(page.locator("#announcement")).to_contain_text("471199")
    page.get_by_role("button", name="Copy code").click()
    assert page.evaluate("navigator.clipboard.readText()") == "471199"

    page.get_by_role("button", name="Finish").click()
    expect(page.locator(".order__head .status")).to_have_text("Finished")
    expect(page.get_by_text("was charged, because a code came")).to_be_visible()
    page.get_by_role("link", name="Orders").click()
    expect(page.locator(".rows .status")).to_have_text("Success")
    page.get_by_role("link", name="Wallet", exact=True).click()
    expect(page.locator(".purse__amount")).to_have_text("Rp 991,200".replace(" ", "\u00a0"))
    expect(page.get_by_role("row")).to_have_count(3)
    assert audit_ledger() == []


def test_a_page_of_an_ended_order_asks_no_more(
    open_browser: OpenBrowser, alice: User, alpha: Supplier, simulator: RemoteSimulator
) -> None:
    page = open_browser(user=alice)
    order = _buy(page)
    Order.objects.filter(pk=order.pk).update(cancel_available_at=timezone.now())

    expect(page.locator("main [hx-trigger]")).to_have_count(1)
    page.locator("#cancel").click()
    page.get_by_role("button", name="Cancel and get the money back").click()

    expect(page.locator(".order__head .status")).to_have_text("Cancelled")
    expect(page.locator("main [hx-trigger]")).to_have_count(0)
    expect(page.get_by_text("is back in your wallet")).to_be_visible()
    expect(page.locator(".balance-pill")).to_contain_text("1,000,000")
    assert cast.balance(alice) == 1_000_000
    assert audit_ledger() == []


def test_cancelling_becomes_possible_by_itself(open_browser: OpenBrowser, alice: User) -> None:
    page = open_browser(user=alice)
    order = _buy(page)
    expect(page.get_by_text("You can cancel in")).to_be_visible()
    expect(page.locator("#cancel")).to_have_count(0)

    Order.objects.filter(pk=order.pk).update(cancel_available_at=timezone.now())

    expect(page.locator("#cancel")).to_be_visible()


@pytest.fixture
def dearer(committed: None) -> Iterator[None]:
    """After this, prices go back to what the rules say."""
    yield
    reprice_offers(now=timezone.now(), even_if_current=True)


@pytest.mark.usefixtures("dearer")
def test_a_changed_price_is_asked(open_browser: OpenBrowser, alice: User) -> None:
    page = open_browser(user=alice)
    page.goto(GOODS)
    Offer.objects.filter(service__code="whatsapp", country__code="id").update(price=9_900)

    page.locator("#buy-button").click()

    expect(page.get_by_role("alert")).to_contain_text("The price changed")
    expect(page.get_by_role("alert")).to_contain_text("9,900")
    assert not Order.objects.exists()
    page.get_by_role("button", name="Buy at the new price").click()
    page.wait_for_url("**/orders/ord_*")
    assert Order.objects.get().price == 9_900


def test_a_double_click_buys_once(open_browser: OpenBrowser, alice: User) -> None:
    page = open_browser(user=alice)
    page.goto(GOODS)

    page.locator("#buy-button").dblclick()
    page.wait_for_url("**/orders/ord_*")

    assert Order.objects.count() == 1


@pytest.mark.parametrize("with_scripts", [True, False])
def test_going_back_and_buying_again_buys_once(
    open_browser: OpenBrowser, alice: User, with_scripts: bool
) -> None:
    page = open_browser(user=alice, java_script_enabled=with_scripts)
    _buy(page)

    page.go_back()
    page.locator("#buy-button").click()
    page.wait_for_url("**/orders/ord_*")

    expect(page.get_by_text("You had bought this already")).to_be_visible()
    assert Order.objects.count() == 1


def test_without_money_the_page_says_how_to_go_on(
    open_browser: OpenBrowser, committed: None
) -> None:
    page = open_browser(user=cast.open_account("poor"))
    page.goto(GOODS)

    page.locator("#buy-button").click()

    expect(page.get_by_role("alert")).to_contain_text("Your balance is too low")
    page.get_by_role("alert").get_by_role("link", name="To the wallet").click()
    expect(page.get_by_role("heading", name="No movements yet")).to_be_visible()
    assert not Order.objects.exists()


@pytest.mark.parametrize(
    ("fault", "words"),
    [("no_stock", "The last number was just sold"), ("lose_answer", "did not answer")],
)
def test_a_supplier_that_fails_costs_nothing(
    open_browser: OpenBrowser, alice: User, simulator: RemoteSimulator, fault: str, words: str
) -> None:
    simulator.control(faults={fault: 1})
    page = open_browser(user=alice)
    page.goto(GOODS)

    page.locator("#buy-button").click()

    expect(page.get_by_role("alert")).to_contain_text(words)
    expect(page.get_by_role("alert")).to_contain_text("You were not charged")
    page.get_by_role("link", name="Orders").click()
    expect(page.locator(".rows .status")).to_have_text("Failed")
    assert cast.balance(alice) == 1_000_000


def test_somebody_elses_order_is_not_there(
    open_browser: OpenBrowser, alice: User, bob: User
) -> None:
    order = cast.buy(alice)
    page = open_browser(user=bob)

    answer = page.goto(f"/orders/{order.public_id}")

    assert answer is not None
    assert answer.status == 404
    expect(page.get_by_role("heading", name="There is nothing here")).to_be_visible()


def test_everything_but_live_updates_works_without_scripts(
    open_browser: OpenBrowser, alice: User, alpha: Supplier, simulator: RemoteSimulator
) -> None:
    page = open_browser(user=alice, java_script_enabled=False)
    page.goto("/buy/")
    page.get_by_role("searchbox").fill("whatsapp")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name="WhatsApp").click()
    page.get_by_role("searchbox").fill("+62")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name="Indonesia").click()
    page.get_by_role("link", name="alpha").click()
    page.locator("#buy-button").click()
    order = Order.objects.get()
    _deliver(order, alpha, simulator, "2468")

    page.reload()

    expect(page.locator("#code")).to_have_text("2468")
    assert order.provider == "alpha"


def test_the_whole_path_by_keyboard(
    open_browser: OpenBrowser, alice: User, alpha: Supplier, simulator: RemoteSimulator
) -> None:
    page = open_browser(user=alice, viewport={"width": 1280, "height": 800})
    page.goto("/buy/")

    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    _tab_to(page, "#q")
    page.keyboard.type("telegram")
    expect(page.get_by_role("heading", name="found")).to_be_visible()
    _tab_to(page, ".tile")
    page.keyboard.press("Enter")
    page.wait_for_url("**/buy/telegram/")
    _tab_to(page, ".row")
    page.keyboard.press("Enter")
    page.wait_for_url("**/buy/telegram/*/?*key=*")
    _tab_to(page, "#buy-button")
    page.keyboard.press("Enter")
    page.wait_for_url("**/orders/ord_*")
    _deliver(Order.objects.get(), alpha, simulator, "1357")
    expect(page.locator("#code")).to_have_text("1357")
    _tab_to(page, "#finish")
    page.keyboard.press("Enter")
    expect(page.locator(".order__head .status")).to_have_text("Finished")

    assert Order.objects.get().status == Status.SUCCESS


def _tab_to(page: Page, selector: str) -> None:
    """Press Tab until the first such element has the focus, visibly."""
    for _press in range(40):
        page.keyboard.press("Tab")
        if page.evaluate(
            "selector => document.activeElement === document.querySelector(selector)", selector
        ):
            outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert outline != "none", selector
            return
    raise AssertionError(f"{selector} cannot be reached by keyboard")


# ---- several at once, and the board -----------------------------------------------------------


def test_several_are_bought_and_watched_together(
    open_browser: OpenBrowser, alice: User, alpha: Supplier, simulator: RemoteSimulator
) -> None:
    page = open_browser(user=alice)
    page.goto(GOODS)
    page.get_by_role("button", name="One number more").click()
    expect(page.locator("#quantity")).to_have_text("2")
    page.get_by_role("button", name="One number more").click()
    expect(page.locator(".checkout__price")).to_have_text("Rp\u00a026,400")

    page.get_by_role("button", name="Buy 3 numbers for").click()

    expect(page.get_by_text("All 3 numbers are here.")).to_be_visible()
    expect(page.locator(".ticket")).to_have_count(3)
    page.reload()
    expect(page.locator(".ticket")).to_have_count(3)
    assert Order.objects.count() == 3
    order = Order.objects.order_by("pk")[1]
    _deliver(order, alpha, simulator, "771188")
    expect(page.locator(f"#ticket-{order.pk} .code")).to_contain_text("771188")
    expect(page.locator("#announcement")).to_contain_text("WhatsApp: Your code is here: 771188")
    expect(page).to_have_title(re.compile(r"^\(1\)"))
    page.locator(f"#finish-{order.pk}").click()
    expect(page.locator(f"#ticket-{order.pk} .status")).to_have_text("Success")
    expect(page.locator(".balance-pill")).to_be_visible()
    assert audit_ledger() == []


def test_a_partial_failure_is_told(open_browser: OpenBrowser, committed: None) -> None:
    poor = cast.open_account("poor")
    cast.give(poor, 3 * 8_800)
    page = open_browser(user=poor)
    page.goto(f"{GOODS}?quantity=3")
    expect(page.get_by_role("button", name="Buy 3 numbers for")).to_be_visible()
    cast.buy(poor)

    page.get_by_role("button", name="Buy 3 numbers for").click()

    expect(page.get_by_text("You got 2 of 3 numbers.")).to_be_visible()
    expect(page.get_by_text("1: your balance was not enough.")).to_be_visible()
    assert cast.balance(poor) == 0
    assert audit_ledger() == []


def test_a_double_click_on_several_buys_them_once(open_browser: OpenBrowser, alice: User) -> None:
    page = open_browser(user=alice)
    page.goto(f"{GOODS}?quantity=2")

    page.locator("#buy-button").dblclick()
    page.wait_for_url("**/orders/together/*")
    page.go_back()
    page.locator("#buy-button").click()
    page.wait_for_url("**/orders/together/*")

    expect(page.get_by_text("You had bought these already")).to_be_visible()
    assert Order.objects.count() == 2


def test_two_tabs_see_the_same_and_cancel_once(open_browser: OpenBrowser, alice: User) -> None:
    page = open_browser(user=alice)
    order = _buy(page)
    Order.objects.filter(pk=order.pk).update(cancel_available_at=timezone.now())
    board = page.context.new_page()
    board.goto("/orders/")
    board.locator(f"#cancel-{order.pk}").click()
    expect(page.locator("#cancel")).to_be_visible()

    board.locator(f"#cancel-surely-{order.pk}").click()

    expect(board.locator(f"#ticket-{order.pk} .status")).to_have_text("Cancelled")
    expect(page.locator(".order__head .status")).to_have_text("Cancelled")
    assert cast.balance(alice) == 1_000_000
    assert audit_ledger() == []


def test_an_expired_number_costs_nothing_and_says_so(
    open_browser: OpenBrowser, alice: User
) -> None:
    page = open_browser(user=alice)
    order = _buy(page)
    over = timezone.now() + timedelta(minutes=30)

    advance_due_orders(now=over)

    expect(page.locator(".order__head .status")).to_have_text("No code came")
    expect(page.get_by_text("No code came in time")).to_contain_text("is back in your wallet")
    expect(page.get_by_role("button", name="Buy another for")).to_be_visible()
    order.refresh_from_db()
    assert (order.status, cast.balance(alice)) == (Status.EXPIRED, 1_000_000)


def test_the_code_stands_in_the_title_bar(
    open_browser: OpenBrowser, alice: User, alpha: Supplier, simulator: RemoteSimulator
) -> None:
    page = open_browser(user=alice)
    order = _buy(page)
    expect(page).to_have_title(re.compile("^WhatsApp: Waiting"))

    _deliver(order, alpha, simulator, "902211")

    expect(page).to_have_title(re.compile("^902211 · WhatsApp"))


def test_a_chosen_sound_is_remembered_and_notifications_are_asked_for_on_a_click_only(
    open_browser: OpenBrowser, alice: User
) -> None:
    page = open_browser(user=alice)
    page.add_init_script(
        "window.asked = 0; Notification.requestPermission = async () => { window.asked += 1; };"
    )
    _buy(page)
    sound, notification = (page.locator(f"[data-alert={name}]") for name in ("sound", "desktop"))
    expect(sound).to_have_attribute("aria-pressed", "false")
    assert page.evaluate("window.asked") == 0

    sound.click()
    notification.click()
    page.reload()

    expect(sound).to_have_attribute("aria-pressed", "true")
    assert page.evaluate("window.asked") == 0
    sound.click()
    expect(sound).to_have_attribute("aria-pressed", "false")


def test_the_focus_stays_where_it_was_when_the_page_changes(
    open_browser: OpenBrowser, alice: User, alpha: Supplier, simulator: RemoteSimulator
) -> None:
    page = open_browser(user=alice)
    order = _buy(page)
    page.locator("#copy-local").focus()

    _deliver(order, alpha, simulator, "551199")

    expect(page.locator("#code")).to_have_text("551199")
    expect(page.locator("#copy-local")).to_be_focused()


def test_a_favorite_comes_first_with_scripts_and_without(
    open_browser: OpenBrowser, alice: User
) -> None:
    page = open_browser(user=alice)
    page.goto("/buy/?q=telegrm")
    page.get_by_role("button", name="Favorite: Telegram", exact=True).click()
    star = page.get_by_role("button", name="Favorite: Telegram", exact=True)
    expect(star).to_have_attribute("aria-pressed", "true")
    expect(star).to_be_focused()

    plain = open_browser(user=alice, java_script_enabled=False)
    plain.goto("/buy/")
    expect(plain.locator(".tile__name").first).to_have_text("Telegram")
    plain.get_by_role("button", name="Favorite: Telegram", exact=True).click()
    plain.wait_for_url("**/buy/")
    expect(plain.locator(".tile__name").first).to_have_text("WhatsApp")


def test_several_and_the_board_work_without_scripts(
    open_browser: OpenBrowser, alice: User, alpha: Supplier, simulator: RemoteSimulator
) -> None:
    page = open_browser(user=alice, java_script_enabled=False)
    page.goto(GOODS)
    page.get_by_role("button", name="One number more").click()
    page.get_by_role("button", name="Buy 2 numbers for").click()
    expect(page.get_by_text("All 2 numbers are here.")).to_be_visible()
    first = Order.objects.earliest("pk")
    _deliver(first, alpha, simulator, "3131")
    page.goto("/orders/")

    page.locator(f"#finish-{first.pk}").click()

    expect(page.get_by_text("Finished. Thank you!")).to_be_visible()
    expect(page).to_have_url(re.compile("/orders/$"))
    first.refresh_from_db()
    assert first.status == Status.SUCCESS
