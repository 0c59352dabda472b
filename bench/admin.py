"""The admin on a shop with a past: how long each page takes that staff opens every day.

`admin` alone is a million orders, five million transfers and two million offers; `admin:100000` is
so many orders, with twice as many offers.
The pages are asked for in this process, rendering included and the network not.
"""

import time
from collections.abc import Iterator
from datetime import timedelta
from statistics import median

from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.actions import create_user
from accounts.models import Plan, User
from bench.catalogue import COUNTRIES, make_services
from bench.table import Row
from catalog.actions import refresh_stale_availability, reprice_offers
from catalog.models import Offer, Supplier
from office.actions import fold_sums
from office.triggers import AUDITED
from orders.models import Order
from suppliers.simulator.remote import RemoteSimulator
from tests import cast
from wallet.models import LedgerAccount

USUAL = 1_000_000
_ROUNDS = 3
_SUPPLIERS = 10
_WRITES = 2_000
_AIM = 300
_BARE = "/admin/accounts/plan/"

_FILL = """
SET session_replication_role = replica;
CREATE TEMP TABLE people AS SELECT row_number() OVER (ORDER BY u.id) - 1 AS place, u.id AS user_id,
    w.id AS wallet_id
FROM accounts_user u JOIN wallet_ledgeraccount w ON w.owner_id = u.id
WHERE u.public_id LIKE 'acc\\_b%%';
CREATE UNIQUE INDEX ON people (place);
CREATE TEMP TABLE goods AS SELECT row_number() OVER () - 1 AS place, s.code AS service,
    c.code AS country FROM (SELECT code FROM catalog_service WHERE NOT is_test LIMIT 25) s
CROSS JOIN (SELECT code FROM catalog_country LIMIT 12) c;
CREATE UNIQUE INDEX ON goods (place);

-- Ninety days; seven of ten get a code, one of a thousand fails, the last few are open.
INSERT INTO orders_order (public_id, user_id, mode, status, service_id, country_id, provider,
    provider_code, price, currency, fingerprint, phone_number, can_resend, message_count,
    refund_amount, closing_as, closing_reason, failure, created_at, expires_at, received_at,
    closed_at, updated_at, version, next_action_at, lease_token)
SELECT 'ord_b' || lpad(n::text, 9, '0'), people.user_id, 'live',
    CASE WHEN n > %(size)s - 200 THEN 'waiting' WHEN n %% 1000 = 0 THEN 'failed'
        WHEN n %% 10 < 7 THEN 'success' WHEN n %% 10 = 7 THEN 'cancelled' ELSE 'expired' END,
    goods.service, goods.country, 'any', 'alpha', 1000 + n * 37 %% 9000, 'IDR', '',
    '+628' || lpad(n::text, 9, '0'), false, 0, 0, '', '', '', at, at + interval '20 minutes',
    CASE WHEN n <= %(size)s - 200 AND n %% 10 < 7 AND n %% 1000 <> 0
        THEN at + (n %% 300) * interval '1 second' END,
    CASE WHEN n <= %(size)s - 200 THEN at + interval '15 minutes' END, at, 4,
    CASE WHEN n > %(size)s - 200 THEN now() + interval '1 hour' END, 0
FROM (SELECT n, now() - (%(size)s - n) * (interval '90 days' / %(size)s) AS at
    FROM generate_series(1::bigint, %(size)s) n) AS numbered
JOIN people ON people.place = numbered.n * 7919 %% %(people)s
JOIN goods ON goods.place = numbered.n * 31 %% 300;

INSERT INTO orders_purchaseattempt (order_id, supplier_id, supplier_service, supplier_country,
    operator, reported_operator, state, cost, currency, reference, sent_at, answered_at, error,
    seen, look_count)
SELECT id, %(supplier)s, 'wa', '6', '', '',
    CASE WHEN status = 'waiting' THEN 'bought' WHEN status = 'success' THEN 'finished'
        WHEN status = 'failed' THEN CASE WHEN id %% 50000 = 0 THEN 'review' ELSE 'refused' END
        ELSE 'cancelled' END,
    500 + id %% 4000, 'USD', 'up-' || id, created_at, created_at, '', '', 0
FROM orders_order WHERE public_id LIKE 'ord\\_b%%';
"""

