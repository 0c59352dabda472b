"""What it costs to wait for codes, and how long a code takes from the supplier into our tables."""

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.db import connection, reset_queries
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.actions import create_user
from accounts.models import Mode, User
from bench import stage
from bench.table import Row
from catalog.models import Offer, Supplier
from orders.actions import poll_supplier
from orders.actions.polling import PollResult
from orders.models import Order, OrderMessage, PurchaseAttempt
from orders.states import AttemptState, Status
from suppliers.simulator.remote import RemoteSimulator
from tests import cast

_ROUNDS = 3
_SIZES = (1_000, 10_000, 50_000)
_NEWS = 100
# As often as beat wakes the pollers.
_POLL_SECONDS = 2.0
_DELAY_SECONDS = 30.0
_CODES_A_SECOND = 10


def measure_cycles(_simulator: RemoteSimulator) -> list[Row]:
    """One cycle over more and more open orders of which 100 got a code, against the list alone."""
    with _gathered("cycles") as crowd:
        return [_measure_cycle(crowd, size) for size in _SIZES]


def _measure_cycle(crowd: "_Crowd", size: int) -> Row:
    crowd.grow_to(size)
    crowd.poll()
    cycles = []
    for _round in range(_ROUNDS):
        for reference in crowd.waiting(_NEWS):
            crowd.simulator.deliver(reference)
        begun = time.perf_counter()
        assert len(crowd.supplier.client().active()) >= size
        bare = time.perf_counter() - begun
        begun = time.perf_counter()
        result, queries = crowd.poll()
        ours = time.perf_counter() - begun
        assert result.changed == _NEWS, result
        cycles.append((ours, bare, queries, result.requests))
    ours, bare, queries, requests = sorted(cycles)[_ROUNDS // 2]
    quiet, idle_queries = crowd.poll()
    assert quiet.changed == 0, quiet
    note = (
        f"{requests} request, {queries} queries for {_NEWS} codes, {idle_queries} when nothing"
        " came; bare is reading the list alone"
    )
    aim = "≤ 2 s" if size <= 10_000 else ""
    return Row(f"poll {size // 1_000}k open", ours, bare, aim, "seconds", note)


def measure_delay(_simulator: RemoteSimulator) -> Row:
    """From the moment a supplier has a code to the moment we have it, among 10,000 open orders."""
    with _gathered("delays") as crowd:
        return _measure_delay(crowd)


def _measure_delay(crowd: "_Crowd") -> Row:
    crowd.grow_to(10_000)
    crowd.poll()
    delivered: dict[str, float] = {}
    sending = threading.Thread(target=_deliver_evenly, args=(crowd, delivered))
    sending.start()
    delays: list[float] = []
    last = OrderMessage.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    ends_at = time.monotonic() + 3 * _DELAY_SECONDS
    while sending.is_alive() or len(delays) < len(delivered):
        assert time.monotonic() < ends_at, f"{len(delivered) - len(delays)} codes never came"
        tick = time.monotonic() + _POLL_SECONDS
        crowd.poll()
        stored_at = time.time()
        came = list(
            OrderMessage.objects.filter(pk__gt=last).values_list("pk", "order__attempts__reference")
        )
        last = max([last, *(pk for pk, _reference in came)])
        delays += [stored_at - delivered[reference] for _pk, reference in came]
        time.sleep(max(0.0, tick - time.monotonic()))
    delays.sort()
    p50, p99 = delays[len(delays) // 2], delays[int(len(delays) * 0.99)]
    note = f"p99 of {len(delays)} codes, p50 {p50:.2f} s; bare is the time between two polls"
    return Row("code delay", p99, _POLL_SECONDS, "≤ 1.50", "seconds", note)


def _deliver_evenly(crowd: "_Crowd", delivered: dict[str, float]) -> None:
    ends_at = time.monotonic() + _DELAY_SECONDS
    for reference in crowd.waiting(int(_DELAY_SECONDS * _CODES_A_SECOND)):
        if time.monotonic() > ends_at:
            break
        crowd.simulator.deliver(reference)
        delivered[reference] = time.time()
        time.sleep(random.expovariate(_CODES_A_SECOND))
    connection.close()


@contextmanager
def _gathered(name: str) -> Iterator["_Crowd"]:
    """A crowd at a supplier of its own, whatever was measured before, and gone afterwards."""
    with stage.simulator() as simulator:
        simulator.control(code_rate=0, cancel_lock_s=0, stock=1_000_000)
        supplier = Supplier(
            code=name,
            name=name,
            protocol="smsactivate",
            base_url=simulator.url,
            options=cast.FAST,
        )
        supplier.set_api_key(simulator.api_key)
        supplier.save()
        yield _Crowd(simulator, supplier)
        attempts = PurchaseAttempt.objects.filter(supplier=supplier)
        orders = Order.objects.filter(attempts__supplier=supplier)
        orders.update(status=Status.SUCCESS, closed_at=timezone.now(), next_action_at=None)
        attempts.update(state=AttemptState.FINISHED)
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE orders_order, orders_purchaseattempt")


class _Crowd:
    """Open orders at one supplier, as many as are wanted."""

    def __init__(self, simulator: RemoteSimulator, supplier: Supplier) -> None:
        self.simulator = simulator
        self.supplier = supplier
        sold = Offer.objects.filter(supplier__code="alpha", stock__gt=0)
        self._goods = sold.get(service__code="whatsapp", country__code="id").goods

    def grow_to(self, size: int) -> None:
        """Sell the numbers upstream and write the orders that own them straight into the tables."""
        user = _trader()
        missing = size - PurchaseAttempt.objects.open_at(self.supplier).count()
        client = self.supplier.client()
        now = timezone.now()
        purchases = [
            client.buy(self._goods, max_cost=10**6, reference=f"bench-{size}-{number}", now=now)
            for number in range(missing)
        ]
        orders = Order.objects.bulk_create(
            [
                Order(
                    user=user,
                    mode=Mode.LIVE,
                    status=Status.WAITING,
                    service_id="whatsapp",
                    country_id="id",
                    provider="any",
                    price=1_000,
                    currency="IDR",
                    phone_number=purchase.phone_number,
                    expires_at=now + timedelta(minutes=20),
                    next_action_at=now + timedelta(minutes=20),
                )
                for purchase in purchases
            ],
            batch_size=1_000,
        )
        PurchaseAttempt.objects.bulk_create(
            [
                PurchaseAttempt(
                    order=order,
                    supplier=self.supplier,
                    supplier_service=self._goods.service,
                    supplier_country=self._goods.country,
                    state=AttemptState.BOUGHT,
                    cost=1_000,
                    currency="USD",
                    reference=purchase.reference,
                    sent_at=now,
                )
                for order, purchase in zip(orders, purchases, strict=True)
            ],
            batch_size=1_000,
        )
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE orders_order, orders_purchaseattempt")

    def waiting(self, count: int) -> list[str]:
        """References of orders that have no code yet."""
        attempts = PurchaseAttempt.objects.open_at(self.supplier).filter(order__status="waiting")
        return list(attempts.order_by("pk").values_list("reference", flat=True)[:count])

    def poll(self) -> tuple[PollResult, int]:
        # Django's log of queries is short, and a full one counts nothing.
        reset_queries()
        self.supplier.refresh_from_db()
        with CaptureQueriesContext(connection) as captured:
            result = poll_supplier(self.supplier, now=timezone.now())
        assert result is not None, "nobody else polls here"
        return result, len(captured)


def _trader() -> User:
    email = "crowd@bench.test"
    found = User.objects.filter(email=email).first()
    if found is None:
        found = create_user(email=email, password=None, plan="unlimited")
        cast.give(found, 10**12)
    return found
