"""What our money at suppliers should be, how long it lasts, and who is told."""

from datetime import timedelta

import pytest
from django.core import mail
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from accounts.models import User
from catalog.actions import refresh_balance
from catalog.models import Supplier
from orders.actions import (
    SupplierUnavailable,
    compare_balances,
    poll_supplier,
    record_supplier_top_up,
    watch_floats,
)
from orders.actions.floats import expected_balance
from orders.models import SupplierTopUp
from orders.reports import audit_ledger
from suppliers.simulator.remote import RemoteSimulator
from tests import cast
from tests.orders.sweeps import HOURS, later, sweep, sweep_up_to
from tests.together import all_at_once
from wallet.models import Transfer

pytestmark = pytest.mark.usefixtures("committed")


def top_up(supplier: Supplier, amount: int) -> None:
    record_supplier_top_up(supplier, amount=amount, by=None, note="", now=timezone.now())


def set_balance(supplier: Supplier, balance: int) -> None:
    Supplier.objects.filter(pk=supplier.pk).update(balance=balance, balance_at=timezone.now())


@pytest.fixture
def opened(alpha: Supplier, simulator: RemoteSimulator) -> Supplier:
    """Alpha, with its opening balance in our books."""
    refresh_balance(alpha, now=timezone.now())
    alpha.refresh_from_db()
    top_up(alpha, alpha.balance or 0)
    return alpha


def test_the_balance_is_what_the_books_say(
    alice: User, opened: Supplier, simulator: RemoteSimulator
) -> None:
    """After a code, an expiry, an open order and a lost purchase that was found."""
    received, _expired = cast.buy(alice), cast.buy(alice)
    simulator.deliver(cast.attempt_of(received).reference)
    poll_supplier(opened, now=timezone.now())
    sweep(HOURS)
    sweep(HOURS)
    simulator.control(faults={"lose_answer": 1})
    with pytest.raises(SupplierUnavailable):
        cast.buy(alice)
    simulator.control(faults={"lose_answer": 0})
    sweep_up_to(200)
    cast.buy(alice)

    refresh_balance(opened, now=timezone.now())

    opened.refresh_from_db()
    assert opened.balance == expected_balance(opened)
    assert compare_balances(now=timezone.now()) == []
    opened.refresh_from_db()
    assert opened.drift == 0
    assert audit_ledger() == []


def test_staff_is_told_once_of_a_balance_that_is_off(
    opened: Supplier, staff: User, simulator: RemoteSimulator
) -> None:
    set_balance(opened, (opened.balance or 0) * 9 // 10)

    all_at_once(lambda _: compare_balances(now=timezone.now()), count=4)
    compare_balances(now=timezone.now())

    opened.refresh_from_db()
    assert opened.drift is not None
    assert opened.drift < 0
    (told,) = mail.outbox
    assert told.to == [staff.email]
    assert "alpha" in told.body


def test_a_supplier_without_books_is_not_compared(alpha: Supplier, staff: User) -> None:
    set_balance(alpha, 1)

    assert compare_balances(now=timezone.now()) == []


def test_a_low_float_is_told_once_each_time_it_falls(
    alice: User, alpha: Supplier, staff: User, simulator: RemoteSimulator
) -> None:
    cost = sum(cast.attempt_of(cast.buy(alice)).cost for _ in range(3))

    def hours_with(balance: int) -> int | None:
        set_balance(alpha, balance)
        watch_floats(now=timezone.now())
        alpha.refresh_from_db()
        return alpha.hours_left

    assert hours_with(cost * 2) == 48
    assert mail.outbox == []
    assert hours_with(cost // 2) in {11, 12}
    assert hours_with(cost // 3) in {7, 8}
    assert len(mail.outbox) == 1
    assert hours_with(cost + cost // 20) == 25
    assert hours_with(cost // 2) in {11, 12}
    assert len(mail.outbox) == 1
    assert hours_with(cost * 2) == 48
    assert hours_with(cost // 2) in {11, 12}
    assert len(mail.outbox) == 2


def test_nothing_spent_lasts_for_ever(alpha: Supplier, staff: User) -> None:
    set_balance(alpha, 1)

    assert watch_floats(now=timezone.now()) == []

    alpha.refresh_from_db()
    assert alpha.hours_left is None


def test_a_balance_read_long_ago_alerts_nobody(
    alice: User, alpha: Supplier, staff: User, simulator: RemoteSimulator
) -> None:
    cast.buy(alice)
    Supplier.objects.filter(pk=alpha.pk).update(balance=0, balance_at=later(-3600))

    assert watch_floats(now=timezone.now()) == []


def test_a_top_up_is_in_the_ledger(alpha: Supplier, committed: None) -> None:
    call_command("record_supplier_top_up", "alpha", "12.5", "--note", "card")

    paid = SupplierTopUp.objects.get()
    transfer = Transfer.objects.get(reference=f"prepay:{paid.pk}")
    assert (paid.amount, transfer.amount, transfer.currency) == (125_000, 125_000, "USD")
    assert (transfer.debit.kind, transfer.credit.kind) == ("supplier_prepaid", "bank")
    assert audit_ledger() == []


def test_staff_records_one_in_the_admin(alpha: Supplier) -> None:
    root = cast.open_account("root", is_staff=True)
    User.objects.filter(pk=root.pk).update(is_superuser=True)
    browser = Client()
    browser.force_login(root)

    answer = browser.post(
        "/admin/orders/suppliertopup/add/",
        {"supplier": alpha.pk, "amount": "20", "note": "crypto"},
    )

    assert answer.status_code == 302
    paid = SupplierTopUp.objects.get()
    assert (paid.amount, paid.by) == (200_000, root)
    assert timezone.now() - paid.created_at < timedelta(minutes=1)
    assert audit_ledger() == []