_TRANSFERS = """
INSERT INTO wallet_transfer (public_id, kind, debit_id, credit_id, currency, mode, amount,
    reference, balance_after, order_id, reason, request_id, created_at)
SELECT 'txn_' || kind || id, kind, CASE debit WHEN 0 THEN wallet_id ELSE debit END,
    CASE credit WHEN 0 THEN wallet_id ELSE credit END, currency, 'live',
    CASE currency WHEN 'IDR' THEN price ELSE 500 + id %% 4000 END, kind || ':' || public_id, 0, id,
    '', CASE kind WHEN 'hold' THEN 'req_b' || id ELSE '' END, at
FROM (
    SELECT o.id, o.public_id, o.price, people.wallet_id, moved.*,
        o.created_at + moved.late * interval '1 second' AS at
    FROM orders_order o JOIN people ON people.user_id = o.user_id
    CROSS JOIN LATERAL (VALUES
        ('hold', 0, %(progress)s, 'IDR', 0, true),
        ('capture', %(progress)s, %(revenue)s, 'IDR', 60, o.status = 'success'),
        ('cost', %(cost)s, %(prepaid)s, 'USD', 60, o.status = 'success'),
        ('release', %(progress)s, 0, 'IDR', 900, o.status IN ('cancelled', 'expired', 'failed')),
        ('top_up', %(clearing)s, 0, 'IDR', 1, true),
        ('promotion', %(promotions)s, 0, 'IDR', 2, true),
        ('adjustment', %(adjustments)s, 0, 'IDR', 3, o.id %% 3 = 0),
        ('refund', %(refunds)s, 0, 'IDR', 95, o.id %% 997 = 0)
    ) AS moved (kind, debit, credit, currency, late, is_made)
    WHERE o.public_id LIKE 'ord\\_b%%' AND moved.is_made
) AS made ORDER BY at;
SET session_replication_role = origin;
"""


_OFFERS = """
INSERT INTO catalog_offer (supplier_id, service_id, country_id, operator, supplier_service,
    supplier_country, cost, stock, delivered_count, ended_count, updated_at)
SELECT supplier.id, service.id, country.id, '', service.trade_code, country.code,
    500 + (supplier.id * 7 + service.id * 37 + country.id * 11) %% 4000,
    (service.id + country.id) %% 50, 0, 0, now()
FROM (SELECT id FROM catalog_supplier WHERE code LIKE 'bulk-%%') AS supplier
CROSS JOIN (SELECT id, trade_code FROM catalog_service WHERE NOT is_test ORDER BY id
    LIMIT %(services)s) AS service
CROSS JOIN (SELECT id, code FROM catalog_country ORDER BY id LIMIT %(countries)s) AS country;
"""


def measure(_simulator: RemoteSimulator, size: int = USUAL) -> Iterator[Row]:
    """Fill the tables, keep the sums, then open page after page."""
    _fill(size)
    _stock(2 * size)
    begun = time.perf_counter()
    while fold_sums(now=timezone.now()):
        pass
    seconds = time.perf_counter() - begun
    yield Row("keep sums", seconds, 1, "", "seconds", f"the first time, of {size:,} orders")
    yield from _audit()
    staff = create_user(email="staff@bench.test", password=None, is_staff=True)
    client = Client(SERVER_NAME="localhost")
    cast.give_second_step(staff)
    cast.sign_in(client, staff)
    # Templates are read and parsed before the clock runs.
    _get(client, _BARE)
    for name, address in _pages(size).items():
        yield _open(client, name, address)


