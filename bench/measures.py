"""The measurements; each returns one row of the table."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from statistics import median

from django.core.management import call_command
from django.db import connection, reset_queries
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.actions import create_api_key, create_user
from accounts.models import Mode, User
from bench import catalogue, load, stage, webhooks
from bench.table import Row
from catalog.models import Supplier
from orders.actions import poll_supplier
from orders.actions.polling import PollResult
from orders.models import Order, PurchaseAttempt
from orders.states import AttemptState, Status
from suppliers.simulator.remote import RemoteSimulator
from tests import cast
from wallet.actions import open_wallet

_ROUNDS = 3
_WALLETS = 1_000


@contextmanager
def stocked_shop() -> Iterator[RemoteSimulator]:
    """A migrated, stocked shop and a supplier that answers at once."""
    with stage.simulator() as simulator:
        simulator.control(code_rate=0, cancel_lock_s=0, stock=1_000_000)
        call_command("migrate", verbosity=0)
        call_command("load_reference_data", verbosity=0)
        cast.stock_the_shop(simulator.url, simulator.api_key)
        yield simulator


def measure_poll(_simulator: RemoteSimulator) -> Row:
    """GET /order/{id} against a view that gets one row and nothing else."""
    user = _customer("poll")
    order = cast.buy(user)
    key = _key(user)
    connection.close()
    ours = load.request_bytes("GET", f"/api/v1/order/{order.public_id}", headers=_bearer(key))
    bare = load.request_bytes("GET", f"/bare/{order.pk}")
    pairs = []
    with stage.web() as our_port, stage.web("bench.bare_settings") as bare_port:
        for port, request in ((our_port, ours), (bare_port, bare)):
            load.run(port, _always(request), connections=8, total=400)
        for _ in range(_ROUNDS):
            first = load.run(our_port, _always(ours), connections=8, total=4_000)
            second = load.run(bare_port, _always(bare), connections=8, total=4_000)
            assert first.failed + second.failed == 0
            pairs.append((first, second))
    first, second = _middle(pairs)
    note = (
        f"p50 {first.p50:.1f} ms, p99 {first.p99:.1f} ms;"
        f" bare {second.p50:.1f} and {second.p99:.1f}"
    )
    return Row("poll", first.per_second, second.per_second, "≥ 1.00", "requests/s", note)


def measure_order(_simulator: RemoteSimulator) -> Row:
    """POST /order over many wallets against the raw SQL of hold and insert."""
    users = [_customer(f"order{number}") for number in range(_WALLETS)]
    keys = [_key(user) for user in users]
    return _measure_orders(
        "order", keys, wallets=[_wallet(user) for user in users], connections=16, aim="≥ 0.20"
    )


def measure_hot_wallet(_simulator: RemoteSimulator) -> Row:
    """The same with every order on one wallet."""
    user = _customer("hot")
    return _measure_orders(
        "hot wallet", [_key(user)], wallets=[_wallet(user)], connections=64, aim="≥ 0.50"
    )


def _measure_orders(
    name: str, keys: list[str], *, wallets: list[int], connections: int, aim: str
) -> Row:
    connection.close()
    body = json.dumps({"service": "whatsapp", "country": "id"}).encode()
    requests = [
        load.request_bytes("POST", "/api/v1/order", headers=_bearer(key), body=body) for key in keys
    ]
    script = _raw_order_sql(wallets)
    pairs = []
    with stage.web() as port:

        def make(worker: int, number: int) -> bytes:
            return requests[(worker + number * connections) % len(requests)]

        load.run(port, make, connections=connections, total=connections * 10)
        for _ in range(_ROUNDS):
            ours = load.run(port, make, connections=connections, total=1_600)
            assert not ours.failed, f"{ours.failed} orders failed"
            pairs.append((ours, stage.pgbench(script, clients=connections, seconds=4)))
    first, bare = sorted(pairs, key=lambda pair: pair[0].per_second / pair[1])[_ROUNDS // 2]
    note = f"p50 {first.p50:.0f} ms, p99 {first.p99:.0f} ms at {connections} connections"
    return Row(name, first.per_second, bare, aim, "orders/s", note)


def measure_supplier_poll(simulator: RemoteSimulator) -> Row:
    """One cycle over 10,000 open orders of which 1 % got a code, against reading the list."""
    supplier = Supplier.objects.get(code="alpha")
    user = _customer("many", plan="unlimited")
    references = _many_open_orders(supplier, simulator, user, count=10_000)
    _poll(supplier)
    cycles = []
    for round_number in range(_ROUNDS):
        for reference in references[round_number * 100 : (round_number + 1) * 100]:
            simulator.deliver(reference)
        begun = time.perf_counter()
        client = supplier.client()
        assert len(client.active()) >= 10_000
        bare = time.perf_counter() - begun
        begun = time.perf_counter()
        result, queries = _poll(supplier)
        ours = time.perf_counter() - begun
        assert result.changed == 100, result
        cycles.append((ours, bare, queries, result.requests))
    ours, bare, queries, requests = sorted(cycles)[_ROUNDS // 2]
    quiet, idle_queries = _poll(supplier)
    assert quiet.changed == 0, quiet
    note = (
        f"{requests} request, {queries} queries for 100 codes, {idle_queries} when nothing came;"
        " bare is reading the list alone"
    )
    return Row("supplier poll", ours, bare, "≤ 2 s", "seconds", note)


def _poll(supplier: Supplier) -> tuple[PollResult, int]:
    # Django's log of queries is short, and a full one counts nothing.
    reset_queries()
    with CaptureQueriesContext(connection) as captured:
        result = poll_supplier(supplier, now=timezone.now())
    assert result is not None, "nobody else polls here"
    return result, len(captured)


def _many_open_orders(
    supplier: Supplier, simulator: RemoteSimulator, user: User, *, count: int
) -> list[str]:
    """Sell so many numbers upstream and write the orders that own them straight into the tables."""
    goods = cast.attempt_of(cast.buy(user)).goods
    client = supplier.client()
    now = timezone.now()
    purchases = [
        client.buy(goods, max_cost=10**6, reference=f"bench-{number}", now=now)
        for number in range(count)
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
                supplier=supplier,
                supplier_service=goods.service,
                supplier_country=goods.country,
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
    return [purchase.reference for purchase in purchases]


def _raw_order_sql(wallets: list[int]) -> str:
    """Hold and order insert as bare as SQL gets, with the same tables and constraints."""
    order = Order.objects.order_by("-pk").first() or cast.buy(_customer("raw"))
    fields = Order._meta.concrete_fields
    columns = [str(field.column) for field in fields if field.column not in {"id", "public_id"}]
    listed = ", ".join(columns)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM wallet_ledgeraccount WHERE kind = 'orders_in_progress'"
            " AND currency = 'IDR' AND mode = 'live'"
        )
        (house,) = cursor.fetchone()
    return f"""
