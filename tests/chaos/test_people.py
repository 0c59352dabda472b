"""Processes die while somebody buys or pays in a browser: bought once, paid once, and found."""

import re
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx2
import pytest

from tests.chaos.shop import PASSWORD, Shop, open_shop, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

PAID = 50_000
_HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    # Not pytest's own folder: its path is too long for a socket, and closed to PostgreSQL's user.
    data = Path(tempfile.mkdtemp(prefix="nexotp-chaos-"))
    try:
        with open_shop(data) as running:
            yield running
    finally:
        shutil.rmtree(data, ignore_errors=True)


class Browser:
    """Fills in forms as a browser does, with what is hidden in them."""

    def __init__(self, shop: Shop) -> None:
        self.client = httpx2.Client(
            base_url=shop.web, follow_redirects=True, timeout=30, trust_env=False
        )
        form = self.form("/sign-in/", action="/sign-in/")
        self.send("/sign-in/", form | {"login": "trader@example.test", "password": PASSWORD})

    def form(self, address: str, *, action: str) -> dict[str, str]:
        page = self.client.get(address).text
        forms = re.findall(r"<form[^>]*>.*?</form>", page, re.DOTALL)
        [found] = [each for each in forms if _posts_to(action, each)]
        hidden = dict(_HIDDEN.findall(found))
        assert "csrfmiddlewaretoken" in hidden
        return hidden

    def send(self, address: str, form: dict[str, str]) -> httpx2.Response:
        answer = self.client.post(address, data=form)
        assert answer.status_code == 200, answer.status_code
        return answer

    def top_up(self) -> str:
        """Ask to pay in; return the address of the gateway's page."""
        form = self.form("/wallet/top-up/", action="/wallet/top-up/")
        page = self.send("/wallet/top-up/", form | {"amount": str(PAID), "method": "demo-pay"}).text
        found = re.search(r'href="(http[^"]+/pay/[^"]+)"', page)
        assert found
        return found[1]


def _posts_to(action: str, form: str) -> bool:
    tag = form.split(">")[0]
    return f'action="{action}"' in tag and 'method="post"' in tag


@pytest.fixture
def browser(shop: Shop) -> Iterator[Browser]:
    opened = Browser(shop)
    yield opened
    opened.client.close()


def balance(shop: Shop) -> int:
    return int(
        shop.query(
            "SELECT balance FROM wallet_ledgeraccount JOIN accounts_user"
            " ON accounts_user.id = owner_id WHERE email = 'trader@example.test' AND mode = 'live'"
        )[0][0]
    )


def orders_of(shop: Shop, key: str) -> int:
    return shop.count(f"orders_order WHERE idempotency_key = '{key}' AND status <> 'failed'")


@pytest.mark.parametrize("moment", ["sent", "bought"])
def test_a_purchase_that_was_cut_off_is_pressed_again(
    shop: Shop, browser: Browser, moment: str
) -> None:
    before = balance(shop)
    address = "/buy/whatsapp/id/"
    form = browser.form(address, action=address)
    shop.simulator.control(latency_ms=1_500 if moment == "sent" else 100)

    def press() -> None:
        with suppress(httpx2.HTTPError, AssertionError):
            browser.client.post(address, data=form, follow_redirects=False)

    pressing = threading.Thread(target=press)
    pressing.start()
    wait_until(lambda: _has_attempt(shop, form["key"], moment))
    shop.kill("web")
    pressing.join()
    shop.simulator.control(latency_ms=100)
    shop.start("web")
    wait_until(shop.web_answers)
    pages = [browser.send(address, form) for _time in range(3)]

    assert {page.url.path.split("/")[1] for page in pages} == {"orders"}
    assert len({page.url.path for page in pages[1:]}) == 1, "pressed again: the same order"
    wait_until(lambda: not shop.unfinished(), seconds=90)
    assert orders_of(shop, form["key"]) <= 1
    (spent,) = shop.query(
        "SELECT coalesce(sum(price), 0) FROM orders_order"
        f" WHERE idempotency_key = '{form['key']}' AND status = 'success'"
    )
    assert balance(shop) == before - spent[0]
    assert shop.findings() == []


def _has_attempt(shop: Shop, key: str, state: str) -> bool:
    return (
        shop.count(
            "orders_purchaseattempt attempt JOIN orders_order ON orders_order.id = order_id"
            f" WHERE idempotency_key = '{key}' AND attempt.state = '{state}'"
        )
        > 0
    )


def test_the_worker_dies_while_a_paid_top_up_is_looked_for(shop: Shop, browser: Browser) -> None:
    before = balance(shop)
    page = browser.top_up()
    # It dies with the row in its hand: the gateway takes long to answer.
    _control(shop, {"faults": {"lost_callback": 1, "timeout": 1}, "delay_s": 4})
    _pay(page)
    wait_until(lambda: _reads(shop) > 0)
    shop.kill("worker")
    _control(shop, {"faults": {"timeout": 0}})
    assert balance(shop) == before

    shop.start("worker")

    _credited_within_a_minute(shop, before)


def test_the_gateway_dies_after_it_was_paid(shop: Shop, browser: Browser) -> None:
    before = balance(shop)
    page = browser.top_up()
    _control(shop, {"faults": {"lost_callback": 1, "timeout": 0}})
    _pay(page)
    shop.kill("gateway")
    time.sleep(25)
    assert balance(shop) == before

    shop.start("gateway")

    _credited_within_a_minute(shop, before)


def test_the_web_dies_before_the_callback_comes(shop: Shop, browser: Browser) -> None:
    before = balance(shop)
    page = browser.top_up()
    _control(shop, {"faults": {"lost_callback": 0, "timeout": 0}})
    shop.kill("web")
    _pay(page)
    time.sleep(6)

    shop.start("web")

    _credited_within_a_minute(shop, before)


def _control(shop: Shop, sent: dict[str, object]) -> None:
    httpx2.post(f"{shop.gateway}/_control", json=sent, trust_env=False).raise_for_status()


def _reads(shop: Shop) -> int:
    told = httpx2.get(f"{shop.gateway}/_control", trust_env=False).json()
    return int(told["calls"].get("read", 0))


def _pay(page: str) -> None:
    """The buyer pays and closes the window: nobody comes back to the shop."""
    assert httpx2.post(page, follow_redirects=False, trust_env=False).status_code == 303


def _credited_within_a_minute(shop: Shop, before: int) -> None:
    wait_until(lambda: balance(shop) == before + PAID, seconds=60)
    assert shop.count("wallet_topup WHERE state = 'pending'") == 0
    assert shop.findings() == []
