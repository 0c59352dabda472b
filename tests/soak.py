"""Many orders over every supplier while everything goes wrong now and then, and the reckoning.

Customers buy, cancel, complain, ask for another code and finish; pollers and sweeps run beside them
as they do in the shop. When all have gone the faults end and time passes, until every order is
final. Then each purchase that a supplier knows of must belong to an order, be given back, or be
booked.
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

from django.db import connection
from django.utils import timezone

from accounts.models import Mode, User
from catalog.models import Country, Service, Supplier
from nexotp.lib.errors import Problem
from orders.actions import (
    OrderRequest,
    advance_due_orders,
    cancel_order,
    finish_order,
    place_order,
    poll_supplier,
    reconcile_history,
    report_number,
    resend_code,
    settle_due_attempts,
    settle_unknown_attempts,
)
from orders.models import Order, PurchaseAttempt, StrayPurchase
from orders.reports import audit_ledger
from orders.states import CAPTURED, FINAL, AttemptState
from suppliers.base import SupplierError
from suppliers.simulator.catalogue import Catalogue
from suppliers.simulator.remote import RemoteSimulator
from suppliers.simulator.server import running
from suppliers.simulator.settings import FAULTS
from tests import cast
from tests.orders.sellers import open_supplier
from tests.orders.sweeps import HOURS, later

PROTOCOLS = ("smsactivate", "herosms", "fivesim", "smspool", "grizzlysms", "smsbower", "smshub")
GOODS = [(service, country) for service in ("whatsapp", "telegram") for country in ("id", "gb")]

WEATHER = {
    "latency_ms": 3,
    "code_after_s": 1,
    "code_rate": 0.7,
    "cancel_lock_s": 0,
    "lifetime_s": 45,
    "ban_s": 3,
    "stock": 100_000,
    "balance": 100_000,
    "faults": {
        "outage": 0.01,
        "outage_503": 0.01,
        "too_fast": 0.01,
        "html": 0.005,
        "empty": 0.005,
        "lose_answer": 0.02,
        "no_stock": 0.05,
        "banned": 0.002,
        "price_moved": 0.01,
        "wrong_price": 0.01,
        "late_code": 0.02,
        "refunded": 0.02,
        "duplicate_message": 0.05,
        "early_cancel": 0.05,
        "code_during_cancel": 0.05,
        "lying_cancel": 0.02,
        "no_activation": 0.01,
        "missing_from_list": 0.05,
    },
}
FAIR = {"latency_ms": 0, "code_rate": 0, "faults": dict.fromkeys(FAULTS, 0)}
# As long as a real shop's are in minutes.
SETTINGS: dict[str, Any] = {
    "ORDER_LEASE_SECONDS": 30,
    "UNKNOWN_PURCHASE_LOOKS": [2, 2, 4, 8],
    "CLOSING_LIMIT_SECONDS": 30,
}
_CUSTOMERS = 8
_GIVEN_BACK = {"cancelled", "timed_out", "banned", "refunded"}


@dataclass
class Soak:
    """What is running, and what it came to."""

    simulators: dict[str, RemoteSimulator]
    began_at: Any = field(default_factory=timezone.now)
    answers: Counter[str] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)

    @property
    def suppliers(self) -> list[Supplier]:
        return list(Supplier.objects.filter(code__in=self.simulators).order_by("pk"))


@contextmanager
def soaking(seed: int = 0) -> Iterator[Soak]:
    """One simulated supplier of each protocol, selling the same goods to the shop."""
    with ExitStack() as stack:
        simulators = {}
        for protocol in PROTOCOLS:
            catalogue = Catalogue(seed, services=12, countries=4)
            simulator = stack.enter_context(running(protocol, seed=seed, catalogue=catalogue))
            code = f"soak-{protocol}"
            simulators[code] = simulator
            open_supplier(code, protocol, simulator, goods=GOODS)
        others = Supplier.objects.filter(mode=Mode.LIVE).exclude(code__in=simulators)
        enabled = list(others.filter(is_enabled=True).values_list("pk", flat=True))
        others.update(is_enabled=False)
        try:
            yield Soak(simulators)
        finally:
            Supplier.objects.filter(pk__in=enabled).update(is_enabled=True)


def run(soak: Soak, *, orders: int, customers: list[User], patience: float) -> None:
    """Place so many orders in bad weather, let everything end, and write down what is wrong."""
    for simulator in soak.simulators.values():
        simulator.control(**WEATHER)
    stop = threading.Event()
    helpers = [_repeat(work, stop) for work in _periodic(soak)]
    buyers = [
        threading.Thread(target=_buy, args=(soak, user, orders, number))
        for number, user in enumerate(customers * (_CUSTOMERS // len(customers)))
    ]
    for thread in buyers:
        thread.start()
    for thread in buyers:
        thread.join()
    # A while for codes that are on their way.
    time.sleep(3)
    stop.set()
    for thread in helpers:
        thread.join()
    for simulator in soak.simulators.values():
        simulator.control(**FAIR)
    _let_time_pass(soak, patience=patience)
    soak.findings += _findings(soak)


def _periodic(soak: Soak) -> list[Callable[[], object]]:
    def poll(supplier: Supplier) -> Callable[[], object]:
        def work() -> None:
            supplier.refresh_from_db()
            poll_supplier(supplier, now=timezone.now())
            settle_unknown_attempts(supplier, now=timezone.now())

        return work

    return [
        *(poll(supplier) for supplier in soak.suppliers),
        lambda: advance_due_orders(now=timezone.now()),
        lambda: settle_due_attempts(now=timezone.now()),
    ]


def _repeat(work: Callable[[], object], stop: threading.Event) -> threading.Thread:
    def repeat() -> None:
        try:
            while not stop.wait(0.5):
                work()
        finally:
            connection.close()

    thread = threading.Thread(target=repeat)
    thread.start()
    return thread


def _buy(soak: Soak, user: User, orders: int, number: int) -> None:
    draw = random.Random(number)
    goods = [
        OrderRequest(
            service=Service.objects.get(code=service),
            country=Country.objects.get(code=country),
            best_delivery=best,
        )
        for service, country in GOODS
        for best in (False, True)
    ]
    mine: list[Order] = []
    try:
        while Order.objects.count() < orders:
            for _ in range(5):
                placed = _attempt(
                    soak,
                    "order",
                    lambda: (
                        place_order(
                            draw.choice(goods), user=user, mode=Mode.LIVE, now=timezone.now()
                        ).order
                    ),
                )
                mine += [placed] if placed else []
            if mine and draw.random() < 0.5:
                order = mine.pop(draw.randrange(len(mine)))
                if draw.random() < 0.2:
                    report = partial(report_number, order, by=user, now=later(130))
                    _attempt(soak, "report", report)
                else:
                    cancel = partial(cancel_order, order, by=user, reason="", now=later(130))
                    _attempt(soak, "cancel", cancel)
            if mine and draw.random() < 0.3:
                again = partial(resend_code, draw.choice(mine[:20]), now=timezone.now())
                _attempt(soak, "resend", again)
            if mine and draw.random() < 0.5:
                order = mine.pop(0)
                _attempt(soak, "finish", partial(finish_order, order, by=user, now=timezone.now()))
    finally:
        connection.close()


def _attempt(soak: Soak, what: str, act: Callable[[], Any]) -> Any:
    try:
        done = act()
    except Problem as problem:
        soak.answers[f"{what} {problem.code}"] += 1
        if problem.code == "no_numbers":
            time.sleep(0.05)
        return None
    soak.answers[what] += 1
    return done


def _unfinished() -> int:
    orders = Order.objects.exclude(status__in=FINAL).count()
    loose = [AttemptState.SENT, AttemptState.UNKNOWN, AttemptState.ORPHANED, AttemptState.BOUGHT]
    return orders + PurchaseAttempt.objects.filter(state__in=loose).count()


def _let_time_pass(soak: Soak, *, patience: float) -> None:
    """Sweep at later and later times, which for the shop are hours, until nothing is open."""
    ends_at, moment = time.monotonic() + patience, 60.0
    while time.monotonic() < ends_at:
        cast.forgive_suppliers()
        Supplier.objects.update(poll_lease_until=None, poll_failure_count=0)
        _sweep_all(soak, moment)
        if not _unfinished():
            _reconcile(soak)
            _sweep_all(soak, moment)
            if not _unfinished():
                return
        moment = min(moment * 1.5, HOURS)
    soak.findings.append(f"{_unfinished()} orders and purchases have not ended")


def _sweep_all(soak: Soak, moment: float) -> None:
    for supplier in soak.suppliers:
        poll_supplier(supplier, now=later(moment))
        settle_unknown_attempts(supplier, now=later(moment))
    while advance_due_orders(now=later(moment)):
        pass
    while settle_due_attempts(now=later(moment)):
        pass


def _reconcile(soak: Soak) -> None:
    now = timezone.now()
    for supplier in soak.suppliers:
        try:
            found = reconcile_history(
                supplier,
                since=soak.began_at - timedelta(minutes=5),
                until=now + timedelta(minutes=5),
                now=now,
            )
        except SupplierError as failure:
            soak.findings.append(f"{supplier}: history not read: {failure}")
        else:
            soak.answers.update({f"history: {name}": count for name, count in found.items()})


def _findings(soak: Soak) -> list[str]:
    wrong = audit_ledger()
    for supplier in soak.suppliers:
        wrong += _unmatched(supplier, soak.simulators[supplier.code])
    statuses = Counter(Order.objects.values_list("status", flat=True))
    states = Counter(PurchaseAttempt.objects.values_list("state", flat=True))
    soak.answers.update({f"status: {name}": count for name, count in statuses.items()})
    soak.answers.update({f"purchase: {name}": count for name, count in states.items()})
    return wrong


def _unmatched(supplier: Supplier, simulator: RemoteSimulator) -> list[str]:
    """Return every purchase of a supplier that has no answer in our books."""
    mine = PurchaseAttempt.objects.filter(supplier=supplier)
    owners = {each.reference: each for each in mine.exclude(reference="").select_related("order")}
    strays = set(
        StrayPurchase.objects.filter(supplier=supplier).values_list("reference", flat=True)
    )
    client = supplier.client()
    # What nobody can look for is left to a person, one line for each.
    for_a_person = mine.filter(state=AttemptState.REVIEW, reference="").count()
    wrong = []
    for number in simulator.activations():
        owner, is_given_back = owners.get(number["id"]), number["state"] in _GIVEN_BACK
        if owner is None:
            fits = is_given_back or number["id"] in strays
            if not fits and for_a_person and not client.has_active_list:
                for_a_person -= 1
                fits = True
        elif owner.order.status in CAPTURED and owner.state != AttemptState.LOST:
            is_returned = owner.returned_at is not None
            # A code sent again costs nothing, so nothing of it can come back.
            is_moot = not owner.cost or not client.has_history
            fits = is_given_back == is_returned or (is_given_back and is_moot)
        elif owner.state == AttemptState.LOST:
            fits = True
        elif owner.state == AttemptState.REVIEW:
            # Closed before we asked, and it never says how: a person is to look.
            fits = not client.has_history
        else:
            fits = is_given_back and owner.state == AttemptState.CANCELLED
        if not fits:
            ours = f"{owner.state}, order {owner.order.status}" if owner else "nobody's"
            wrong.append(f"{supplier} {number['id']}: {number['state']}, ours {ours}")
    return wrong
