"""The catalogue at scale: how long a sync takes and what it needs, and what reading costs then.

`catalogue` alone is two million offers; `catalogue:100000` is so many.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from accounts.actions import create_api_key, create_user
from accounts.models import Mode
from bench import load, stage
from bench.table import Row
from catalog import previewing
from catalog.actions import reprice_offers, sync_catalogue
from catalog.actions.spooling import spooled
from catalog.models import Country, Offer, PricingRule, Service, Supplier, SyncRun
from suppliers import registry
from suppliers.base import Credentials, Goods, Listing, NamedCode
from suppliers.sandbox import Sandbox

USUAL = 2_000_000
_SUPPLIERS = 10
COUNTRIES = 200
_CHANGED_ONE_IN = 100
_CALLS = 600
_CONNECTIONS = 2


class Bulk(Sandbox):
    """A supplier whose price list is made up line by line, and never in memory as a whole."""

    vocabulary = "smsactivate"
    turn = 0

    def __init__(self, credentials: Credentials) -> None:
        super().__init__(credentials)
        self.size = int(credentials.options["size"])
        self.number = int(credentials.options["number"])

    def services(self) -> list[NamedCode]:
        rows = bench_services().values_list("trade_code", "name")
        return [NamedCode(code, name) for code, name in rows]

    def countries(self) -> list[NamedCode]:
        rows = bench_countries().values_list("trade_id", "name_en")
        return [NamedCode(str(code), name) for code, name in rows]

    def listings(self) -> Iterator[Listing]:
        services = [each.code for each in self.services()][: self.size // COUNTRIES]
        countries = [each.code for each in self.countries()]
        connection.close()
        line = self.number * 7
        for country in countries:
            for service in services:
                line += 1
                moved = self.turn if line % _CHANGED_ONE_IN == 0 else 0
                yield Listing(Goods(service, country), 500 + line * 37 % 9_000 + moved, 5 + moved)


def measure(size: int) -> Iterator[Row]:
    """Sync three times, reprice twice, then read."""
    with _suppliers(size) as suppliers:
        bare = _bare_copy(suppliers)
        yield _syncs("first sync", suppliers, size, bare, aim="≤ 5 min")
        Bulk.turn = 1
        yield _syncs("1 % changed", suppliers, size, bare, aim="≤ 2 min")
        yield _syncs("unchanged", suppliers, size, bare, aim="≤ 2 min")
        yield from _reprices(bare)
        yield from _previews()
        yield from _reads()


def _syncs(name: str, suppliers: list[Supplier], size: int, bare: float, *, aim: str) -> Row:
    print(f"  {name}: {size:,} lines of {len(suppliers)} suppliers …", flush=True)
    begun = time.perf_counter()
    runs: list[SyncRun] = [sync_catalogue(each, now=timezone.now()) for each in suppliers]
    seconds = time.perf_counter() - begun
    memory = max(run.peak_memory or 0 for run in runs) // 2**20
    written = sum(run.written_count for run in runs)
    note = f"{written:,} offers written, {memory} MB at most; bare is COPY of the same lines"
    return Row(name, seconds, bare, aim, "seconds", note)


def _bare_copy(suppliers: list[Supplier]) -> float:
    """Return how long the same lines take into a table without anything around it."""
    print("  bare: COPY of all lines …", flush=True)
    seconds = 0.0
    columns = "service text, country text, operator text, cost bigint, stock integer"
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE bench_copy ({columns})")
    for supplier in suppliers:
        lines = supplier.client().listings()
        with spooled(lines, look=lambda _count: None) as spool, connection.cursor() as cursor:
            begun = time.perf_counter()
            spool.copy_to(cursor, "COPY bench_copy FROM STDIN")
            seconds += time.perf_counter() - begun
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE bench_copy")
    return seconds


def _reprices(bare: float) -> Iterator[Row]:
    print("  repricing …", flush=True)
    PricingRule.objects.create(markup_percent=77, floor=1, rounding=1)
    begun = time.perf_counter()
    changed = reprice_offers(now=timezone.now()).changed
    note = f"{changed:,} prices written, in chunks"
    yield Row("every price", time.perf_counter() - begun, bare, "≤ 3 min", "seconds", note)
    begun = time.perf_counter()
    assert reprice_offers(now=timezone.now()).changed == 0
    note = "what the tick of every ten seconds costs"
    yield Row("no price", (time.perf_counter() - begun) * 1000, 1, "≤ 100", "milliseconds", note)
    with connection.cursor() as cursor:
        print("  vacuum, as autovacuum would within a minute …", flush=True)
        cursor.execute("VACUUM ANALYZE catalog_offer")


def _previews() -> Iterator[Row]:
    """What staff waits for while typing in a rule, beside one pass over all offers."""
    print("  previews …", flush=True)
    begun = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute("SELECT sum(cost), sum(price), sum(stock) FROM catalog_offer")
    bare = time.perf_counter() - begun
    goods = {
        "preview, all": {},
        "preview, one service": {"service": Service.objects.filter(is_test=False).first()},
    }
    for name, scope in goods.items():
        wished = PricingRule(markup_percent=88, rounding=100, **scope)
        now = timezone.now()
        begun = time.perf_counter()
        change = previewing.change_by(wished, now=now)
        effect = previewing.effect_on_offers(change, now=now)
        note = f"{effect.reached:,} offers, {effect.share:.0%} priced; bare sums up all offers"
        yield Row(name, time.perf_counter() - begun, bare, "≤ 3 s", "seconds", note)


def _reads() -> Iterator[Row]:
    user = create_user(email="reader@bench.test", password=None, plan="unlimited")
    _row, key = create_api_key(user=user, mode=Mode.LIVE)
    offer = Offer.objects.filter(supplier__code="bulk-1").order_by("pk")[1_000]
    service, country = offer.service.code, offer.country.code
    bare_path = f"/bare/offer/{offer.service_id}/{offer.country_id}"
    connection.close()
    paths = [
        "/services",
        f"/services?country={country}",
        "/countries",
        f"/countries?service={service}",
        "/providers",
        f"/providers?service={service}&country={country}",
        f"/price?service={service}&country={country}",
    ]
    with stage.web() as port, stage.web("bench.bare_settings") as bare_port:
        bare = _load(bare_port, bare_path, "")
        for path in paths:
            print(f"  GET {path} …", flush=True)
            ours = _load(port, f"/api/v1{path}", key)
            assert not ours.failed, f"{ours.failed} calls failed"
            note = (
                f"p99 {ours.p99:.1f} ms, {ours.p99 / bare.p99:.1f} times the bare {bare.p99:.1f};"
                f" p50 of {path.partition('&')[0]}; bare is one indexed SELECT and its JSON"
            )
            name = path.partition("?")[0].lstrip("/")
            yield Row(name, ours.p50, bare.p50, "", "milliseconds", note)


def _load(port: int, path: str, key: str) -> load.Load:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    request = load.request_bytes("GET", path, headers=headers)

    def make(_connection: int, _number: int) -> bytes:
        return request

    load.run(port, make, connections=_CONNECTIONS, total=100)
    return load.run(port, make, connections=_CONNECTIONS, total=_CALLS)


@contextmanager
def _suppliers(size: int) -> Iterator[list[Supplier]]:
    """So many suppliers with equal shares, and as many services as that takes."""
    share = size // _SUPPLIERS
    make_services(share // COUNTRIES)
    protocol = registry.PROTOCOLS["smsactivate"]
    registry.PROTOCOLS["smsactivate"] = Bulk
    try:
        yield [
            Supplier.objects.create(
                code=f"bulk-{number}",
                name="Bulk",
                protocol="smsactivate",
                options={"size": str(share), "number": str(number)},
            )
            for number in range(1, _SUPPLIERS + 1)
        ]
    finally:
        registry.PROTOCOLS["smsactivate"] = protocol


def make_services(count: int) -> None:
    """Have so many services."""
    missing = count - Service.objects.filter(is_test=False).count()
    Service.objects.bulk_create(
        Service(code=f"bench-{n}", trade_code=f"bn{n}", name=f"Bench {n}", category="other")
        for n in range(missing)
    )


def bench_services() -> QuerySet[Service]:
    return Service.objects.filter(is_test=False).order_by("pk")


def bench_countries() -> QuerySet[Country]:
    return Country.objects.order_by("pk")[:COUNTRIES]
