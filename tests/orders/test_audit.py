"""The audit proves the books; here each of its checks is proved to be able to fail."""

from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from accounts.models import User
from catalog.models import Supplier
from orders import reports
from orders.actions import poll_supplier, refund_order
from orders.models import Order
from suppliers.simulator.remote import RemoteSimulator
from tests import cast
from tests.wallet.top_ups import scenes
from wallet.actions import record_payment
from wallet.gateways.base import PaymentState, PaymentStatus
from wallet.models import Transfer

pytestmark = pytest.mark.usefixtures("committed")

# How to break the books so that exactly this check must notice. {open} and {received} are orders.
BREAKS = {
    "wallet balance differs from its transfers": (
        "UPDATE wallet_ledgeraccount SET balance = balance + 1 WHERE owner_id IS NOT NULL"
    ),
    "running balance of a wallet jumps": (
        "UPDATE wallet_transfer SET balance_after = balance_after + 1 WHERE kind = 'top_up'"
    ),
    "orders_in_progress differs from the prices of open orders (mode, ledger, orders)": (
        "UPDATE orders_order SET price = price + 1 WHERE id = {open}"
    ),
    "order without its hold": (
        "UPDATE wallet_transfer SET reference = 'hold:nobody' WHERE reference LIKE 'hold:%%'"
        " AND order_id = {received}"
    ),
    "order and its settlement disagree (order, status, settlement)": (
        "UPDATE orders_order SET status = 'cancelled', closed_at = now(), next_action_at = NULL"
        " WHERE id = {received}"
    ),
    "captured order and its cost disagree (order, attempts, costs)": (
        "DELETE FROM wallet_transfer WHERE kind = 'cost'"
    ),
    "refund shown and refund paid disagree": (
        "UPDATE orders_order SET refund_amount = price WHERE id = {open}"
    ),
    "transfer for an order that does not exist": (
        "UPDATE wallet_transfer SET order_id = 987654321 WHERE kind = 'cost'"
    ),
    "purchase that nobody will end (attempt, state, order's status)": (
        "UPDATE orders_purchaseattempt SET state = 'sent' WHERE order_id = {received}"
    ),
    "given back by the supplier and not by the books, or otherwise (attempt)": (
        "UPDATE orders_purchaseattempt SET returned_at = now() WHERE order_id = {received}"
    ),
    "stray purchase and its loss disagree": (
        "INSERT INTO orders_straypurchase (supplier_id, reference, phone_number, cost, currency,"
        " state, reason, found_at, settled_at) SELECT supplier_id, 'stray', '', 1, 'USD', 'lost',"
        " '', now(), now() FROM orders_purchaseattempt WHERE order_id = {received}"
    ),
    "supplier's top-up and its transfer disagree": (
        "INSERT INTO orders_suppliertopup (supplier_id, amount, currency, note, created_at)"
        " SELECT supplier_id, 1, 'USD', '', now() FROM orders_purchaseattempt"
        " WHERE order_id = {received}"
    ),
    "confirmed top-up and its credit disagree (top-up, state, credited, transferred)": (
        "UPDATE wallet_topup SET credited = credited + 1"
    ),
    "top-up credited that nobody asked for": (
        "UPDATE wallet_transfer SET reference = 'topup:tup_nobody'"
        " WHERE reference LIKE 'topup:tup%%'"
    ),
    "lost attempt and its loss disagree": (
        "UPDATE orders_purchaseattempt SET state = 'lost' WHERE order_id = {open}"
    ),
}


@pytest.fixture
def books(alice: User, alpha: Supplier, simulator: RemoteSimulator) -> dict[str, int]:
    """One order that waits, one that got its code, and a top-up that was credited."""
    top_up = scenes.started(alice, scenes.bank_method())
    paid = PaymentState(top_up.public_id, PaymentStatus.PAID, "IDR", top_up.amount)
    record_payment(top_up, paid, now=timezone.now())
    waiting, received = cast.buy(alice), cast.buy(alice)
    simulator.deliver(cast.attempt_of(received).reference, code="4711")
    poll_supplier(alpha, now=timezone.now())
    return {"open": waiting.pk, "received": received.pk}


def break_books(statement: str) -> None:
    """Change what only a superuser can: the guards of the ledger sleep meanwhile."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        try:
            cursor.execute(statement)
            assert cursor.rowcount, "nothing was broken"
        finally:
            cursor.execute("SET session_replication_role = origin")


def run_audit() -> tuple[int, list[str]]:
    out = StringIO()
    try:
        call_command("audit_ledger", stdout=out)
    except SystemExit as end:
        return int(str(end.code)), out.getvalue().splitlines()
    return 0, out.getvalue().splitlines()


def test_the_books_are_right(books: dict[str, int]) -> None:
    assert run_audit() == (0, [])


def test_the_books_are_right_after_a_refund(books: dict[str, int], staff: User) -> None:
    order = Order.objects.get(pk=books["received"])

    refund_order(order, by=staff, reason="code not accepted", now=timezone.now())

    assert run_audit() == (0, [])


def test_every_check_has_its_way_to_fail() -> None:
    assert set(BREAKS) == set(reports._CHECKS)


@pytest.mark.parametrize("check", BREAKS)
def test_a_check_finds_what_it_is_for(books: dict[str, int], check: str) -> None:
    break_books(BREAKS[check].replace("%%", "%").format(**books))

    status, findings = run_audit()

    assert status == 1
    assert any(finding.startswith(f"{check}: ") for finding in findings), findings


def test_a_lost_transfer_is_noticed(books: dict[str, int]) -> None:
    assert Transfer.objects.filter(kind="capture").exists()
    break_books("DELETE FROM wallet_transfer WHERE kind = 'capture'")

    status, findings = run_audit()

    assert status == 1
    assert len(findings) >= 2


def test_the_audit_leaves_the_connection_as_it_was(books: dict[str, int]) -> None:
    reports.audit_ledger()

    assert not connection.in_atomic_block
    with connection.cursor() as cursor:
        cursor.execute("SHOW transaction_isolation")
        assert cursor.fetchone() == ("read committed",)


@pytest.mark.parametrize(
    "break_it",
    [
        "DELETE FROM wallet_transfer WHERE reference LIKE 'topup:tup_%'",
        "UPDATE wallet_topup SET state = 'expired', credited = NULL",
        "UPDATE wallet_topup SET user_id = (SELECT id FROM accounts_user WHERE email LIKE 'bob%')",
        "UPDATE wallet_transfer SET kind = 'adjustment' WHERE reference LIKE 'topup:tup_%'",
    ],
)
def test_a_top_up_and_its_one_transfer_belong_together(
    books: dict[str, int], bob: User, break_it: str
) -> None:
    break_books(break_it)

    _status, findings = run_audit()

    assert any(finding.startswith("confirmed top-up and its credit") for finding in findings)