def _pages(size: int) -> dict[str, str]:
    order = Order.objects.order_by("pk")[size // 2]
    owner = order.user.email
    supplier = Supplier.objects.get(code="alpha")
    offer = Offer.objects.filter(supplier__code="bulk-5").earliest("pk")
    return {
        "home": "/admin/",
        "orders": "/admin/orders/order/",
        "… page 200": "/admin/orders/order/?p=200",
        "… expired": "/admin/orders/order/?status__exact=expired",
        "… closing": "/admin/orders/order/?status__exact=closing",
        "… failed": "/admin/orders/order/?status__exact=failed",
        "… 30 days": f"/admin/orders/order/?created_at__gte={_days_ago(30)}T00:00Z",
        "… by phone": f"/admin/orders/order/?q=%2B{order.phone_number[1:]}",
        "… by number": f"/admin/orders/order/?q={order.public_id}",
        "… by e-mail": f"/admin/orders/order/?q={owner}",
        "… by request": f"/admin/orders/order/?q=req_b{order.pk}",
        "… by ref.": f"/admin/orders/order/?q=up-{order.pk}",
        "one order": f"/admin/orders/order/{order.pk}/change/",
        "purchases": "/admin/orders/purchaseattempt/",
        "… in review": "/admin/orders/purchaseattempt/?state__exact=review",
        "messages": "/admin/orders/ordermessage/",
        "transfers": "/admin/wallet/transfer/",
        "… refunds": "/admin/wallet/transfer/?kind__exact=refund",
        "… of an order": f"/admin/wallet/transfer/?order_id={order.pk}",
        "… by its request": f"/admin/wallet/transfer/?q=req_b{order.pk}",
        "wallets": "/admin/wallet/ledgeraccount/",
        "accounts": "/admin/accounts/user/",
        "… by its e-mail": f"/admin/accounts/user/?q={owner}",
        "… frozen": "/admin/accounts/user/?state=frozen",
        "one account": f"/admin/accounts/user/{order.user_id}/change/",
        "offers": "/admin/catalog/offer/",
        "offers, p. 200": "/admin/catalog/offer/?p=200",
        "… of one": f"/admin/catalog/offer/?supplier__id__exact={offer.supplier_id}",
        "… of a service": f"/admin/catalog/offer/?q={offer.service.name}",
        "… below the cost": "/admin/catalog/offer/?sale=below",
        "… blocked": "/admin/catalog/offer/?sale=blocked",
        "one offer": f"/admin/catalog/offer/{offer.pk}/change/",
        "rules": "/admin/catalog/pricingrule/",
        "services": "/admin/catalog/service/",
        "countries": "/admin/catalog/country/",
        "suppliers": "/admin/catalog/supplier/",
        "one supplier": f"/admin/catalog/supplier/{supplier.pk}/overview/",
        "… its success": f"/admin/catalog/supplier/{supplier.pk}/success/",
        "… its books": f"/admin/catalog/supplier/{supplier.pk}/books/",
        "syncs": "/admin/catalog/syncrun/",
        "audit": "/admin/office/auditentry/",
        "approvals": "/admin/office/approval/",
        "daily close": "/admin/office/bookscheck/close/",
        "profit, week": "/admin/office/bookscheck/profit/?by=service",
        "profit, 90 d": f"/admin/office/bookscheck/profit/?first={_days_ago(89)}",
    }


def _days_ago(days: int) -> str:
    return f"{timezone.now() - timedelta(days=days):%Y-%m-%d}"


def _open(client: Client, name: str, address: str) -> Row:
    print(f"  {name}: {address} …", flush=True)
    ours, bare = [], []
    for _round in range(_ROUNDS):
        ours.append(_get(client, address))
        bare.append(_get(client, _BARE))
    wall, cpu = (median(each[n] for each in ours) for n in (0, 1))
    note = f"{cpu:.0f} of them Python's; bare is a list of three rows"
    return Row(name, wall, median(each[0] for each in bare), f"≤ {_AIM}", "milliseconds", note)


def _get(client: Client, address: str) -> tuple[float, float]:
    """Return how many milliseconds a page took, and how many of this process's own time."""
    begun, worked = time.perf_counter(), time.process_time()
    answer = client.get(address, headers={"Accept-Language": "en"})
    took = (time.perf_counter() - begun) * 1000, (time.process_time() - worked) * 1000
    assert answer.status_code == 200, (address, answer.status_code)
    return took


def _audit() -> Iterator[Row]:
    """What audited tables cost those who write what is not noted, and what is."""
    supplier = Supplier.objects.get(code="alpha")
    lease = "UPDATE catalog_supplier SET poll_lease_until = clock_timestamp() WHERE id = %s"
    noted = "UPDATE catalog_supplier SET priority = priority + 1 WHERE id = %s"
    with_triggers = [_microseconds(statement, supplier.pk) for statement in (lease, noted)]
    tables = {each.table for each in AUDITED}
    _switch(tables, "DISABLE")
    bare = [_microseconds(statement, supplier.pk) for statement in (lease, noted)]
    _switch(tables, "ENABLE")
    unit = "microseconds"
    yield Row("a lease", with_triggers[0], bare[0], "", unit, "bare is without triggers")
    yield Row("a noted one", with_triggers[1], bare[1], "", unit, "bare is without triggers")


def _microseconds(statement: str, key: int) -> float:
    with connection.cursor() as cursor:
        begun = time.perf_counter()
        cursor.execute("BEGIN")
        for _each in range(_WRITES):
            cursor.execute(statement, [key])
        cursor.execute("ROLLBACK")
        return (time.perf_counter() - begun) / _WRITES * 1_000_000


def _switch(tables: set[str], how: str) -> None:
    with connection.cursor() as cursor:
        for table in sorted(tables):
            cursor.execute(f"ALTER TABLE {table} {how} TRIGGER USER")


def _fill(size: int) -> None:
    house = {
        f"{kind}": pk
        for kind, currency, pk in LedgerAccount.objects.filter(owner=None, mode="live").values_list(
            "kind", "currency", "pk"
        )
        if currency == ("USD" if kind in {"cost_of_sales", "supplier_prepaid"} else "IDR")
    }
    values = {
        "size": size,
        "people": max(size // 50, 100),
        "supplier": Supplier.objects.get(code="alpha").pk,
        "progress": house["orders_in_progress"],
        "revenue": house["sales_revenue"],
        "cost": house["cost_of_sales"],
        "prepaid": house["supplier_prepaid"],
        "clearing": house["payment_clearing"],
        "promotions": house["promotions"],
        "adjustments": house["adjustments"],
        "refunds": house["refunds"],
    }
    _take_on(values["people"])
    with connection.cursor() as cursor:
        for name, statements in (("orders", _FILL), ("transfers", _TRANSFERS)):
            print(f"  filling {name} …", flush=True)
            cursor.execute(statements, values)
        cursor.execute("SELECT count(*) FROM wallet_transfer")
        print(f"  {cursor.fetchone()[0]:,} transfers; vacuum …", flush=True)
        cursor.execute("VACUUM ANALYZE")


def _stock(size: int) -> None:
    """So many offers of ten suppliers, priced and summed up."""
    print(f"  filling {size:,} offers …", flush=True)
    services = max(size // COUNTRIES // _SUPPLIERS, 1)
    make_services(services)
    alpha = Supplier.objects.get(code="alpha")
    for number in range(1, _SUPPLIERS + 1):
        alpha.pk, alpha.code, alpha.name = None, f"bulk-{number}", f"Bulk {number}"
        alpha.save(force_insert=True)
    with connection.cursor() as cursor:
        cursor.execute(_OFFERS, {"services": services, "countries": COUNTRIES})
    while not reprice_offers(now=timezone.now(), within=60).is_complete:
        pass
    refresh_stale_availability(now=timezone.now())
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def _take_on(count: int) -> None:
    """So many customers, each with a wallet."""
    plan = Plan.objects.earliest("pk")
    people = User.objects.bulk_create(
        User(public_id=f"acc_b{n}", email=f"buyer{n}@bench.test", plan=plan) for n in range(count)
    )
    LedgerAccount.objects.bulk_create(
        LedgerAccount(
            owner=user, kind="wallet", currency="IDR", mode="live", guarded=True, balance=100_000
        )
        for user in people
    )
