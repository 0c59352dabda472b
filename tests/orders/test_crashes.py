"""A process may die anywhere: the sweeps bring every order to its end, and the books agree."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.db import connection

from accounts.models import User
from catalog.models import Supplier
from orders.actions import SupplierUnavailable
from orders.models import Order, PurchaseAttempt
from orders.reports import audit_ledger
from orders.states import FINAL, AttemptState, Status
from suppliers.simulator.remote import RemoteSimulator
from tests import cast
from tests.orders.scenes import DIED
from tests.orders.sweeps import poll_all, sweep
from tests.orders.upstream import disagreements

pytestmark = pytest.mark.usefixtures("committed")

ROOT = Path(__file__).parents[2]
UNLOCKED = 130
EXPIRED = 20 * 60

PLACING = ["placed", "answered", "recording"]
REFUSED = ["refused", "failing", "failed"]
CLOSING = ["closing", "asked", "closed", "released", "ended"]
CODE_FIRST = ["closing", "asked", "closed", "captured"]
ORPHAN = ["closing", "asked", "ended upstream"]

Play = Callable[..., int]


@pytest.fixture(scope="module")
def stage(django_db_setup: None) -> Iterator["subprocess.Popen[str]"]:
    """A process with the shop loaded, on this session's database."""
    url = urlsplit(os.environ["DATABASE_URL"])
    database = str(connection.settings_dict["NAME"])
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.orders.scenes"],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": urlunsplit(url._replace(path=f"/{database}"))},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    yield process
    process.communicate(timeout=10)


@pytest.fixture
def play(stage: "subprocess.Popen[str]") -> Play:
    """Play a scene in a process that dies at a crash point; returns its exit status."""

    def play(point: str, scene: str, *arguments: Any) -> int:
        assert stage.stdin is not None
        assert stage.stdout is not None
        stage.stdin.write(json.dumps([point, scene, arguments]) + "\n")
        stage.stdin.flush()
        return int(stage.stdout.readline())

    return play


def recover(seconds: int = 0) -> None:
    """Let the leases of the dead run out, and sweep and poll as beat would."""
    for moment in range(seconds, seconds + 330, 65):
        sweep(moment)
        poll_all(moment)


def lost_purchase(user: User, simulator: RemoteSimulator) -> PurchaseAttempt:
    simulator.control(faults={"lose_answer": 1})
    with pytest.raises(SupplierUnavailable):
        cast.buy(user)
    simulator.control(faults={"lose_answer": 0})
    return PurchaseAttempt.objects.get()


def received(user: User, simulator: RemoteSimulator) -> Order:
    order = cast.buy(user)
    simulator.deliver(cast.attempt_of(order).reference, code="4711")
    poll_all()
    order.refresh_from_db()
    assert order.status == Status.RECEIVED
    return order


def books_agree(simulator: RemoteSimulator) -> bool:
    assert audit_ledger() == disagreements(simulator) == []
    return True


def test_every_crash_point_has_a_test() -> None:
    actions = (ROOT / "orders" / "actions").glob("*.py")
    points = {
        point
        for file in actions
        for point in re.findall(r'crash_point\("(.+?)"\)', file.read_text())
    }
    tested = {*PLACING, "recorded", *REFUSED, *CLOSING, *CODE_FIRST, *ORPHAN}
    tested |= {"finishing", "finishing upstream", "finished upstream", "resent"}

    assert points == tested
    assert len(points) > 15


@pytest.mark.parametrize("point", PLACING)
def test_cut_off_while_buying(
    play: Play, alice: User, simulator: RemoteSimulator, point: str
) -> None:
    assert play(point, "buy", alice.pk) == DIED
    assert cast.balance(alice) < 1_000_000

    recover()

    order = Order.objects.get()
    assert order.status == Status.FAILED
    assert cast.balance(alice) == 1_000_000
    bought = point != "placed"
    assert [each["state"] for each in simulator.activations()] == ["cancelled"] * bought
    assert cast.attempt_of(order).state == ("cancelled" if bought else "nothing")
    assert books_agree(simulator)


def test_cut_off_after_the_number_was_recorded(
    play: Play, alice: User, simulator: RemoteSimulator
) -> None:
    assert play("recorded", "buy", alice.pk) == DIED

    recover()

    order = Order.objects.get()
    assert order.status == Status.WAITING
    simulator.deliver(cast.attempt_of(order).reference)
    poll_all()
    order.refresh_from_db()
    assert order.status == Status.RECEIVED
    assert books_agree(simulator)


@pytest.mark.parametrize("point", REFUSED)
def test_cut_off_while_refused(
    play: Play, alice: User, simulator: RemoteSimulator, point: str
) -> None:
    simulator.control(stock=0)
    assert play(point, "buy", alice.pk) == DIED

    recover()

    assert Order.objects.get().status == Status.FAILED
    assert cast.balance(alice) == 1_000_000
    assert books_agree(simulator)


