"""Five thousand orders over every supplier in bad weather, and whether the books agree after it."""

import time

from django.conf import settings

from accounts.actions import create_user
from bench.table import Row
from orders.models import Order
from suppliers.simulator.remote import RemoteSimulator
from tests import cast, soak

_ORDERS = 5_000
_PATIENCE_SECONDS = 900


def measure_soak(_simulator: RemoteSimulator) -> Row:
    """Fails unless every order is final and every upstream purchase has its answer."""
    for name, value in soak.SETTINGS.items():
        setattr(settings, name, value)
    customers = [
        create_user(email=f"soak{number}@bench.test", password=None, plan="unlimited")
        for number in range(8)
    ]
    for customer in customers:
        cast.give(customer, 10**12)
    before = Order.objects.count()
    begun = time.perf_counter()
    with soak.soaking() as running:
        soak.run(running, orders=before + _ORDERS, customers=customers, patience=_PATIENCE_SECONDS)
    took = time.perf_counter() - begun
    for what, count in sorted(running.answers.items()):
        print(f"  {what:44}{count:>7}")
    for finding in running.findings:
        print(f"  WRONG: {finding}")
    assert not running.findings, f"{len(running.findings)} findings"
    placed = Order.objects.count() - before
    note = f"{placed} orders at {len(running.simulators)} suppliers in {took:.0f} s, none astray"
    return Row("soak", placed / took, placed / took, "", "orders/s", note)