\\set wallet random({min(wallets)}, {max(wallets)})
BEGIN;
INSERT INTO orders_order (public_id, {listed})
    SELECT left('b' || gen_random_uuid()::text, 30), {listed}
    FROM orders_order WHERE id = {order.pk}
    RETURNING id \\gset placed_
WITH moved AS (
    UPDATE wallet_ledgeraccount SET balance = balance - 1 WHERE id = :wallet AND balance >= 1
    RETURNING balance
) INSERT INTO wallet_transfer (public_id, kind, debit_id, credit_id, currency, mode, amount,
    reference, balance_after, order_id, reason, request_id, created_at)
  SELECT left('t' || gen_random_uuid()::text, 30), 'hold', :wallet, {house}, 'IDR', 'live', 1,
    'bench:' || gen_random_uuid()::text, balance, :placed_id, '', '', now() FROM moved;
COMMIT;
"""


def _always(request: bytes) -> Callable[[int, int], bytes]:
    return lambda _connection, _number: request


def _customer(name: str, *, plan: str = "unlimited") -> User:
    user = create_user(email=f"{name}@bench.test", password=None, plan=plan)
    cast.give(user, 10**12)
    return user


def _key(user: User) -> str:
    _row, key = create_api_key(user=user, mode=Mode.LIVE)
    return key


def _wallet(user: User) -> int:
    return open_wallet(user=user, mode=Mode.LIVE).pk


def _bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def _middle(pairs: list[tuple[load.Load, load.Load]]) -> tuple[load.Load, load.Load]:
    """Return the pair with the median ratio."""
    ratio = median(first.per_second / second.per_second for first, second in pairs)
    return min(pairs, key=lambda pair: abs(pair[0].per_second / pair[1].per_second - ratio))


def measure_catalogue(_simulator: RemoteSimulator, size: int = catalogue.USUAL) -> Iterator[Row]:
    """Syncs, repricing and reads over so many offers."""
    return catalogue.measure(size)


# Some give several rows, and some can be told a size: `catalogue:100000`.
ALL: dict[str, Callable[..., Row | Iterator[Row]]] = {
    "poll": measure_poll,
    "order": measure_order,
    "hot-wallet": measure_hot_wallet,
    "supplier-poll": measure_supplier_poll,
    "catalogue": measure_catalogue,
    "webhooks": webhooks.measure_webhooks,
    "webhooks-crowd": webhooks.measure_crowd,
}