@pytest.mark.parametrize("point", ["failing", "failed"])
def test_cut_off_while_an_unknown_purchase_is_refunded(
    play: Play, alice: User, simulator: RemoteSimulator, point: str
) -> None:
    simulator.control(faults={"lose_answer": 1})
    assert play(point, "buy", alice.pk) == DIED
    simulator.control(faults={"lose_answer": 0})

    recover()

    assert Order.objects.get().status == Status.FAILED
    assert [each["state"] for each in simulator.activations()] == ["cancelled"]
    assert cast.balance(alice) == 1_000_000
    assert books_agree(simulator)


@pytest.mark.parametrize("point", CLOSING)
@pytest.mark.parametrize("ending", [Status.CANCELLED, Status.EXPIRED])
def test_cut_off_while_closing(
    play: Play, alice: User, simulator: RemoteSimulator, ending: Status, point: str
) -> None:
    order = cast.buy(alice)
    if ending == Status.CANCELLED:
        assert play(point, "cancel", order.pk, UNLOCKED) == DIED
        recover(UNLOCKED + 65)
    else:
        assert play(point, "advance", EXPIRED) == DIED
        recover(EXPIRED + 65)

    order.refresh_from_db()
    assert order.status == ending
    assert cast.balance(alice) == 1_000_000
    assert [each["state"] for each in simulator.activations()] == ["cancelled"]
    assert books_agree(simulator)


@pytest.mark.parametrize("point", CODE_FIRST)
def test_cut_off_while_a_code_outruns_the_cancel(
    play: Play, alice: User, simulator: RemoteSimulator, point: str
) -> None:
    order = cast.buy(alice)
    simulator.control(faults={"code_during_cancel": 1})
    assert play(point, "cancel", order.pk, UNLOCKED) == DIED

    recover(UNLOCKED + 65)

    order.refresh_from_db()
    assert order.status == Status.RECEIVED
    assert order.messages.count() == 1
    assert cast.balance(alice) == 1_000_000 - order.price
    assert books_agree(simulator)


def test_cut_off_while_a_code_is_stored(
    play: Play, alice: User, simulator: RemoteSimulator
) -> None:
    order = cast.buy(alice)
    simulator.deliver(cast.attempt_of(order).reference)
    assert play("captured", "poll") == DIED
    order.refresh_from_db()
    assert order.status == Status.WAITING

    recover(65)

    order.refresh_from_db()
    assert order.status == Status.RECEIVED
    assert order.messages.count() == 1
    assert books_agree(simulator)


def test_cut_off_while_finishing(play: Play, alice: User, simulator: RemoteSimulator) -> None:
    order = received(alice, simulator)
    assert play("finishing", "finish", order.pk) == DIED
    order.refresh_from_db()
    assert order.status == Status.RECEIVED

    recover(EXPIRED)

    assert cast.attempt_of(order).state == AttemptState.FINISHED
    assert books_agree(simulator)


@pytest.mark.parametrize("point", ["finishing upstream", "finished upstream"])
def test_cut_off_while_finishing_upstream(
    play: Play, alice: User, simulator: RemoteSimulator, point: str
) -> None:
    order = received(alice, simulator)
    assert play("nowhere", "finish", order.pk) == 0
    assert play(point, "settle", 1) == DIED

    recover(65)

    assert cast.attempt_of(order).state == AttemptState.FINISHED
    assert [each["state"] for each in simulator.activations()] == ["finished"]
    assert books_agree(simulator)


@pytest.mark.parametrize("point", ORPHAN)
@pytest.mark.parametrize("has_code", [False, True])
def test_cut_off_while_an_orphan_is_cancelled(
    play: Play, alice: User, simulator: RemoteSimulator, alpha: Supplier, has_code: bool, point: str
) -> None:
    attempt = lost_purchase(alice, simulator)
    if has_code:
        simulator.deliver(simulator.activations()[0]["id"])
    PurchaseAttempt.objects.update(
        state=AttemptState.ORPHANED, reference=simulator.activations()[0]["id"]
    )
    assert play(point, "settle", 11) == DIED

    recover(80)

    attempt.refresh_from_db()
    assert attempt.state == (AttemptState.LOST if has_code else AttemptState.CANCELLED)
    assert cast.balance(alice) == 1_000_000
    assert books_agree(simulator)


def test_cut_off_after_asking_for_another_code(
    play: Play, alice: User, simulator: RemoteSimulator
) -> None:
    """Nobody remembers having asked; another code is stored all the same."""
    order = received(alice, simulator)
    assert play("resent", "resend", order.pk) == DIED
    simulator.deliver(cast.attempt_of(order).reference, code="0815")

    poll_all()

    assert list(order.messages.values_list("code", flat=True)) == ["4711", "0815"]
    assert books_agree(simulator)


def test_no_order_stays_open_after_all(play: Play, alice: User, simulator: RemoteSimulator) -> None:
    for point in [*PLACING, "recorded"]:
        assert play(point, "buy", alice.pk) == DIED

    recover()
    recover(EXPIRED)

    assert set(Order.objects.values_list("status", flat=True)) <= FINAL
    assert cast.balance(alice) == 1_000_000
    assert books_agree(simulator)
