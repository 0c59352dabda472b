"""The measurements; each returns one row of the table, or several."""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from statistics import median

from django.core.management import call_command
from django.db import connection

from accounts.actions import create_api_key, create_user
from accounts.models import Mode, User
from bench import admin, catalogue, live, load, one_list, polls, soak, stage, webhooks
from bench.table import Row
from orders.models import Order
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


def measure_handler(_simulator: RemoteSimulator) -> Row:
    """The handler door's getStatus against GET /order/{id}, of one waiting order."""
    user = _customer("handler")
    order = cast.buy(user)
    key = _key(user)
    connection.close()
    path = f"/stubs/handler_api.php?api_key={key}&action=getStatus&id={order.pk}"
    ours = load.request_bytes("GET", path)
    api = load.request_bytes("GET", f"/api/v1/order/{order.public_id}", headers=_bearer(key))
    pairs = []
    with stage.web() as port:
        for request in (ours, api):
            load.run(port, _always(request), connections=8, total=400)
        for _ in range(_ROUNDS):
            first = load.run(port, _always(ours), connections=8, total=4_000)
            second = load.run(port, _always(api), connections=8, total=4_000)
            assert first.failed + second.failed == 0
            pairs.append((first, second))
    first, second = _middle(pairs)
    note = (
        f"p50 {first.p50:.1f} ms, p99 {first.p99:.1f} ms;"
        f" GET /order/{{id}} {second.p50:.1f} and {second.p99:.1f}"
    )
    return Row("handler", first.per_second, second.per_second, "≥ 1.00", "requests/s", note)


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


# Minutes long, and no figure but a proof: only by name.
ON_REQUEST = {"soak", "admin"}
# Some give several rows, and some can be told a size: `catalogue:100000`.
ALL: dict[str, Callable[..., Row | Iterable[Row]]] = {
    "poll": measure_poll,
    "handler": measure_handler,
    "order": measure_order,
    "hot-wallet": measure_hot_wallet,
    "code-delay": polls.measure_delay,
    "supplier-poll": polls.measure_cycles,
    "catalogue": measure_catalogue,
    "one-list": one_list.measure_one_list,
    "soak": soak.measure_soak,
    "webhooks": webhooks.measure_webhooks,
    "webhooks-crowd": webhooks.measure_crowd,
    "admin": admin.measure,
    "live": live.measure_live,
}
