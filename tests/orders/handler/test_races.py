"""Two at once: one order id buys one number, and one order ends once."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import httpx2
from django.utils import timezone

from accounts.models import User
from orders.models import Order
from orders.reports import audit_ledger
from suppliers.simulator.remote import RemoteSimulator
from tests import cast
from tests.orders.handler.conftest import Shop
from tests.orders.upstream import disagreements
from tests.together import all_at_once
from wallet.models import Transfer

GOODS = {"service": "wa", "country": "6"}


def ask(shop: Shop, key: str, action: str, **params: object) -> str:
    response = httpx2.get(
        shop.url,
        params={"api_key": key, "action": action, **params},  # type: ignore[dict-item]
        trust_env=False,
        timeout=60,
    )
    assert response.status_code == 200
    return response.text


def test_fifty_with_one_order_id_buy_once(
    shop: Shop, key: str, alice: User, simulator: RemoteSimulator
) -> None:
    simulator.control(latency_ms=100)

    texts = all_at_once(lambda _: ask(shop, key, "getNumberV2", **GOODS, orderId="once"), count=50)

    bought = [text for text in texts if str(text).startswith("{")]
    assert len(bought) == 1, Counter(map(str, texts))
    # More than a plan allows in a moment is refused as well, and buys nothing either.
    assert set(map(str, texts)) - set(bought) <= {"ORDER_ALREADY_EXISTS", "ERROR_SQL"}
    order = Order.objects.get()
    assert simulator.control()["counters"]["sold"] == 1
    assert Transfer.objects.filter(kind="hold").count() == 1
    assert cast.balance(alice) == 1_000_000 - order.price
    assert audit_ledger() == []
    assert disagreements(simulator) == []


def test_cancel_against_finish_against_resend(
    shop: Shop, key: str, alice: User, simulator: RemoteSimulator
) -> None:
    order = cast.buy(alice)
    Order.objects.filter(pk=order.pk).update(cancel_available_at=timezone.now())
    statuses = ["8", "-1", "6", "3"] * 2

    texts = all_at_once(
        lambda number: ask(shop, key, "setStatus", id=order.pk, status=statuses[number]),
        count=len(statuses),
    )

    said = Counter(map(str, texts))
    assert said["ACCESS_ACTIVATION"] == 0
    assert said["ACCESS_CANCEL"] >= 1, said
    order.refresh_from_db()
    assert order.status == "cancelled"
    assert cast.balance(alice) == 1_000_000
    assert Transfer.objects.filter(kind="release").count() == 1
    assert audit_ledger() == []
    assert disagreements(simulator) == []


def test_a_hundred_at_once_are_all_answered(shop: Shop, key: str) -> None:
    with ThreadPoolExecutor(100) as threads:
        texts = list(threads.map(lambda _: ask(shop, key, "getBalance"), range(100)))

    # Above the plan's burst the answer is still one that every client understands.
    assert set(texts) <= {"ACCESS_BALANCE:1000000.00", "ERROR_SQL"}
    assert "ACCESS_BALANCE:1000000.00" in texts
